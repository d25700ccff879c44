-- The trace of the call that an entry is about. Entries of before have none, and their lines stay as they are.
ALTER TABLE audit ADD COLUMN trace BLOB;

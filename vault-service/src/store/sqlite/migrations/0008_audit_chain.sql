-- Every entry has the SHA-256 of its line, which covers the hash of the entry before; a checkpoint has
-- a signature of its hash, too. Entries of before are chained when the file is opened.
ALTER TABLE audit ADD COLUMN hash BLOB;
ALTER TABLE audit ADD COLUMN signature BLOB;

-- What a grant is narrowed to, a line for each kind or secret; NULL for all of the group.
ALTER TABLE access_grant ADD COLUMN reach TEXT;

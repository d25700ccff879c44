-- What CRL distributors publish: verified, reduced, and public, so not sealed.
CREATE TABLE published_lists (
    distributor  BLOB PRIMARY KEY REFERENCES secret (id),
    edition      INTEGER NOT NULL CHECK (edition > 0),
    lists        BLOB NOT NULL,
    published_at INTEGER NOT NULL,
    published_by TEXT NOT NULL
) STRICT;

-- How far the fetching of CRL distributors' lists has come.
CREATE TABLE crl_fetch (
    distributor   BLOB PRIMARY KEY REFERENCES secret (id),
    revision      INTEGER NOT NULL CHECK (revision > 0),
    next_at       INTEGER NOT NULL,
    claimed_until INTEGER,
    progress      TEXT NOT NULL
) STRICT;

-- The service looks for them often.
CREATE INDEX live_crl_distributor ON secret (secret_group)
    WHERE collection = 'crlDistributorConfigs' AND deleted_at IS NULL;

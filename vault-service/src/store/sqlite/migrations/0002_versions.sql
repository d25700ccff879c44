-- Labels of versions. `newest` never goes back, so that no number is given twice.
ALTER TABLE secret ADD COLUMN previous INTEGER CHECK (previous > 0);
ALTER TABLE secret ADD COLUMN pending INTEGER CHECK (pending > 0);
ALTER TABLE secret ADD COLUMN newest INTEGER NOT NULL DEFAULT 1 CHECK (newest > 0);

-- Until now the previous version was the one before, and a tombstone had none.
UPDATE secret SET
    newest = current,
    previous = (SELECT number FROM version
                WHERE version.secret = secret.id AND version.number = secret.current - 1);

CREATE INDEX version_reference_by_target ON version_reference (target);
CREATE INDEX version_by_expiration_date ON version (expiration_date) WHERE expiration_date IS NOT NULL;

-- An edit session: one per group. The holder is no foreign key: a session outlives its holder and is
-- then cancelled by who manages the group.
CREATE TABLE edit_session (
    secret_group BLOB PRIMARY KEY REFERENCES secret_group (id),
    holder       BLOB NOT NULL,
    holder_name  TEXT NOT NULL,
    opened_at    INTEGER NOT NULL,
    revision     INTEGER NOT NULL
) STRICT;

-- What a session will do, one row per secret; the secret itself is not there yet when it is created.
-- `refers_to` is ids, one after the other: they may be of secrets that are staged, too.
CREATE TABLE staged_change (
    secret_group    BLOB NOT NULL REFERENCES edit_session (secret_group) ON DELETE CASCADE,
    secret          BLOB NOT NULL CHECK (length(secret) = 16),
    collection      TEXT NOT NULL,
    name            TEXT NOT NULL,
    step            INTEGER NOT NULL,
    staged_at       INTEGER NOT NULL,
    action          TEXT NOT NULL CHECK (action IN ('create', 'replace', 'update', 'delete')),
    expiration_date TEXT,
    number          INTEGER,
    metadata        TEXT,
    refers_to       BLOB CHECK (length(refers_to) % 16 = 0),
    created_at      INTEGER,
    created_by      TEXT,
    envelope        BLOB,
    PRIMARY KEY (secret_group, secret),
    CHECK ((action IN ('create', 'replace')) = (envelope IS NOT NULL))
) STRICT;

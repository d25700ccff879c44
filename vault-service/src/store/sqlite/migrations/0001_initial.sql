-- Ids are 16-byte UUIDs, times are seconds since 1970, words are those of the API.
-- Envelopes and private keys arrive sealed; nothing in this file can be read without the root key.

CREATE TABLE setting (
    name  TEXT PRIMARY KEY,
    value BLOB NOT NULL
) STRICT;

CREATE TABLE organization (
    id   BLOB PRIMARY KEY CHECK (length(id) = 16),
    name TEXT NOT NULL
) STRICT;

CREATE TABLE environment (
    id           BLOB PRIMARY KEY CHECK (length(id) = 16),
    organization BLOB NOT NULL REFERENCES organization (id),
    name         TEXT NOT NULL,
    production   INTEGER NOT NULL CHECK (production IN (0, 1)),
    UNIQUE (organization, name),
    -- What composite foreign keys point at: an environment cannot be paired with a foreign organization.
    UNIQUE (organization, id)
) STRICT;

CREATE TABLE actor (
    id                    BLOB PRIMARY KEY CHECK (length(id) = 16),
    kind                  TEXT NOT NULL CHECK (kind IN ('connectedApp', 'gateway')),
    organization          BLOB NOT NULL REFERENCES organization (id),
    environment           BLOB,
    name                  TEXT NOT NULL,
    administrator         INTEGER NOT NULL CHECK (administrator IN (0, 1)),
    secret_hash           TEXT,
    created_at            INTEGER NOT NULL,
    certificate_not_after INTEGER,
    CHECK ((kind = 'gateway') = (environment IS NOT NULL)),
    FOREIGN KEY (organization, environment) REFERENCES environment (organization, id)
) STRICT;

CREATE UNIQUE INDEX gateway_by_name ON actor (organization, environment, name) WHERE kind = 'gateway';

CREATE TABLE token (
    sha256     BLOB PRIMARY KEY CHECK (length(sha256) = 32),
    actor      BLOB NOT NULL REFERENCES actor (id) ON DELETE CASCADE,
    expires_at INTEGER NOT NULL
) STRICT;

CREATE INDEX token_by_actor ON token (actor);
CREATE INDEX token_by_end ON token (expires_at);

-- Rows with deleted_at are tombstones: gateways are told that the group is gone, not that it never was.
CREATE TABLE secret_group (
    id           BLOB PRIMARY KEY CHECK (length(id) = 16),
    organization BLOB NOT NULL,
    environment  BLOB NOT NULL,
    name         TEXT NOT NULL,
    downloadable INTEGER NOT NULL CHECK (downloadable IN (0, 1)),
    created_at   INTEGER NOT NULL,
    modified_at  INTEGER NOT NULL,
    modified_by  TEXT NOT NULL,
    deleted_at   INTEGER,
    FOREIGN KEY (organization, environment) REFERENCES environment (organization, id)
) STRICT;

CREATE UNIQUE INDEX live_group_by_name ON secret_group (organization, environment, name)
    WHERE deleted_at IS NULL;
CREATE INDEX group_by_name ON secret_group (organization, environment, name, deleted_at);

CREATE TABLE group_key (
    secret_group       BLOB NOT NULL REFERENCES secret_group (id),
    term               INTEGER NOT NULL CHECK (term > 0),
    public_key         BLOB NOT NULL,
    sealed_private_key BLOB NOT NULL,
    created_at         INTEGER NOT NULL,
    PRIMARY KEY (secret_group, term)
) STRICT;

CREATE TABLE secret (
    id           BLOB PRIMARY KEY CHECK (length(id) = 16),
    secret_group BLOB NOT NULL REFERENCES secret_group (id),
    collection   TEXT NOT NULL,
    name         TEXT NOT NULL,
    current      INTEGER NOT NULL CHECK (current > 0),
    created_at   INTEGER NOT NULL,
    modified_at  INTEGER NOT NULL,
    deleted_at   INTEGER
) STRICT;

CREATE UNIQUE INDEX live_secret_by_name ON secret (secret_group, collection, name)
    WHERE deleted_at IS NULL;
CREATE INDEX secret_by_name ON secret (secret_group, collection, name, deleted_at);

-- The envelope is the last column, so that reading the others does not walk its overflow pages.
CREATE TABLE version (
    secret          BLOB NOT NULL REFERENCES secret (id),
    number          INTEGER NOT NULL CHECK (number > 0),
    metadata        TEXT NOT NULL,
    expiration_date TEXT,
    created_at      INTEGER NOT NULL,
    created_by      TEXT NOT NULL,
    envelope        BLOB NOT NULL,
    PRIMARY KEY (secret, number)
) STRICT;

-- What a version refers to, in the order it was given.
CREATE TABLE version_reference (
    secret   BLOB NOT NULL,
    number   INTEGER NOT NULL,
    position INTEGER NOT NULL,
    target   BLOB NOT NULL REFERENCES secret (id),
    PRIMARY KEY (secret, number, position),
    FOREIGN KEY (secret, number) REFERENCES version (secret, number) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;

-- Grants outlive their group, so that its gateways hear that it is gone; they end with their actor.
CREATE TABLE access_grant (
    secret_group BLOB NOT NULL REFERENCES secret_group (id),
    actor        BLOB NOT NULL REFERENCES actor (id) ON DELETE CASCADE,
    access       TEXT NOT NULL,
    granted_at   INTEGER NOT NULL,
    granted_by   TEXT NOT NULL,
    PRIMARY KEY (secret_group, actor, access)
) STRICT, WITHOUT ROWID;

CREATE INDEX access_grant_by_actor ON access_grant (actor);

-- No foreign keys: the log also holds what strangers asked about things that never were.
CREATE TABLE audit (
    seq          INTEGER PRIMARY KEY AUTOINCREMENT,
    at           INTEGER NOT NULL,
    organization BLOB NOT NULL,
    environment  BLOB NOT NULL,
    actor        BLOB,
    actor_name   TEXT NOT NULL,
    actor_kind   TEXT,
    operation    TEXT NOT NULL,
    object       TEXT NOT NULL,
    outcome      TEXT NOT NULL,
    reason       TEXT,
    version      INTEGER
) STRICT;

CREATE INDEX audit_by_scope ON audit (organization, environment, seq);

-- The newest position of the change feed.
CREATE TABLE change (
    only_row INTEGER PRIMARY KEY CHECK (only_row = 1),
    seq      INTEGER NOT NULL
) STRICT;

INSERT INTO change (only_row, seq) VALUES (1, 0);

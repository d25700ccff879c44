-- Business groups.
ALTER TABLE organization ADD COLUMN parent BLOB REFERENCES organization (id);

CREATE UNIQUE INDEX business_group_by_name ON organization (parent, name) WHERE parent IS NOT NULL;

-- Users. A CHECK cannot be changed in place: the table is made anew. Foreign keys are off while
-- migrations run, so the rows that point here stay as they are.
CREATE TABLE actor_with_users (
    id                    BLOB PRIMARY KEY CHECK (length(id) = 16),
    kind                  TEXT NOT NULL CHECK (kind IN ('user', 'connectedApp', 'gateway')),
    organization          BLOB NOT NULL REFERENCES organization (id),
    environment           BLOB,
    name                  TEXT NOT NULL,
    -- The name of a user in the one spelling under which it is unique.
    name_key              TEXT,
    administrator         INTEGER NOT NULL CHECK (administrator IN (0, 1)),
    secret_hash           TEXT,
    created_at            INTEGER NOT NULL,
    certificate_not_after INTEGER,
    CHECK ((kind = 'gateway') = (environment IS NOT NULL)),
    CHECK ((kind = 'user') = (name_key IS NOT NULL)),
    FOREIGN KEY (organization, environment) REFERENCES environment (organization, id)
) STRICT;

INSERT INTO actor_with_users (id, kind, organization, environment, name, administrator,
                              secret_hash, created_at, certificate_not_after)
SELECT id, kind, organization, environment, name, administrator,
       secret_hash, created_at, certificate_not_after
FROM actor;

DROP TABLE actor;
ALTER TABLE actor_with_users RENAME TO actor;

CREATE UNIQUE INDEX gateway_by_name ON actor (organization, environment, name) WHERE kind = 'gateway';
CREATE UNIQUE INDEX user_by_name ON actor (name_key);
CREATE INDEX actor_by_organization ON actor (organization, kind, name);

-- Without an environment: in all of the organization. They end with their actor.
CREATE TABLE permission (
    actor        BLOB NOT NULL REFERENCES actor (id) ON DELETE CASCADE,
    permission   TEXT NOT NULL,
    organization BLOB NOT NULL REFERENCES organization (id),
    environment  BLOB,
    granted_at   INTEGER NOT NULL,
    granted_by   TEXT NOT NULL,
    FOREIGN KEY (organization, environment) REFERENCES environment (organization, id)
) STRICT;

-- Two NULLs are different in a unique index.
CREATE UNIQUE INDEX permission_once
    ON permission (actor, organization, ifnull(environment, x''), permission);

-- Operations on an organization happen in none of its environments.
CREATE TABLE audit_with_organizations (
    seq          INTEGER PRIMARY KEY AUTOINCREMENT,
    at           INTEGER NOT NULL,
    organization BLOB NOT NULL,
    environment  BLOB,
    actor        BLOB,
    actor_name   TEXT NOT NULL,
    actor_kind   TEXT,
    operation    TEXT NOT NULL,
    object       TEXT NOT NULL,
    outcome      TEXT NOT NULL,
    reason       TEXT,
    version      INTEGER
) STRICT;

INSERT INTO audit_with_organizations (seq, at, organization, environment, actor, actor_name,
                                      actor_kind, operation, object, outcome, reason, version)
SELECT seq, at, organization, environment, actor, actor_name,
       actor_kind, operation, object, outcome, reason, version
FROM audit;

DROP TABLE audit;
ALTER TABLE audit_with_organizations RENAME TO audit;

CREATE INDEX audit_by_scope ON audit (organization, environment, seq);

-- Gateways with certificates of another CA, by the one name that these have.
CREATE TABLE external_identity (
    gateway  BLOB PRIMARY KEY REFERENCES actor (id) ON DELETE CASCADE,
    identity TEXT NOT NULL UNIQUE
) STRICT;

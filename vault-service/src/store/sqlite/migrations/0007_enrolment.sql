-- Gateways that fetch their certificates by themselves: one token for the first one, then the key that may renew.
CREATE TABLE join_token (
    gateway    BLOB PRIMARY KEY REFERENCES actor (id) ON DELETE CASCADE,
    sha256     BLOB NOT NULL UNIQUE CHECK (length(sha256) = 32),
    expires_at INTEGER NOT NULL
) STRICT;

CREATE TABLE gateway_key (
    gateway     BLOB PRIMARY KEY REFERENCES actor (id) ON DELETE CASCADE,
    spki_sha256 BLOB NOT NULL CHECK (length(spki_sha256) = 32)
) STRICT;

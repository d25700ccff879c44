-- The CRLs of published lists as their CAs have signed them: Envoy reads nothing else. They go with the
-- lists; those that were published before this have none.
CREATE TABLE signed_lists (
    distributor BLOB PRIMARY KEY REFERENCES published_lists (distributor) ON DELETE CASCADE,
    signed      BLOB NOT NULL
) STRICT;

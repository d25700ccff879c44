//! Join tokens, and the keys of gateways.

use rusqlite::{Connection, named_params};
use sallyport_model::ActorId;
use sallyport_pki::UnixTime;

use super::super::super::{EXTERNAL_IDENTITY, JoinTokenRecord, StoreError};
use super::{execute, execute_on, require};

pub(super) fn put_external_identity(
    db: &Connection,
    gateway: ActorId,
    identity: &str,
) -> Result<(), StoreError> {
    require_gateway(db, gateway)?;
    execute(
        db,
        EXTERNAL_IDENTITY,
        "INSERT INTO external_identity (gateway, identity) VALUES (?1, ?2)",
        (gateway.as_bytes(), identity),
    )
    .map(drop)
}

fn require_gateway(db: &Connection, gateway: ActorId) -> Result<(), StoreError> {
    require(
        db,
        "gateway",
        "SELECT 1 FROM actor WHERE id = ?1 AND kind = 'gateway'",
        (gateway.as_bytes(),),
    )
}

pub(super) fn put_join_token(db: &Connection, token: &JoinTokenRecord) -> Result<(), StoreError> {
    require_gateway(db, token.gateway)?;
    execute(
        db,
        "join token",
        "INSERT INTO join_token (gateway, sha256, expires_at)
         VALUES (:gateway, :sha256, :expires_at)
         ON CONFLICT (gateway) DO UPDATE SET sha256 = excluded.sha256,
             expires_at = excluded.expires_at",
        named_params! {
            ":gateway": token.gateway.as_bytes(),
            ":sha256": token.sha256,
            ":expires_at": token.expires_at.0,
        },
    )
    .map(drop)
}

/// One that has ended counts as gone.
pub(super) fn use_join_token(
    db: &Connection,
    sha256: [u8; 32],
    now: UnixTime,
) -> Result<(), StoreError> {
    execute_on(
        db,
        "join token",
        "DELETE FROM join_token WHERE sha256 = ?1 AND expires_at > ?2",
        (sha256, now.0),
    )
}

pub(super) fn renew_gateway(
    db: &Connection,
    gateway: ActorId,
    certificate_not_after: UnixTime,
    key: [u8; 32],
) -> Result<(), StoreError> {
    execute_on(
        db,
        "gateway",
        "UPDATE actor SET certificate_not_after = ?2 WHERE id = ?1 AND kind = 'gateway'",
        (gateway.as_bytes(), certificate_not_after.0),
    )?;
    execute(
        db,
        "gateway",
        "INSERT INTO gateway_key (gateway, spki_sha256) VALUES (?1, ?2)
         ON CONFLICT (gateway) DO UPDATE SET spki_sha256 = excluded.spki_sha256",
        (gateway.as_bytes(), key),
    )
    .map(drop)
}

pub(super) fn require_gateway_key(
    db: &Connection,
    gateway: ActorId,
    key: [u8; 32],
) -> Result<(), StoreError> {
    require(
        db,
        "gateway key",
        "SELECT 1 FROM gateway_key WHERE gateway = ?1 AND spki_sha256 = ?2",
        (gateway.as_bytes(), key),
    )
}

//! Versions of secrets, and the labels that move between them.

use rusqlite::{Connection, named_params};
use sallyport_model::{GroupId, SecretId};
use sallyport_pki::UnixTime;

use super::super::super::{OLD_VERSIONS_KEPT, StoreError, VersionRecord};
use super::super::integer;
use super::secrets::Living;
use super::{Traces, consistent, execute, execute_on, require};

const VERSION: &str = "version";
const PENDING: &str = "pending version";

pub(super) fn put_pending(
    db: &Connection,
    version: &VersionRecord,
    expected: u64,
) -> Result<Traces, StoreError> {
    let secret = Living::at(db, version.secret, expected)?;
    secret.require_next(version.number)?;
    let destroyed = match secret.pending {
        Some(waiting) => destroy(db, secret.id, waiting)?,
        None => Traces::None,
    };
    execute_on(
        db,
        secret.what(),
        "UPDATE secret SET pending = ?2, newest = ?2 WHERE id = ?1",
        (secret.id.as_bytes(), integer(version.number)?),
    )?;
    insert(db, secret.group, version)?;
    Ok(destroyed)
}

pub(super) fn promote(
    db: &Connection,
    secret: SecretId,
    number: u64,
    expected: u64,
    at: UnixTime,
) -> Result<Traces, StoreError> {
    let secret = Living::at(db, secret, expected)?;
    require_pending(&secret, number)?;
    require_references(db, secret.id, number)?;
    execute_on(
        db,
        secret.what(),
        "UPDATE secret SET current = pending, previous = current, pending = NULL, modified_at = ?2
         WHERE id = ?1",
        (secret.id.as_bytes(), at.0),
    )?;
    prune(db, secret.id)
}

pub(super) fn drop_pending(
    db: &Connection,
    secret: SecretId,
    number: u64,
) -> Result<Traces, StoreError> {
    let secret = Living::find(db, secret)?;
    require_pending(&secret, number)?;
    execute_on(
        db,
        secret.what(),
        "UPDATE secret SET pending = NULL WHERE id = ?1",
        (secret.id.as_bytes(),),
    )?;
    destroy(db, secret.id, number)
}

pub(super) fn move_current(
    db: &Connection,
    secret: SecretId,
    to: u64,
    expected: u64,
    at: UnixTime,
) -> Result<(), StoreError> {
    let secret = Living::at(db, secret, expected)?;
    consistent(
        to != secret.current && Some(to) != secret.pending,
        "a move to the current or the pending version",
    )?;
    // A number the engine cannot hold is one it does not have.
    let number = i64::try_from(to).map_err(|_| StoreError::Gone { what: VERSION })?;
    require(
        db,
        VERSION,
        "SELECT 1 FROM version WHERE secret = ?1 AND number = ?2",
        (secret.id.as_bytes(), number),
    )?;
    require_references(db, secret.id, to)?;
    execute_on(
        db,
        secret.what(),
        "UPDATE secret SET current = ?2, previous = current, modified_at = ?3 WHERE id = ?1",
        (secret.id.as_bytes(), number, at.0),
    )
}

/// Destroys the versions without a label that are too many.
pub(super) fn prune(db: &Connection, secret: SecretId) -> Result<Traces, StoreError> {
    execute(
        db,
        VERSION,
        "DELETE FROM version WHERE secret = ?1 AND number IN (
             SELECT number FROM version JOIN secret ON secret.id = version.secret
             WHERE version.secret = ?1 AND number <> current
               AND number IS NOT previous AND number IS NOT pending
             ORDER BY number DESC LIMIT -1 OFFSET ?2)",
        (secret.as_bytes(), OLD_VERSIONS_KEPT),
    )
    .map(Traces::of_rows)
}

pub(super) fn insert(
    db: &Connection,
    group: GroupId,
    version: &VersionRecord,
) -> Result<(), StoreError> {
    let number = integer(version.number)?;
    execute(
        db,
        VERSION,
        "INSERT INTO version (secret, number, metadata, expiration_date, created_at, created_by,
                              envelope)
         VALUES (:secret, :number, :metadata, :expiration_date, :created_at, :created_by,
                 :envelope)",
        named_params! {
            ":secret": version.secret.as_bytes(),
            ":number": number,
            ":metadata": version.metadata,
            ":expiration_date": version.expiration_date,
            ":created_at": version.created_at.0,
            ":created_by": version.created_by,
            ":envelope": version.envelope,
        },
    )?;
    for (position, target) in (0_i64..).zip(&version.refers_to) {
        execute_on(
            db,
            "referenced secret",
            "INSERT INTO version_reference (secret, number, position, target)
             SELECT :secret, :number, :position, id FROM secret
             WHERE id = :target AND secret_group = :group AND deleted_at IS NULL",
            named_params! {
                ":secret": version.secret.as_bytes(),
                ":number": number,
                ":position": position,
                ":target": target.as_bytes(),
                ":group": group.as_bytes(),
            },
        )?;
    }
    Ok(())
}

fn require_pending(secret: &Living, number: u64) -> Result<(), StoreError> {
    match secret.pending {
        Some(found) if found == number => Ok(()),
        Some(found) => Err(StoreError::Stale {
            expected: number,
            found,
        }),
        None => Err(StoreError::Gone { what: PENDING }),
    }
}

/// A version that refers to a tombstone never becomes the current one.
fn require_references(db: &Connection, secret: SecretId, number: u64) -> Result<(), StoreError> {
    let dangling = db
        .prepare_cached(
            "SELECT 1 FROM version_reference AS reference
             JOIN secret AS target ON target.id = reference.target
             WHERE reference.secret = ?1 AND reference.number = ?2
               AND target.deleted_at IS NOT NULL",
        )?
        .exists((secret.as_bytes(), integer(number)?))?;
    if dangling {
        return Err(StoreError::Gone {
            what: "referenced secret",
        });
    }
    Ok(())
}

fn destroy(db: &Connection, secret: SecretId, number: u64) -> Result<Traces, StoreError> {
    execute(
        db,
        VERSION,
        "DELETE FROM version WHERE secret = ?1 AND number = ?2",
        (secret.as_bytes(), integer(number)?),
    )
    .map(Traces::of_rows)
}

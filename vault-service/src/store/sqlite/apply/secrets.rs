//! Secrets and their versions.

use rusqlite::{Connection, OptionalExtension as _, named_params};
use sallyport_model::{GroupId, SecretId, SecretName};

use super::super::super::{SecretRecord, StoreError, VersionRecord};
use super::super::{integer, rows};
use super::groups::require_live;
use super::{consistent, execute, execute_on};

pub(super) fn create(
    db: &Connection,
    secret: &SecretRecord,
    version: &VersionRecord,
) -> Result<(), StoreError> {
    consistent(
        secret.id == version.secret && secret.current == 1 && version.number == 1,
        "a new secret without its first version",
    )?;
    consistent(secret.deleted_at.is_none(), "a new secret that is deleted")?;
    require_live(db, secret.group)?;
    execute(
        db,
        secret.collection.singular(),
        "INSERT INTO secret (id, secret_group, collection, name, current, created_at, modified_at)
         VALUES (:id, :group, :collection, :name, 1, :created_at, :modified_at)",
        named_params! {
            ":id": secret.id.as_bytes(),
            ":group": secret.group.as_bytes(),
            ":collection": secret.collection.as_str(),
            ":name": secret.name.as_str(),
            ":created_at": secret.created_at.0,
            ":modified_at": secret.modified_at.0,
        },
    )?;
    insert_version(db, secret.group, version)
}

pub(super) fn replace(
    db: &Connection,
    name: &SecretName,
    version: &VersionRecord,
    expected: u64,
) -> Result<(), StoreError> {
    let secret = secret(db, version.secret)?;
    let what = secret.collection.singular();
    if secret.deleted_at.is_some() {
        return Err(StoreError::Gone { what });
    }
    if secret.current != expected {
        return Err(StoreError::Stale {
            expected,
            found: secret.current,
        });
    }
    consistent(
        Some(version.number) == expected.checked_add(1),
        "a version that does not follow the expected one",
    )?;
    execute_on(
        db,
        what,
        "UPDATE secret SET name = :name, current = :current, modified_at = :at WHERE id = :id",
        named_params! {
            ":id": secret.id.as_bytes(),
            ":name": name.as_str(),
            ":current": integer(version.number)?,
            ":at": version.created_at.0,
        },
    )?;
    insert_version(db, secret.group, version)
}

fn secret(db: &Connection, id: SecretId) -> Result<SecretRecord, StoreError> {
    db.prepare_cached("SELECT * FROM secret WHERE id = ?1")?
        .query_row((id.as_bytes(),), |row| Ok(rows::secret(row)))
        .optional()?
        .unwrap_or(Err(StoreError::Gone { what: "secret" }))
}

fn insert_version(
    db: &Connection,
    group: GroupId,
    version: &VersionRecord,
) -> Result<(), StoreError> {
    let number = integer(version.number)?;
    execute(
        db,
        "version",
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

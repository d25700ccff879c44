//! Secrets: made, replaced, changed, deleted.

use rusqlite::{Connection, OptionalExtension as _, named_params};
use sallyport_model::{Collection, GroupId, SecretId, SecretName};
use sallyport_pki::UnixTime;

use super::super::super::{SecretRecord, StoreError, Users, VersionRecord};
use super::super::{integer, rows};
use super::groups::require_live;
use super::versions::{self, insert};
use super::{Traces, consistent, execute, execute_on};

/// What names never contain: a secret with this in its name waits for another one.
const NAMELESS: char = '\u{1}';

/// A secret that is not deleted. Its name is not read: it may have been freed.
pub(in super::super) struct Living {
    pub(in super::super) id: SecretId,
    pub(in super::super) group: GroupId,
    pub(in super::super) collection: Collection,
    pub(in super::super) current: u64,
    pub(in super::super) pending: Option<u64>,
    pub(in super::super) newest: u64,
}

impl Living {
    pub(super) fn find(db: &Connection, id: SecretId) -> Result<Self, StoreError> {
        let living = db
            .prepare_cached(
                "SELECT secret_group, collection, current, pending, newest,
                        deleted_at IS NOT NULL AS deleted
                 FROM secret WHERE id = ?1",
            )?
            .query_row((id.as_bytes(),), |row| Ok(rows::living(id, row)))
            .optional()?
            .unwrap_or(Err(StoreError::Gone { what: "secret" }))?;
        match living {
            (living, false) => Ok(living),
            (living, true) => Err(StoreError::Gone {
                what: living.what(),
            }),
        }
    }

    /// One whose current version is the one that the writer has seen.
    pub(super) fn at(db: &Connection, id: SecretId, expected: u64) -> Result<Self, StoreError> {
        let living = Self::find(db, id)?;
        if living.current != expected {
            let found = living.current;
            return Err(StoreError::Stale { expected, found });
        }
        Ok(living)
    }

    pub(super) const fn what(&self) -> &'static str {
        self.collection.singular()
    }

    /// The number of a new version must follow the newest; another writer may have taken it.
    pub(super) fn require_next(&self, number: u64) -> Result<(), StoreError> {
        match number.checked_sub(1) {
            Some(before) if before == self.newest => Ok(()),
            Some(before) if before < self.newest => Err(StoreError::Stale {
                expected: before,
                found: self.newest,
            }),
            _ => consistent(false, "a version that does not follow the newest"),
        }
    }
}

pub(super) fn create(
    db: &Connection,
    secret: &SecretRecord,
    version: &VersionRecord,
) -> Result<(), StoreError> {
    consistent(
        secret.id == version.secret && version.number == 1,
        "a new secret without its first version",
    )?;
    consistent(
        secret.current == 1
            && secret.newest == 1
            && secret.previous.is_none()
            && secret.pending.is_none(),
        "a new secret with other versions than its first",
    )?;
    consistent(secret.deleted_at.is_none(), "a new secret that is deleted")?;
    require_live(db, secret.group)?;
    execute(
        db,
        secret.collection.singular(),
        "INSERT INTO secret (id, secret_group, collection, name, current, newest, created_at,
                             modified_at)
         VALUES (:id, :group, :collection, :name, 1, 1, :created_at, :modified_at)",
        named_params! {
            ":id": secret.id.as_bytes(),
            ":group": secret.group.as_bytes(),
            ":collection": secret.collection.as_str(),
            ":name": secret.name.as_str(),
            ":created_at": secret.created_at.0,
            ":modified_at": secret.modified_at.0,
        },
    )?;
    insert(db, secret.group, version)
}

pub(super) fn replace(
    db: &Connection,
    name: &SecretName,
    version: &VersionRecord,
    expected: u64,
) -> Result<Traces, StoreError> {
    let secret = Living::at(db, version.secret, expected)?;
    secret.require_next(version.number)?;
    execute_on(
        db,
        secret.what(),
        "UPDATE secret SET name = :name, current = :number, previous = current, newest = :number,
                           modified_at = :at
         WHERE id = :id",
        named_params! {
            ":id": secret.id.as_bytes(),
            ":name": name.as_str(),
            ":number": integer(version.number)?,
            ":at": version.created_at.0,
        },
    )?;
    insert(db, secret.group, version)?;
    versions::prune(db, secret.id)
}

pub(super) fn update(
    db: &Connection,
    secret: SecretId,
    name: &SecretName,
    expiration_date: Option<&str>,
    expected: u64,
    at: UnixTime,
) -> Result<(), StoreError> {
    let secret = Living::at(db, secret, expected)?;
    execute_on(
        db,
        secret.what(),
        "UPDATE secret SET name = ?2, modified_at = ?3 WHERE id = ?1",
        (secret.id.as_bytes(), name.as_str(), at.0),
    )?;
    execute_on(
        db,
        "version",
        "UPDATE version SET expiration_date = ?3 WHERE secret = ?1 AND number = ?2",
        (secret.id.as_bytes(), integer(expected)?, expiration_date),
    )
}

pub(super) fn delete(
    db: &Connection,
    secret: SecretId,
    expected: u64,
    users: Users,
    at: UnixTime,
) -> Result<Traces, StoreError> {
    let secret = Living::at(db, secret, expected)?;
    if users == Users::Refuse && is_used(db, secret.id)? {
        return Err(StoreError::InUse {
            what: secret.what(),
        });
    }
    execute_on(
        db,
        secret.what(),
        "UPDATE secret SET deleted_at = ?2, previous = NULL, pending = NULL WHERE id = ?1",
        (secret.id.as_bytes(), at.0),
    )?;
    for sql in [
        "DELETE FROM published_lists WHERE distributor = ?1",
        "DELETE FROM crl_fetch WHERE distributor = ?1",
    ] {
        execute(db, secret.what(), sql, (secret.id.as_bytes(),))?;
    }
    execute(
        db,
        secret.what(),
        "DELETE FROM version WHERE secret = ?1",
        (secret.id.as_bytes(),),
    )
    .map(Traces::of_rows)
}

/// Whether the current or pending version of another live secret refers to this one.
fn is_used(db: &Connection, secret: SecretId) -> Result<bool, StoreError> {
    let used = db
        .prepare_cached(
            "SELECT 1 FROM version_reference AS reference
             JOIN secret ON secret.id = reference.secret
             WHERE reference.target = ?1 AND secret.id <> ?1 AND secret.deleted_at IS NULL
               AND reference.number IN (secret.current, secret.pending)",
        )?
        .exists((secret.as_bytes(),))?;
    Ok(used)
}

pub(super) fn free_name(db: &Connection, secret: SecretId) -> Result<(), StoreError> {
    let secret = Living::find(db, secret)?;
    execute_on(
        db,
        secret.what(),
        "UPDATE secret SET name = ?2 WHERE id = ?1",
        (secret.id.as_bytes(), format!("{NAMELESS}{}", secret.id)),
    )
}

/// At the end of a batch: a freed name was given again.
pub(super) fn require_name(db: &Connection, secret: SecretId) -> Result<(), StoreError> {
    let nameless = db
        .prepare_cached("SELECT 1 FROM secret WHERE id = ?1 AND deleted_at IS NULL AND name = ?2")?
        .exists((secret.as_bytes(), format!("{NAMELESS}{secret}")))?;
    consistent(!nameless, "a secret that is left without a name")
}

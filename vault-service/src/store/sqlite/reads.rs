//! Reads as SQL.

mod accounts;
mod audit;

use rusqlite::{Connection, OptionalExtension as _, Params, Row};
use sallyport_model::{ActorId, Collection, GroupId, GroupName, Scope, SecretId, SecretName};

use super::super::{
    ChangeSeq, CrlFetchRecord, EditSessionRecord, Expiries, Expiring, Expiry, GrantRecord,
    GroupKeyRecord, GroupRecord, PublishedLists, SecretRecord, Setting, StagedChange, StoreError,
    VersionRecord,
};
use super::rows;
use super::words::setting_name;

pub(super) use self::accounts::{
    actor, actors, environment, environments, external_identities, gateway_key, gateway_known_as,
    gateways, join_token, lineage, organization, organizations_from, permissions_of, token,
    user_by_name,
};
pub(super) use self::audit::{
    environment as audit, log, organization as organization_audit, search as search_audit,
};

pub(super) fn change_seq(db: &Connection) -> Result<ChangeSeq, StoreError> {
    let damaged = StoreError::Damaged {
        what: "change feed",
    };
    let seq: Option<i64> = db
        .query_row("SELECT seq FROM change", [], |row| row.get(0))
        .optional()?;
    seq.and_then(|seq| u64::try_from(seq).ok()).ok_or(damaged)
}

pub(super) fn setting(db: &Connection, setting: Setting) -> Result<Option<Vec<u8>>, StoreError> {
    let value = db
        .prepare_cached("SELECT value FROM setting WHERE name = ?1")?
        .query_row((setting_name(setting),), |row| row.get(0))
        .optional()?;
    Ok(value)
}

pub(super) fn groups(db: &Connection, scope: Scope) -> Result<Vec<GroupRecord>, StoreError> {
    all(
        db,
        "SELECT * FROM secret_group
         WHERE organization = ?1 AND environment = ?2 AND deleted_at IS NULL ORDER BY name",
        (scope.organization.as_bytes(), scope.environment.as_bytes()),
        rows::group,
    )
}

/// Live or deleted.
pub(super) fn group(
    db: &Connection,
    scope: Scope,
    id: GroupId,
) -> Result<Option<GroupRecord>, StoreError> {
    one(
        db,
        "SELECT * FROM secret_group WHERE id = ?1 AND organization = ?2 AND environment = ?3",
        (
            id.as_bytes(),
            scope.organization.as_bytes(),
            scope.environment.as_bytes(),
        ),
        rows::group,
    )
}

pub(super) fn group_by_name(
    db: &Connection,
    scope: Scope,
    name: &GroupName,
) -> Result<Option<GroupRecord>, StoreError> {
    // Nulls sort last when descending, so the live one needs the first key. Of two deleted within a
    // second, the younger row.
    one(
        db,
        "SELECT * FROM secret_group WHERE organization = ?1 AND environment = ?2 AND name = ?3
         ORDER BY deleted_at IS NULL DESC, deleted_at DESC, rowid DESC LIMIT 1",
        (
            scope.organization.as_bytes(),
            scope.environment.as_bytes(),
            name.as_str(),
        ),
        rows::group,
    )
}

pub(super) fn active_group_key(
    db: &Connection,
    group: GroupId,
) -> Result<Option<GroupKeyRecord>, StoreError> {
    one(
        db,
        "SELECT * FROM group_key WHERE secret_group = ?1 ORDER BY term DESC LIMIT 1",
        (group.as_bytes(),),
        rows::group_key,
    )
}

pub(super) fn group_key(
    db: &Connection,
    group: GroupId,
    term: u32,
) -> Result<Option<GroupKeyRecord>, StoreError> {
    one(
        db,
        "SELECT * FROM group_key WHERE secret_group = ?1 AND term = ?2",
        (group.as_bytes(), term),
        rows::group_key,
    )
}

pub(super) fn secrets(
    db: &Connection,
    group: GroupId,
    collection: Collection,
) -> Result<Vec<(SecretRecord, VersionRecord)>, StoreError> {
    let secrets = all(
        db,
        "SELECT * FROM secret
         WHERE secret_group = ?1 AND collection = ?2 AND deleted_at IS NULL ORDER BY name",
        (group.as_bytes(), collection.as_str()),
        rows::secret,
    )?;
    secrets
        .into_iter()
        .map(|secret| {
            let current = version(db, secret.id, secret.current)?;
            let current = current.ok_or(StoreError::Damaged { what: "secret" })?;
            Ok((secret, current))
        })
        .collect()
}

/// Live or deleted.
pub(super) fn secret(
    db: &Connection,
    group: GroupId,
    collection: Collection,
    id: SecretId,
) -> Result<Option<SecretRecord>, StoreError> {
    one(
        db,
        "SELECT * FROM secret WHERE id = ?1 AND secret_group = ?2 AND collection = ?3",
        (id.as_bytes(), group.as_bytes(), collection.as_str()),
        rows::secret,
    )
}

pub(super) fn secret_by_name(
    db: &Connection,
    group: GroupId,
    collection: Collection,
    name: &SecretName,
) -> Result<Option<SecretRecord>, StoreError> {
    one(
        db,
        "SELECT * FROM secret WHERE secret_group = ?1 AND collection = ?2 AND name = ?3
         ORDER BY deleted_at IS NULL DESC, deleted_at DESC, rowid DESC LIMIT 1",
        (group.as_bytes(), collection.as_str(), name.as_str()),
        rows::secret,
    )
}

pub(super) fn version(
    db: &Connection,
    secret: SecretId,
    number: u64,
) -> Result<Option<VersionRecord>, StoreError> {
    // A number the engine cannot hold is one it does not have.
    let Ok(number) = i64::try_from(number) else {
        return Ok(None);
    };
    let refers_to = all(
        db,
        "SELECT target FROM version_reference WHERE secret = ?1 AND number = ?2 ORDER BY position",
        (secret.as_bytes(), number),
        rows::version_reference,
    )?;
    one(
        db,
        "SELECT * FROM version WHERE secret = ?1 AND number = ?2",
        (secret.as_bytes(), number),
        |row| rows::version(row, refers_to),
    )
}

pub(super) fn versions(
    db: &Connection,
    secret: SecretId,
) -> Result<Vec<VersionRecord>, StoreError> {
    let numbers: Vec<u64> = all(
        db,
        "SELECT number FROM version WHERE secret = ?1 ORDER BY number DESC",
        (secret.as_bytes(),),
        rows::number,
    )?;
    let damaged = || StoreError::Damaged { what: "version" };
    numbers
        .into_iter()
        .map(|number| version(db, secret, number)?.ok_or_else(damaged))
        .collect()
}

pub(super) fn users(
    db: &Connection,
    group: GroupId,
    secret: SecretId,
) -> Result<Vec<(SecretRecord, Vec<u64>)>, StoreError> {
    let references = all(
        db,
        "SELECT DISTINCT secret.*, version_reference.number
         FROM version_reference JOIN secret ON secret.id = version_reference.secret
         WHERE target = ?1 AND secret_group = ?2 AND deleted_at IS NULL
         ORDER BY collection, name, number",
        (secret.as_bytes(), group.as_bytes()),
        |row| Ok((rows::secret(row)?, rows::number(row)?)),
    )?;
    let mut users: Vec<(SecretRecord, Vec<u64>)> = Vec::new();
    for (user, number) in references {
        match users.last_mut().filter(|(last, _)| last.id == user.id) {
            Some((_, numbers)) => numbers.push(number),
            None => users.push((user, vec![number])),
        }
    }
    Ok(users)
}

pub(super) fn expiring(
    db: &Connection,
    scope: Option<Scope>,
    until: &str,
) -> Result<Vec<Expiring>, StoreError> {
    let ended = all(
        db,
        "SELECT secret.*, expiration_date
         FROM version
         JOIN secret ON secret.id = version.secret AND secret.current = version.number
         JOIN secret_group ON secret_group.id = secret.secret_group
         WHERE expiration_date <= ?1 AND secret.deleted_at IS NULL
           AND (?2 IS NULL OR (organization = ?2 AND environment = ?3))
         ORDER BY expiration_date, secret_group.name, collection, secret.name",
        (
            until,
            scope.as_ref().map(|scope| scope.organization.as_bytes()),
            scope.as_ref().map(|scope| scope.environment.as_bytes()),
        ),
        |row| Ok((rows::secret(row)?, rows::expiration_date(row)?)),
    )?;
    ended
        .into_iter()
        .map(|(secret, expiration_date)| {
            Ok(Expiring {
                group: group_of(db, &secret)?,
                secret,
                expiration_date,
            })
        })
        .collect()
}

pub(super) fn expiries(db: &Connection, limit: u32) -> Result<Expiries, StoreError> {
    const DATED: &str = "FROM version
         JOIN secret ON secret.id = version.secret AND secret.current = version.number
         WHERE expiration_date IS NOT NULL AND secret.deleted_at IS NULL";
    let soonest = all(
        db,
        &format!("SELECT secret.*, expiration_date {DATED} ORDER BY expiration_date, id LIMIT ?1"),
        (limit,),
        |row| {
            let secret = rows::secret(row)?;
            Ok(Expiry {
                collection: secret.collection,
                secret: secret.id,
                expiration_date: rows::expiration_date(row)?,
            })
        },
    )?;
    let count = one(db, &format!("SELECT count(*) {DATED}"), (), |row| {
        Ok(row.get::<_, i64>(0)?)
    })?;
    Ok(Expiries {
        soonest,
        in_all: count.map_or(0, i64::unsigned_abs),
    })
}

pub(super) fn current_versions(
    db: &Connection,
    secrets: &[SecretId],
) -> Result<Vec<(SecretId, u64)>, StoreError> {
    let found = secrets.iter().map(|id| {
        let live = "SELECT * FROM secret WHERE id = ?1 AND deleted_at IS NULL";
        one(db, live, (id.as_bytes(),), rows::secret)
    });
    let found = found.filter_map(Result::transpose);
    found
        .map(|secret| secret.map(|secret| (secret.id, secret.current)))
        .collect()
}

pub(super) fn edit_session(
    db: &Connection,
    group: GroupId,
) -> Result<Option<EditSessionRecord>, StoreError> {
    one(
        db,
        "SELECT * FROM edit_session WHERE secret_group = ?1",
        (group.as_bytes(),),
        rows::edit_session,
    )
}

pub(super) fn staged_changes(
    db: &Connection,
    group: GroupId,
) -> Result<Vec<StagedChange>, StoreError> {
    all(
        db,
        "SELECT * FROM staged_change WHERE secret_group = ?1 ORDER BY collection, name",
        (group.as_bytes(),),
        rows::staged_change,
    )
}

pub(super) fn grants(db: &Connection, group: GroupId) -> Result<Vec<GrantRecord>, StoreError> {
    all(
        db,
        "SELECT * FROM access_grant WHERE secret_group = ?1 ORDER BY actor, access",
        (group.as_bytes(),),
        rows::grant,
    )
}

/// Of live groups only.
pub(super) fn grants_in(
    db: &Connection,
    scope: Scope,
    actor: ActorId,
) -> Result<Vec<GrantRecord>, StoreError> {
    all(
        db,
        "SELECT access_grant.* FROM access_grant
         JOIN secret_group ON secret_group.id = access_grant.secret_group
         WHERE access_grant.actor = ?1 AND organization = ?2 AND environment = ?3
               AND deleted_at IS NULL
         ORDER BY access_grant.secret_group, access",
        (
            actor.as_bytes(),
            scope.organization.as_bytes(),
            scope.environment.as_bytes(),
        ),
        rows::grant,
    )
}

pub(super) fn grants_of(
    db: &Connection,
    group: GroupId,
    actor: ActorId,
) -> Result<Vec<GrantRecord>, StoreError> {
    all(
        db,
        "SELECT * FROM access_grant WHERE secret_group = ?1 AND actor = ?2 ORDER BY access",
        (group.as_bytes(), actor.as_bytes()),
        rows::grant,
    )
}

pub(super) fn published_lists(
    db: &Connection,
    distributor: SecretId,
) -> Result<Option<PublishedLists>, StoreError> {
    one(
        db,
        "SELECT * FROM published_lists WHERE distributor = ?1",
        (distributor.as_bytes(),),
        rows::published_lists,
    )
}

pub(super) fn signed_lists(
    db: &Connection,
    distributor: SecretId,
) -> Result<Option<Vec<u8>>, StoreError> {
    one(
        db,
        "SELECT signed FROM signed_lists WHERE distributor = ?1",
        (distributor.as_bytes(),),
        rows::signed_lists,
    )
}

/// 0 if nothing was published.
pub(super) fn published_edition(db: &Connection, distributor: SecretId) -> Result<u64, StoreError> {
    let edition = one(
        db,
        "SELECT edition FROM published_lists WHERE distributor = ?1",
        (distributor.as_bytes(),),
        rows::published_edition,
    )?;
    Ok(edition.unwrap_or(0))
}

pub(super) fn crl_distributors(
    db: &Connection,
) -> Result<Vec<(GroupRecord, SecretRecord, VersionRecord)>, StoreError> {
    let distributors = all(
        db,
        "SELECT secret.* FROM secret
         JOIN secret_group ON secret_group.id = secret.secret_group
         WHERE collection = 'crlDistributorConfigs' AND secret.deleted_at IS NULL
         ORDER BY secret_group.name, secret_group.id, secret.name",
        (),
        rows::secret,
    )?;
    let damaged = || StoreError::Damaged {
        what: "CRL distributor",
    };
    distributors
        .into_iter()
        .map(|secret| {
            let group = group_of(db, &secret)?;
            let version = version(db, secret.id, secret.current)?.ok_or_else(damaged)?;
            Ok((group, secret, version))
        })
        .collect()
}

pub(super) fn crl_fetch(
    db: &Connection,
    distributor: SecretId,
) -> Result<Option<CrlFetchRecord>, StoreError> {
    one(
        db,
        "SELECT * FROM crl_fetch WHERE distributor = ?1",
        (distributor.as_bytes(),),
        rows::crl_fetch,
    )
}

fn group_of(db: &Connection, secret: &SecretRecord) -> Result<GroupRecord, StoreError> {
    let group = one(
        db,
        "SELECT * FROM secret_group WHERE id = ?1",
        (secret.group.as_bytes(),),
        rows::group,
    )?;
    group.ok_or(StoreError::Damaged { what: "secret" })
}

fn one<T>(
    db: &Connection,
    sql: &str,
    params: impl Params,
    record: impl FnOnce(&Row<'_>) -> Result<T, StoreError>,
) -> Result<Option<T>, StoreError> {
    let mut statement = db.prepare_cached(sql)?;
    let mut rows = statement.query(params)?;
    rows.next()?.map(record).transpose()
}

fn all<T>(
    db: &Connection,
    sql: &str,
    params: impl Params,
    record: impl Fn(&Row<'_>) -> Result<T, StoreError>,
) -> Result<Vec<T>, StoreError> {
    let mut statement = db.prepare_cached(sql)?;
    let mut rows = statement.query(params)?;
    let mut records = Vec::new();
    while let Some(row) = rows.next()? {
        records.push(record(row)?);
    }
    Ok(records)
}

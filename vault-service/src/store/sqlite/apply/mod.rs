//! Writes as SQL. Everything here runs inside a savepoint that is undone when a write is refused.

mod accounts;
mod audit;
mod groups;
mod secrets;

use rusqlite::{Connection, Params, ffi};

use super::super::{ChangeSeq, StoreError, Write};
use super::EngineError;

/// Applies a batch. Gives the new position of the change feed when the batch moved it.
pub(super) fn batch(db: &Connection, batch: &[Write]) -> Result<Option<ChangeSeq>, StoreError> {
    for write in batch {
        apply(db, write)?;
    }
    if batch.iter().any(moves_feed) {
        return raise_feed(db).map(Some);
    }
    Ok(None)
}

fn apply(db: &Connection, write: &Write) -> Result<(), StoreError> {
    match write {
        Write::PutSetting(setting, value) => accounts::put_setting(db, *setting, value),
        Write::CreateOrganization(organization) => accounts::create_organization(db, organization),
        Write::CreateEnvironment(environment) => accounts::create_environment(db, environment),
        Write::CreateActor(actor) => accounts::create_actor(db, actor),
        Write::RenewGateway {
            gateway,
            certificate_not_after,
        } => accounts::renew_gateway(db, *gateway, *certificate_not_after),
        Write::DeleteActor(actor) => accounts::delete_actor(db, *actor),
        Write::CreateToken { token, now } => accounts::create_token(db, token, *now),
        Write::CreateGroup(group, key) => groups::create(db, group, key),
        Write::UpdateGroup {
            group,
            name,
            downloadable,
            at,
            by,
        } => groups::update(db, *group, name, *downloadable, *at, by),
        Write::DeleteGroup { group, at } => groups::delete(db, *group, *at),
        Write::PutGrant(grant) => groups::put_grant(db, grant),
        Write::RemoveGrants { group, actor } => groups::remove_grants(db, *group, *actor),
        Write::CreateSecret(secret, version) => secrets::create(db, secret, version),
        Write::ReplaceSecret {
            name,
            version,
            expected,
        } => secrets::replace(db, name, version, *expected),
        Write::Audit(entry) => audit::append(db, entry),
    }
}

fn moves_feed(write: &Write) -> bool {
    match write {
        Write::CreateActor(_)
        | Write::RenewGateway { .. }
        | Write::DeleteActor(_)
        | Write::CreateGroup(..)
        | Write::UpdateGroup { .. }
        | Write::DeleteGroup { .. }
        | Write::CreateSecret(..)
        | Write::ReplaceSecret { .. }
        | Write::PutGrant(_)
        | Write::RemoveGrants { .. } => true,
        Write::PutSetting(..)
        | Write::CreateOrganization(_)
        | Write::CreateEnvironment(_)
        | Write::CreateToken { .. }
        | Write::Audit(_) => false,
    }
}

fn raise_feed(db: &Connection) -> Result<ChangeSeq, StoreError> {
    let seq: i64 = db
        .prepare_cached("UPDATE change SET seq = seq + 1 RETURNING seq")?
        .query_row([], |row| row.get(0))?;
    u64::try_from(seq).map_err(|_| StoreError::Damaged {
        what: "change feed",
    })
}

/// Runs one statement; gives the number of rows it changed, `Taken` when `what` is not unique.
fn execute(
    db: &Connection,
    what: &'static str,
    sql: &str,
    params: impl Params,
) -> Result<usize, StoreError> {
    db.prepare_cached(sql)?.execute(params).map_err(|error| {
        let code = error.sqlite_error().map(|error| error.extended_code);
        match code {
            Some(ffi::SQLITE_CONSTRAINT_UNIQUE | ffi::SQLITE_CONSTRAINT_PRIMARYKEY) => {
                StoreError::Taken { what }
            }
            _ => error.into(),
        }
    })
}

/// Runs one statement that must find `what`, `Gone` otherwise.
fn execute_on(
    db: &Connection,
    what: &'static str,
    sql: &str,
    params: impl Params,
) -> Result<(), StoreError> {
    match execute(db, what, sql, params)? {
        0 => Err(StoreError::Gone { what }),
        _ => Ok(()),
    }
}

/// `Gone` when the query finds nothing.
fn require(
    db: &Connection,
    what: &'static str,
    sql: &str,
    params: impl Params,
) -> Result<(), StoreError> {
    if db.prepare_cached(sql)?.exists(params)? {
        return Ok(());
    }
    Err(StoreError::Gone { what })
}

/// Refuses a write whose parts do not belong together: a mistake of the caller.
fn consistent(holds: bool, what: &'static str) -> Result<(), StoreError> {
    if holds {
        return Ok(());
    }
    Err(EngineError::Contradiction { what }.into())
}

//! Writes as SQL. Everything here runs inside a savepoint that is undone when a write is refused.

mod accounts;
pub(super) mod audit;
mod crl_fetch;
mod edit_session;
mod enrolment;
mod groups;
mod permissions;
mod published_lists;
mod secrets;
mod versions;

use rusqlite::{Connection, Params, ffi};

use super::super::{AuditOutcome, AuditRecord, ChangeSeq, LogLine, StoreError, Write};
use super::chain::Head;
use super::{EngineError, integer};
pub(super) use secrets::Living;

/// What a batch did besides its rows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Applied {
    /// The new position of the change feed, when the batch moved it.
    pub(super) change: Option<ChangeSeq>,
    /// Whether it destroyed keys or payloads.
    pub(super) traces: Traces,
    /// What it added to the audit log.
    pub(super) log: Vec<LogLine>,
}

/// Where destroyed keys and payloads may still be found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Traces {
    None,
    InLog,
}

impl Traces {
    pub(super) const fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::None, Self::None) => Self::None,
            _ => Self::InLog,
        }
    }

    /// Rows with payloads were deleted or overwritten.
    const fn of_rows(changed: usize) -> Self {
        match changed {
            0 => Self::None,
            _ => Self::InLog,
        }
    }
}

/// Applies a batch; its entries follow from the end of the log.
pub(super) fn batch(
    db: &Connection,
    head: &mut Head,
    batch: &[Write],
) -> Result<Applied, StoreError> {
    let mut traces = Traces::None;
    let mut log = Vec::new();
    for write in batch {
        match write {
            Write::Audit(entry) => log.push(audit::append(db, head, entry)?),
            Write::Checkpoint { at, key } => log.push(audit::checkpoint(db, head, *at, key)?),
            write => traces = traces.and(apply(db, write)?),
        }
    }
    for write in batch {
        if let Write::FreeName(secret) = write {
            secrets::require_name(db, *secret)?;
        }
    }
    let change = match batch.iter().any(moves_feed) {
        true => Some(raise_feed(db)?),
        false => None,
    };
    Ok(Applied {
        change,
        traces,
        log,
    })
}

/// Notes what a batch would have done, had it not been refused.
pub(super) fn refused(
    db: &Connection,
    head: &mut Head,
    batch: &[Write],
    error: &StoreError,
) -> Result<Vec<LogLine>, StoreError> {
    let done = batch.iter().filter_map(|write| match write {
        Write::Audit(entry) if entry.outcome == AuditOutcome::Allowed => Some(entry),
        _ => None,
    });
    done.map(|entry| {
        let failed = AuditRecord {
            outcome: AuditOutcome::Failed,
            reason: Some(error.word().to_owned()),
            // It may be why: no version has a number that does not fit.
            version: entry.version.filter(|version| integer(*version).is_ok()),
            ..entry.clone()
        };
        audit::append(db, head, &failed)
    })
    .collect()
}

fn apply(db: &Connection, write: &Write) -> Result<Traces, StoreError> {
    match write {
        Write::DeleteGroup { group, at } => return groups::delete(db, *group, *at),
        Write::ReplaceSecret {
            name,
            version,
            expected,
        } => return secrets::replace(db, name, version, *expected),
        Write::DeleteSecret {
            secret,
            expected,
            users,
            at,
        } => return secrets::delete(db, *secret, *expected, *users, *at),
        Write::PutPending { version, expected } => {
            return versions::put_pending(db, version, *expected);
        }
        Write::PromotePending {
            secret,
            number,
            expected,
            at,
        } => return versions::promote(db, *secret, *number, *expected, *at),
        Write::DropPending { secret, number } => {
            return versions::drop_pending(db, *secret, *number);
        }
        Write::Stage {
            group,
            holder,
            change,
        } => return edit_session::stage(db, *group, *holder, change),
        Write::Unstage {
            group,
            holder,
            secret,
        } => return edit_session::unstage(db, *group, *holder, *secret),
        Write::EndEditSession {
            group,
            holder,
            revision,
        } => return edit_session::end(db, *group, *holder, *revision),

        Write::PutSetting(setting, value) => accounts::put_setting(db, *setting, value),
        Write::CreateOrganization(organization) => accounts::create_organization(db, organization),
        Write::CreateEnvironment(environment) => accounts::create_environment(db, environment),
        Write::CreateActor(actor) => accounts::create_actor(db, actor),
        Write::RenewGateway {
            gateway,
            certificate_not_after,
            key,
        } => enrolment::renew_gateway(db, *gateway, *certificate_not_after, *key),
        Write::RequireGatewayKey { gateway, key } => {
            enrolment::require_gateway_key(db, *gateway, *key)
        }
        Write::PutExternalIdentity { gateway, identity } => {
            enrolment::put_external_identity(db, *gateway, identity)
        }
        Write::PutJoinToken(token) => enrolment::put_join_token(db, token),
        Write::UseJoinToken { sha256, now } => enrolment::use_join_token(db, *sha256, *now),
        Write::DeleteActor(actor) => accounts::delete_actor(db, *actor),
        Write::PutSecretHash { actor, secret_hash } => {
            accounts::put_secret_hash(db, *actor, secret_hash)
        }
        Write::RequireSecretHash { actor, secret_hash } => {
            accounts::require_secret_hash(db, *actor, secret_hash)
        }
        Write::RequireAdministrator(organization) => {
            accounts::require_administrator(db, *organization)
        }
        Write::PutPermission(permission) => permissions::put(db, permission),
        Write::RemovePermissions {
            organization,
            actor,
        } => permissions::remove(db, *organization, *actor),
        Write::CreateToken { token, now } => accounts::create_token(db, token, *now),
        Write::CreateGroup(group, key) => groups::create(db, group, key),
        Write::UpdateGroup {
            group,
            name,
            downloadable,
            at,
            by,
        } => groups::update(db, *group, name, *downloadable, *at, by),
        Write::PutGrant(grant) => groups::put_grant(db, grant),
        Write::RemoveGrants { group, actor } => groups::remove_grants(db, *group, *actor),
        Write::CreateSecret(secret, version) => secrets::create(db, secret, version),
        Write::UpdateSecret {
            secret,
            name,
            expiration_date,
            expected,
            at,
        } => secrets::update(
            db,
            *secret,
            name,
            expiration_date.as_deref(),
            *expected,
            *at,
        ),
        Write::PublishLists { lists, expected } => published_lists::publish(db, lists, *expected),
        Write::KeepSignedLists {
            distributor,
            signed,
        } => published_lists::keep_signed(db, *distributor, signed),
        Write::PutCrlFetch { fetch, expected } => crl_fetch::put(db, fetch, *expected),
        Write::FreeName(secret) => secrets::free_name(db, *secret),
        Write::MoveCurrent {
            secret,
            to,
            expected,
            at,
        } => versions::move_current(db, *secret, *to, *expected, *at),
        Write::RequireUnlocked { group, except } => {
            edit_session::require_unlocked(db, *group, *except)
        }
        Write::OpenEditSession(session) => edit_session::open(db, session),
        // They are in `batch`, which wants their lines.
        Write::Audit(_) | Write::Checkpoint { .. } => Ok(()),
    }?;
    Ok(Traces::None)
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
        | Write::PutPending { .. }
        | Write::PromotePending { .. }
        | Write::DropPending { .. }
        | Write::MoveCurrent { .. }
        | Write::UpdateSecret { .. }
        | Write::DeleteSecret { .. }
        | Write::PublishLists { .. }
        | Write::KeepSignedLists { .. }
        | Write::PutExternalIdentity { .. }
        | Write::PutGrant(_)
        | Write::RemoveGrants { .. } => true,
        Write::PutSetting(..)
        | Write::CreateOrganization(_)
        | Write::CreateEnvironment(_)
        | Write::PutSecretHash { .. }
        | Write::RequireSecretHash { .. }
        | Write::RequireAdministrator(_)
        | Write::PutPermission(_)
        | Write::RemovePermissions { .. }
        | Write::CreateToken { .. }
        | Write::RequireGatewayKey { .. }
        | Write::PutJoinToken(_)
        | Write::UseJoinToken { .. }
        | Write::PutCrlFetch { .. }
        // Only what is published moves the feed.
        | Write::FreeName(_)
        | Write::RequireUnlocked { .. }
        | Write::OpenEditSession(_)
        | Write::Stage { .. }
        | Write::Unstage { .. }
        | Write::EndEditSession { .. }
        | Write::Audit(_)
        | Write::Checkpoint { .. } => false,
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

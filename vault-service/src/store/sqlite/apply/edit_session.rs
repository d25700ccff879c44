//! Edit sessions: the lock on a group, and what is staged under it.

use rusqlite::{Connection, OptionalExtension as _, named_params};
use sallyport_model::{ActorId, GroupId, SecretId};

use super::super::super::{
    EditSessionRecord, StagedAction, StagedChange, StoreError, VersionRecord,
};
use super::super::{integer, rows};
use super::groups::require_live;
use super::{Traces, consistent, execute, execute_on};

const SESSION: &str = "edit session";
const CHANGE: &str = "staged change";

pub(super) fn require_unlocked(
    db: &Connection,
    group: GroupId,
    except: Option<ActorId>,
) -> Result<(), StoreError> {
    match find(db, group)? {
        Some(session) if Some(session.holder) != except => Err(StoreError::Locked {
            holder: session.holder_name,
        }),
        _ => Ok(()),
    }
}

pub(super) fn open(db: &Connection, session: &EditSessionRecord) -> Result<(), StoreError> {
    consistent(session.revision == 0, "a new session with a past")?;
    require_live(db, session.group)?;
    require_unlocked(db, session.group, None)?;
    execute(
        db,
        SESSION,
        "INSERT INTO edit_session (secret_group, holder, holder_name, opened_at, revision)
         VALUES (:group, :holder, :holder_name, :opened_at, 0)",
        named_params! {
            ":group": session.group.as_bytes(),
            ":holder": session.holder.as_bytes(),
            ":holder_name": session.holder_name,
            ":opened_at": session.opened_at.0,
        },
    )
    .map(drop)
}

pub(super) fn stage(
    db: &Connection,
    group: GroupId,
    holder: ActorId,
    change: &StagedChange,
) -> Result<Traces, StoreError> {
    raise_revision(db, group, holder)?;
    let before: Option<i64> = db
        .prepare_cached("SELECT step FROM staged_change WHERE secret_group = ?1 AND secret = ?2")?
        .query_row((group.as_bytes(), change.secret.as_bytes()), |row| {
            row.get(0)
        })
        .optional()?;
    let found =
        u64::try_from(before.unwrap_or(0)).map_err(|_| StoreError::Damaged { what: CHANGE })?;
    let expected = change.step.saturating_sub(1);
    if found != expected {
        return Err(StoreError::Stale { expected, found });
    }
    let overwritten = remove(db, group, change.secret)?;
    let version = change.action.version();
    consistent(
        version.is_none_or(|version| version.secret == change.secret),
        "a change with the version of another secret",
    )?;
    let expiration_date = match &change.action {
        StagedAction::Create(version) | StagedAction::Replace(version) => &version.expiration_date,
        StagedAction::Update { expiration_date } => expiration_date,
        StagedAction::Delete => &None,
    };
    let refers_to = version.map(|version| {
        let ids = version.refers_to.iter();
        ids.flat_map(|id| *id.as_bytes()).collect::<Vec<u8>>()
    });
    execute(
        db,
        CHANGE,
        "INSERT INTO staged_change (secret_group, secret, collection, name, step, staged_at, action,
                                    expiration_date, number, metadata, refers_to, created_at,
                                    created_by, envelope)
         VALUES (:group, :secret, :collection, :name, :step, :staged_at, :action,
                 :expiration_date, :number, :metadata, :refers_to, :created_at,
                 :created_by, :envelope)",
        named_params! {
            ":group": group.as_bytes(),
            ":secret": change.secret.as_bytes(),
            ":collection": change.collection.as_str(),
            ":name": change.name.as_str(),
            ":step": integer(change.step)?,
            ":staged_at": change.staged_at.0,
            ":action": change.action.as_str(),
            ":expiration_date": expiration_date,
            ":number": version.map(|version| integer(version.number)).transpose()?,
            ":metadata": version.map(|version| &version.metadata),
            ":refers_to": refers_to,
            ":created_at": version.map(|version| version.created_at.0),
            ":created_by": version.map(|version| &version.created_by),
            ":envelope": version.map(|VersionRecord { envelope, .. }| envelope),
        },
    )?;
    Ok(overwritten)
}

pub(super) fn unstage(
    db: &Connection,
    group: GroupId,
    holder: ActorId,
    secret: SecretId,
) -> Result<Traces, StoreError> {
    raise_revision(db, group, holder)?;
    remove(db, group, secret)
}

pub(super) fn end(
    db: &Connection,
    group: GroupId,
    holder: ActorId,
    revision: Option<u64>,
) -> Result<Traces, StoreError> {
    let session = held(db, group, holder)?;
    if let Some(expected) = revision.filter(|revision| *revision != session.revision) {
        let found = session.revision;
        return Err(StoreError::Stale { expected, found });
    }
    let destroyed = execute(
        db,
        CHANGE,
        "DELETE FROM staged_change WHERE secret_group = ?1",
        (group.as_bytes(),),
    )?;
    execute_on(
        db,
        SESSION,
        "DELETE FROM edit_session WHERE secret_group = ?1",
        (group.as_bytes(),),
    )?;
    Ok(Traces::of_rows(destroyed))
}

fn find(db: &Connection, group: GroupId) -> Result<Option<EditSessionRecord>, StoreError> {
    db.prepare_cached("SELECT * FROM edit_session WHERE secret_group = ?1")?
        .query_row((group.as_bytes(),), |row| Ok(rows::edit_session(row)))
        .optional()?
        .transpose()
}

/// The session, if this actor holds it.
fn held(db: &Connection, group: GroupId, holder: ActorId) -> Result<EditSessionRecord, StoreError> {
    match find(db, group)? {
        Some(session) if session.holder == holder => Ok(session),
        Some(session) => Err(StoreError::Locked {
            holder: session.holder_name,
        }),
        None => Err(StoreError::Gone { what: SESSION }),
    }
}

fn raise_revision(db: &Connection, group: GroupId, holder: ActorId) -> Result<(), StoreError> {
    held(db, group, holder)?;
    execute_on(
        db,
        SESSION,
        "UPDATE edit_session SET revision = revision + 1 WHERE secret_group = ?1",
        (group.as_bytes(),),
    )
}

fn remove(db: &Connection, group: GroupId, secret: SecretId) -> Result<Traces, StoreError> {
    execute(
        db,
        CHANGE,
        "DELETE FROM staged_change WHERE secret_group = ?1 AND secret = ?2",
        (group.as_bytes(), secret.as_bytes()),
    )
    .map(Traces::of_rows)
}

//! Secret groups, their keys and grants.

use std::collections::BTreeSet;

use rusqlite::{Connection, named_params};
use sallyport_model::{ActorId, GrantLimit, GroupId, GroupName};
use sallyport_pki::UnixTime;

use super::super::super::{GrantRecord, GroupKeyRecord, GroupRecord, StoreError};
use super::accounts::{require_actor, require_environment};
use super::{Traces, consistent, execute, execute_on, require};

const GROUP: &str = "secret group";

pub(super) fn create(
    db: &Connection,
    group: &GroupRecord,
    key: &GroupKeyRecord,
) -> Result<(), StoreError> {
    consistent(key.group == group.id, "a new group with another's key")?;
    consistent(group.deleted_at.is_none(), "a new group that is deleted")?;
    require_environment(db, group.scope.organization, group.scope.environment)?;
    execute(
        db,
        GROUP,
        "INSERT INTO secret_group (id, organization, environment, name, downloadable,
                                   created_at, modified_at, modified_by)
         VALUES (:id, :organization, :environment, :name, :downloadable,
                 :created_at, :modified_at, :modified_by)",
        named_params! {
            ":id": group.id.as_bytes(),
            ":organization": group.scope.organization.as_bytes(),
            ":environment": group.scope.environment.as_bytes(),
            ":name": group.name.as_str(),
            ":downloadable": group.downloadable,
            ":created_at": group.created_at.0,
            ":modified_at": group.modified_at.0,
            ":modified_by": group.modified_by,
        },
    )?;
    execute(
        db,
        "group key",
        "INSERT INTO group_key (secret_group, term, public_key, sealed_private_key, created_at)
         VALUES (:group, :term, :public_key, :sealed_private_key, :created_at)",
        named_params! {
            ":group": key.group.as_bytes(),
            ":term": key.term,
            ":public_key": key.public_key,
            ":sealed_private_key": key.sealed_private_key,
            ":created_at": key.created_at.0,
        },
    )
    .map(drop)
}

/// A group that is there and not deleted.
pub(super) fn require_live(db: &Connection, group: GroupId) -> Result<(), StoreError> {
    require(
        db,
        GROUP,
        "SELECT 1 FROM secret_group WHERE id = ?1 AND deleted_at IS NULL",
        (group.as_bytes(),),
    )
}

pub(super) fn update(
    db: &Connection,
    group: GroupId,
    name: &GroupName,
    downloadable: bool,
    at: UnixTime,
    by: &str,
) -> Result<(), StoreError> {
    execute_on(
        db,
        GROUP,
        "UPDATE secret_group
         SET name = :name, downloadable = :downloadable, modified_at = :at, modified_by = :by
         WHERE id = :group AND deleted_at IS NULL",
        named_params! {
            ":group": group.as_bytes(),
            ":name": name.as_str(),
            ":downloadable": downloadable,
            ":at": at.0,
            ":by": by,
        },
    )
}

pub(super) fn delete(db: &Connection, group: GroupId, at: UnixTime) -> Result<Traces, StoreError> {
    execute_on(
        db,
        GROUP,
        "UPDATE secret_group SET deleted_at = ?2 WHERE id = ?1 AND deleted_at IS NULL",
        (group.as_bytes(), at.0),
    )?;
    for sql in [
        "DELETE FROM edit_session WHERE secret_group = ?1",
        "DELETE FROM group_key WHERE secret_group = ?1",
        "DELETE FROM version WHERE secret IN (SELECT id FROM secret WHERE secret_group = ?1)",
        "DELETE FROM crl_fetch
         WHERE distributor IN (SELECT id FROM secret WHERE secret_group = ?1)",
        "DELETE FROM published_lists
         WHERE distributor IN (SELECT id FROM secret WHERE secret_group = ?1)",
    ] {
        execute(db, GROUP, sql, (group.as_bytes(),))?;
    }
    execute(
        db,
        GROUP,
        "UPDATE secret SET deleted_at = ?2, previous = NULL, pending = NULL
         WHERE secret_group = ?1 AND deleted_at IS NULL",
        (group.as_bytes(), at.0),
    )?;
    Ok(Traces::InLog)
}

pub(super) fn put_grant(db: &Connection, grant: &GrantRecord) -> Result<(), StoreError> {
    require_live(db, grant.group)?;
    require_actor(db, grant.actor)?;
    execute(
        db,
        "grant",
        "INSERT INTO access_grant (secret_group, actor, access, reach, granted_at, granted_by)
         VALUES (:group, :actor, :access, :reach, :granted_at, :granted_by)
         ON CONFLICT DO NOTHING",
        named_params! {
            ":group": grant.group.as_bytes(),
            ":actor": grant.actor.as_bytes(),
            ":access": grant.access.as_str(),
            ":reach": grant.reach.limits().map(lines),
            ":granted_at": grant.granted_at.0,
            ":granted_by": grant.granted_by,
        },
    )
    .map(drop)
}

fn lines(limits: &BTreeSet<GrantLimit>) -> String {
    let lines: Vec<String> = limits.iter().map(GrantLimit::to_string).collect();
    lines.join("\n")
}

pub(super) fn remove_grants(
    db: &Connection,
    group: GroupId,
    actor: ActorId,
) -> Result<(), StoreError> {
    execute(
        db,
        "grant",
        "DELETE FROM access_grant WHERE secret_group = ?1 AND actor = ?2",
        (group.as_bytes(), actor.as_bytes()),
    )
    .map(drop)
}

//! Permissions.

use rusqlite::{Connection, named_params};
use sallyport_model::{ActorId, EnvironmentId, OrganizationId};

use super::super::super::{PermissionRecord, StoreError};
use super::accounts::{require_actor, require_environment, require_organization};
use super::execute;

pub(super) fn put(db: &Connection, permission: &PermissionRecord) -> Result<(), StoreError> {
    require_actor(db, permission.actor)?;
    match permission.environment {
        Some(environment) => require_environment(db, permission.organization, environment)?,
        None => require_organization(db, permission.organization)?,
    }
    execute(
        db,
        "permission",
        "INSERT INTO permission (actor, permission, organization, environment, granted_at,
                                 granted_by)
         VALUES (:actor, :permission, :organization, :environment, :granted_at, :granted_by)
         ON CONFLICT DO NOTHING",
        named_params! {
            ":actor": permission.actor.as_bytes(),
            ":permission": permission.permission.as_str(),
            ":organization": permission.organization.as_bytes(),
            ":environment": permission.environment.as_ref().map(EnvironmentId::as_bytes),
            ":granted_at": permission.granted_at.0,
            ":granted_by": permission.granted_by,
        },
    )
    .map(drop)
}

pub(super) fn remove(
    db: &Connection,
    organization: OrganizationId,
    actor: ActorId,
) -> Result<(), StoreError> {
    execute(
        db,
        "permission",
        "DELETE FROM permission WHERE organization = ?1 AND actor = ?2",
        (organization.as_bytes(), actor.as_bytes()),
    )
    .map(drop)
}

//! Organizations, environments, actors, permissions and tokens.

use rusqlite::Connection;
use sallyport_model::{ActorId, EnvironmentId, OrganizationId, Scope, Username};

use super::super::super::{
    ActorKind, ActorRecord, EnvironmentRecord, JoinTokenRecord, OrganizationRecord,
    PermissionRecord, StoreError, TokenRecord,
};
use super::super::rows;
use super::super::words::Word as _;
use super::{all, one};

pub(in super::super) fn organization(
    db: &Connection,
    id: OrganizationId,
) -> Result<Option<OrganizationRecord>, StoreError> {
    one(
        db,
        "SELECT * FROM organization WHERE id = ?1",
        (id.as_bytes(),),
        rows::organization,
    )
}

/// Itself first. A parent is older than its child and never changes, so this ends.
pub(in super::super) fn lineage(
    db: &Connection,
    id: OrganizationId,
) -> Result<Vec<OrganizationRecord>, StoreError> {
    all(
        db,
        "WITH RECURSIVE above (id, distance) AS (
             SELECT id, 0 FROM organization WHERE id = ?1
             UNION ALL
             SELECT parent, distance + 1 FROM above JOIN organization USING (id)
             WHERE parent IS NOT NULL)
         SELECT organization.* FROM above JOIN organization USING (id) ORDER BY distance",
        (id.as_bytes(),),
        rows::organization,
    )
}

/// Itself first.
pub(in super::super) fn organizations_from(
    db: &Connection,
    id: OrganizationId,
) -> Result<Vec<OrganizationRecord>, StoreError> {
    all(
        db,
        "WITH RECURSIVE below (id, distance) AS (
             SELECT id, 0 FROM organization WHERE id = ?1
             UNION ALL
             SELECT organization.id, distance + 1 FROM below
             JOIN organization ON organization.parent = below.id)
         SELECT organization.* FROM below JOIN organization USING (id) ORDER BY distance, name",
        (id.as_bytes(),),
        rows::organization,
    )
}

pub(in super::super) fn environments(
    db: &Connection,
    organization: OrganizationId,
) -> Result<Vec<EnvironmentRecord>, StoreError> {
    all(
        db,
        "SELECT * FROM environment WHERE organization = ?1 ORDER BY name",
        (organization.as_bytes(),),
        rows::environment,
    )
}

pub(in super::super) fn environment(
    db: &Connection,
    organization: OrganizationId,
    id: EnvironmentId,
) -> Result<Option<EnvironmentRecord>, StoreError> {
    one(
        db,
        "SELECT * FROM environment WHERE organization = ?1 AND id = ?2",
        (organization.as_bytes(), id.as_bytes()),
        rows::environment,
    )
}

pub(in super::super) fn actor(
    db: &Connection,
    id: ActorId,
) -> Result<Option<ActorRecord>, StoreError> {
    one(
        db,
        "SELECT * FROM actor WHERE id = ?1",
        (id.as_bytes(),),
        rows::actor,
    )
}

pub(in super::super) fn user_by_name(
    db: &Connection,
    name: &Username,
) -> Result<Option<ActorRecord>, StoreError> {
    one(
        db,
        "SELECT * FROM actor WHERE name_key = ?1",
        (name.key(),),
        rows::actor,
    )
}

pub(in super::super) fn actors(
    db: &Connection,
    organization: OrganizationId,
    kind: ActorKind,
) -> Result<Vec<ActorRecord>, StoreError> {
    all(
        db,
        "SELECT * FROM actor WHERE organization = ?1 AND kind = ?2 ORDER BY name, id",
        (organization.as_bytes(), kind.word()),
        rows::actor,
    )
}

pub(in super::super) fn permissions_of(
    db: &Connection,
    actor: ActorId,
) -> Result<Vec<PermissionRecord>, StoreError> {
    all(
        db,
        "SELECT * FROM permission WHERE actor = ?1
         ORDER BY organization, environment, permission",
        (actor.as_bytes(),),
        rows::permission,
    )
}

pub(in super::super) fn gateways(
    db: &Connection,
    scope: Scope,
) -> Result<Vec<ActorRecord>, StoreError> {
    all(
        db,
        "SELECT * FROM actor
         WHERE organization = ?1 AND environment = ?2 AND kind = 'gateway' ORDER BY name",
        (scope.organization.as_bytes(), scope.environment.as_bytes()),
        rows::actor,
    )
}

pub(in super::super) fn join_token(
    db: &Connection,
    sha256: [u8; 32],
) -> Result<Option<JoinTokenRecord>, StoreError> {
    one(
        db,
        "SELECT * FROM join_token WHERE sha256 = ?1",
        (sha256,),
        rows::join_token,
    )
}

pub(in super::super) fn gateway_known_as(
    db: &Connection,
    identity: &str,
) -> Result<Option<ActorId>, StoreError> {
    let known = one(
        db,
        "SELECT * FROM external_identity WHERE identity = ?1",
        (identity,),
        rows::external_identity,
    )?;
    Ok(known.map(|(gateway, _)| gateway))
}

pub(in super::super) fn external_identities(
    db: &Connection,
    scope: Scope,
) -> Result<Vec<(ActorId, String)>, StoreError> {
    all(
        db,
        "SELECT external_identity.* FROM external_identity
         JOIN actor ON actor.id = external_identity.gateway
         WHERE organization = ?1 AND environment = ?2",
        (scope.organization.as_bytes(), scope.environment.as_bytes()),
        rows::external_identity,
    )
}

pub(in super::super) fn gateway_key(
    db: &Connection,
    gateway: ActorId,
) -> Result<Option<[u8; 32]>, StoreError> {
    one(
        db,
        "SELECT * FROM gateway_key WHERE gateway = ?1",
        (gateway.as_bytes(),),
        rows::gateway_key,
    )
}

pub(in super::super) fn token(
    db: &Connection,
    sha256: [u8; 32],
) -> Result<Option<TokenRecord>, StoreError> {
    one(
        db,
        "SELECT * FROM token WHERE sha256 = ?1",
        (sha256,),
        rows::token,
    )
}

//! Settings, organizations, environments, actors and tokens.

use rusqlite::{Connection, named_params};
use sallyport_model::{ActorId, EnvironmentId, OrganizationId, Username};
use sallyport_pki::UnixTime;

use super::super::super::{
    ActorKind, ActorRecord, EnvironmentRecord, OrganizationRecord, Setting, StoreError, TokenRecord,
};
use super::super::words::{Word as _, setting_name};
use super::{consistent, execute, execute_on, require};

pub(super) fn put_setting(
    db: &Connection,
    setting: Setting,
    value: &[u8],
) -> Result<(), StoreError> {
    execute(
        db,
        "setting",
        "INSERT INTO setting (name, value) VALUES (:name, :value)",
        named_params! { ":name": setting_name(setting), ":value": value },
    )
    .map(drop)
}

pub(super) fn create_organization(
    db: &Connection,
    organization: &OrganizationRecord,
) -> Result<(), StoreError> {
    if let Some(parent) = organization.parent {
        require_organization(db, parent)?;
    }
    execute(
        db,
        "organization",
        "INSERT INTO organization (id, name, parent) VALUES (:id, :name, :parent)",
        named_params! {
            ":id": organization.id.as_bytes(),
            ":name": organization.name,
            ":parent": organization.parent.as_ref().map(OrganizationId::as_bytes),
        },
    )
    .map(drop)
}

pub(super) fn create_environment(
    db: &Connection,
    environment: &EnvironmentRecord,
) -> Result<(), StoreError> {
    require_organization(db, environment.organization)?;
    execute(
        db,
        "environment",
        "INSERT INTO environment (id, organization, name, production)
         VALUES (:id, :organization, :name, :production)",
        named_params! {
            ":id": environment.id.as_bytes(),
            ":organization": environment.organization.as_bytes(),
            ":name": environment.name,
            ":production": environment.production,
        },
    )
    .map(drop)
}

/// An environment that is there, in this organization.
pub(super) fn require_environment(
    db: &Connection,
    organization: OrganizationId,
    environment: EnvironmentId,
) -> Result<(), StoreError> {
    require(
        db,
        "environment",
        "SELECT 1 FROM environment WHERE organization = ?1 AND id = ?2",
        (organization.as_bytes(), environment.as_bytes()),
    )
}

pub(super) fn create_actor(db: &Connection, actor: &ActorRecord) -> Result<(), StoreError> {
    let name_key = match actor.kind {
        ActorKind::User => {
            let username = actor.name.parse::<Username>();
            consistent(username.is_ok(), "a user without a username")?;
            username.ok().map(|username| username.key())
        }
        ActorKind::ConnectedApp | ActorKind::Gateway => None,
    };
    require_organization(db, actor.organization)?;
    if let Some(environment) = actor.environment {
        require_environment(db, actor.organization, environment)?;
    }
    execute(
        db,
        match actor.kind {
            ActorKind::User => "user",
            ActorKind::ConnectedApp => "connected app",
            ActorKind::Gateway => "gateway",
        },
        "INSERT INTO actor (id, kind, organization, environment, name, name_key, administrator,
                            secret_hash, created_at, certificate_not_after)
         VALUES (:id, :kind, :organization, :environment, :name, :name_key, :administrator,
                 :secret_hash, :created_at, :certificate_not_after)",
        named_params! {
            ":id": actor.id.as_bytes(),
            ":kind": actor.kind.word(),
            ":organization": actor.organization.as_bytes(),
            ":environment": actor.environment.as_ref().map(EnvironmentId::as_bytes),
            ":name": actor.name,
            ":name_key": name_key,
            ":administrator": actor.administrator,
            ":secret_hash": actor.secret_hash,
            ":created_at": actor.created_at.0,
            ":certificate_not_after": actor.certificate_not_after.map(|at| at.0),
        },
    )
    .map(drop)
}

/// An actor that is there.
pub(super) fn require_actor(db: &Connection, actor: ActorId) -> Result<(), StoreError> {
    require(
        db,
        "actor",
        "SELECT 1 FROM actor WHERE id = ?1",
        (actor.as_bytes(),),
    )
}

// Tokens, grants and permissions go with it, by their foreign keys.
pub(super) fn delete_actor(db: &Connection, actor: ActorId) -> Result<(), StoreError> {
    execute_on(
        db,
        "actor",
        "DELETE FROM actor WHERE id = ?1",
        (actor.as_bytes(),),
    )
}

pub(super) fn put_secret_hash(
    db: &Connection,
    actor: ActorId,
    secret_hash: &str,
) -> Result<(), StoreError> {
    execute_on(
        db,
        "actor",
        "UPDATE actor SET secret_hash = ?2 WHERE id = ?1 AND kind <> 'gateway'",
        (actor.as_bytes(), secret_hash),
    )?;
    execute(
        db,
        "token",
        "DELETE FROM token WHERE actor = ?1",
        (actor.as_bytes(),),
    )
    .map(drop)
}

pub(super) fn require_secret_hash(
    db: &Connection,
    actor: ActorId,
    secret_hash: &str,
) -> Result<(), StoreError> {
    require(
        db,
        "secret hash",
        "SELECT 1 FROM actor WHERE id = ?1 AND secret_hash = ?2",
        (actor.as_bytes(), secret_hash),
    )
}

pub(super) fn require_administrator(
    db: &Connection,
    organization: OrganizationId,
) -> Result<(), StoreError> {
    require(
        db,
        "administrator",
        "WITH RECURSIVE above (id) AS (
             VALUES (?1)
             UNION ALL
             SELECT parent FROM above JOIN organization USING (id) WHERE parent IS NOT NULL)
         SELECT 1 FROM actor JOIN above ON actor.organization = above.id
         WHERE administrator AND secret_hash IS NOT NULL",
        (organization.as_bytes(),),
    )
}

pub(super) fn create_token(
    db: &Connection,
    token: &TokenRecord,
    now: UnixTime,
) -> Result<(), StoreError> {
    require_actor(db, token.actor)?;
    execute(
        db,
        "token",
        "DELETE FROM token WHERE expires_at < ?1",
        (now.0,),
    )?;
    execute(
        db,
        "token",
        "INSERT INTO token (sha256, actor, expires_at) VALUES (:sha256, :actor, :expires_at)",
        named_params! {
            ":sha256": token.sha256,
            ":actor": token.actor.as_bytes(),
            ":expires_at": token.expires_at.0,
        },
    )
    .map(drop)
}

/// An organization that is there.
pub(super) fn require_organization(
    db: &Connection,
    organization: OrganizationId,
) -> Result<(), StoreError> {
    require(
        db,
        "organization",
        "SELECT 1 FROM organization WHERE id = ?1",
        (organization.as_bytes(),),
    )
}

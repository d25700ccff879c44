//! Connected apps: programs with a client id and secret.

use sallyport_model::{ActorId, OrganizationId, SecretName, SecretString};
use sallyport_pki::UnixTime;
use serde::Deserialize;
use uuid::Uuid;

use super::Manager;
use super::error::ManagerError;
use super::groups::random;
use super::members::Sight;
use crate::access::{Caller, Wish};
use crate::accounts::HashingRoom;
use crate::audit::Entry;
use crate::store::{ActorKind, ActorRecord, Write};

/// The JSON body of a create.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewConnectedApp {
    name: SecretName,
    #[serde(default)]
    administrator: bool,
}

impl Manager {
    /// Connected apps of an organization, by name, and how much of them the caller sees.
    pub async fn connected_apps(
        &self,
        caller: &Caller,
        organization: OrganizationId,
        now: UnixTime,
    ) -> Result<(Sight, Vec<ActorRecord>), ManagerError> {
        let sight = self
            .sight_of_members(caller, organization, "connectedApp.list", now)
            .await?;
        let kind = ActorKind::ConnectedApp;
        Ok((sight, self.store.actors(organization, kind).await?))
    }

    /// Makes a connected app. Its secret is in this answer only.
    pub async fn create_connected_app(
        &self,
        caller: &Caller,
        organization: OrganizationId,
        new: NewConnectedApp,
        hashing: &HashingRoom,
        now: UnixTime,
    ) -> Result<(ActorId, SecretString), ManagerError> {
        const OPERATION: &str = "connectedApp.create";
        self.require_organization(caller, organization, Wish::Administer, OPERATION, now)
            .await?;
        let id = ActorId::new(Uuid::from_bytes(random()?));
        let (secret, secret_hash) = hashing.new_client_secret().await?;
        let app = ActorRecord {
            id,
            kind: ActorKind::ConnectedApp,
            organization,
            environment: None,
            name: new.name.to_string(),
            administrator: new.administrator,
            secret_hash: Some(secret_hash),
            created_at: now,
            certificate_not_after: None,
        };
        let object = format!("{} ({id})", new.name);
        let entry = Entry::new(caller, organization, OPERATION, object, now).allowed();
        self.store
            .commit(vec![Write::CreateActor(app), entry])
            .await?;
        Ok((id, secret))
    }

    /// Gives a connected app another secret; its tokens end.
    pub async fn rotate_client_secret(
        &self,
        caller: &Caller,
        organization: OrganizationId,
        id: ActorId,
        hashing: &HashingRoom,
        now: UnixTime,
    ) -> Result<SecretString, ManagerError> {
        const OPERATION: &str = "connectedApp.secret";
        self.require_organization(caller, organization, Wish::Administer, OPERATION, now)
            .await?;
        let app = self
            .member(organization, ActorKind::ConnectedApp, id)
            .await?;
        let (secret, secret_hash) = hashing.new_client_secret().await?;
        let put = Write::PutSecretHash {
            actor: id,
            secret_hash,
        };
        let object = format!("{} ({id})", app.name);
        let entry = Entry::new(caller, organization, OPERATION, object, now).allowed();
        self.store.commit(vec![put, entry]).await?;
        Ok(secret)
    }

    /// Deletes a connected app with its tokens, grants and permissions.
    pub async fn delete_connected_app(
        &self,
        caller: &Caller,
        organization: OrganizationId,
        id: ActorId,
        now: UnixTime,
    ) -> Result<(), ManagerError> {
        const OPERATION: &str = "connectedApp.delete";
        self.require_organization(caller, organization, Wish::Administer, OPERATION, now)
            .await?;
        let app = self
            .member(organization, ActorKind::ConnectedApp, id)
            .await?;
        self.delete_member(caller, app, OPERATION, now).await
    }
}

//! Users: people with a name and a password.

use sallyport_model::{ActorId, OrganizationId, Username};
use sallyport_pki::UnixTime;
use serde::Deserialize;
use uuid::Uuid;

use super::Manager;
use super::error::{ManagerError, taken};
use super::groups::random;
use super::members::Sight;
use crate::access::{Caller, Wish};
use crate::accounts::{HashingRoom, NewPassword};
use crate::audit::Entry;
use crate::store::{ActorKind, ActorRecord, Write};

/// The JSON body of a create.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewUser {
    username: Username,
    password: NewPassword,
    #[serde(default)]
    administrator: bool,
}

impl Manager {
    /// Users of an organization, by name, and how much of them the caller sees.
    pub async fn users(
        &self,
        caller: &Caller,
        organization: OrganizationId,
        now: UnixTime,
    ) -> Result<(Sight, Vec<ActorRecord>), ManagerError> {
        let sight = self
            .sight_of_members(caller, organization, "user.list", now)
            .await?;
        let users = self.store.actors(organization, ActorKind::User).await?;
        Ok((sight, users))
    }

    /// Makes a user. Its name is taken in all organizations, because it signs in without naming one.
    pub async fn create_user(
        &self,
        caller: &Caller,
        organization: OrganizationId,
        new: NewUser,
        hashing: &HashingRoom,
        now: UnixTime,
    ) -> Result<ActorId, ManagerError> {
        const OPERATION: &str = "user.create";
        self.require_organization(caller, organization, Wish::Administer, OPERATION, now)
            .await?;
        let id = ActorId::new(Uuid::from_bytes(random()?));
        let user = ActorRecord {
            id,
            kind: ActorKind::User,
            organization,
            environment: None,
            name: new.username.to_string(),
            administrator: new.administrator,
            secret_hash: Some(hashing.hash(new.password.into_secret()).await?),
            created_at: now,
            certificate_not_after: None,
        };
        let object = format!("{} ({id})", new.username);
        let entry = Entry::new(caller, organization, OPERATION, object, now).allowed();
        self.store
            .commit(vec![Write::CreateActor(user), entry])
            .await
            .map_err(|error| taken(error, "user", new.username.as_str()))?;
        Ok(id)
    }

    /// Gives a user another password; its tokens end. A user may do this for itself.
    pub async fn change_password(
        &self,
        caller: &Caller,
        organization: OrganizationId,
        id: ActorId,
        password: NewPassword,
        hashing: &HashingRoom,
        now: UnixTime,
    ) -> Result<(), ManagerError> {
        const OPERATION: &str = "user.password";
        let wish = if caller.id == id {
            Wish::SeeOrganization
        } else {
            Wish::Administer
        };
        self.require_organization(caller, organization, wish, OPERATION, now)
            .await?;
        let user = self.member(organization, ActorKind::User, id).await?;
        let put = Write::PutSecretHash {
            actor: id,
            secret_hash: hashing.hash(password.into_secret()).await?,
        };
        let object = format!("{} ({id})", user.name);
        let entry = Entry::new(caller, organization, OPERATION, object, now).allowed();
        self.store.commit(vec![put, entry]).await?;
        Ok(())
    }

    /// Deletes a user with its tokens, grants and permissions.
    pub async fn delete_user(
        &self,
        caller: &Caller,
        organization: OrganizationId,
        id: ActorId,
        now: UnixTime,
    ) -> Result<(), ManagerError> {
        const OPERATION: &str = "user.delete";
        self.require_organization(caller, organization, Wish::Administer, OPERATION, now)
            .await?;
        let user = self.member(organization, ActorKind::User, id).await?;
        self.delete_member(caller, user, OPERATION, now).await
    }
}

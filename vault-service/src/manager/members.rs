//! What users and connected apps of an organization have in common.

use sallyport_model::{ActorId, OrganizationId, Scope};
use sallyport_pki::UnixTime;

use super::Manager;
use super::authority::Standing;
use super::error::ManagerError;
use crate::access::{Caller, Decision, Wish};
use crate::audit::Entry;
use crate::store::{ActorKind, ActorRecord, StoreError, Write};

/// How much of the others a caller sees.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sight {
    /// Everything.
    Whole,
    /// Ids and names, to grant something to.
    Names,
}

impl Manager {
    /// How much the caller sees of an organization's users and connected apps: all if it administers
    /// them, names if it may grant access to a group somewhere in the organization.
    pub(super) async fn sight_of_members(
        &self,
        caller: &Caller,
        organization: OrganizationId,
        operation: &str,
        now: UnixTime,
    ) -> Result<Sight, ManagerError> {
        let standing = self.standing(caller, organization).await?;
        if standing.decide(None, &[], Wish::Administer) != Decision::Allow {
            for environment in self.store.environments(organization).await? {
                let scope = Scope {
                    organization,
                    environment: environment.id,
                };
                if self.may_grant(caller, &standing, scope).await? {
                    return Ok(Sight::Names);
                }
            }
        }
        self.require_organization(caller, organization, Wish::Administer, operation, now)
            .await?;
        Ok(Sight::Whole)
    }

    /// Whether the caller may grant access to some group of an environment.
    pub(super) async fn may_grant(
        &self,
        caller: &Caller,
        standing: &Standing<'_>,
        scope: Scope,
    ) -> Result<bool, ManagerError> {
        let grants = self.store.grants_in(scope, caller.id).await?;
        let decision = standing.decide(Some(scope.environment), &grants, Wish::SeeGrants);
        Ok(decision == Decision::Allow)
    }

    /// An actor of this kind in this organization.
    pub(super) async fn member(
        &self,
        organization: OrganizationId,
        kind: ActorKind,
        id: ActorId,
    ) -> Result<ActorRecord, ManagerError> {
        self.store
            .actor(id)
            .await?
            .filter(|actor| actor.kind == kind && actor.organization == organization)
            .ok_or_else(|| ManagerError::NoSuch {
                what: match kind {
                    ActorKind::User => "user",
                    ActorKind::ConnectedApp => "connected app",
                    ActorKind::Gateway => "gateway",
                },
                name: id.to_string(),
            })
    }

    /// Deletes an actor, unless nobody would be left to administer its organization.
    pub(super) async fn delete_member(
        &self,
        caller: &Caller,
        member: ActorRecord,
        operation: &str,
        now: UnixTime,
    ) -> Result<(), ManagerError> {
        let object = format!("{} ({})", member.name, member.id);
        let mut writes = vec![Write::DeleteActor(member.id)];
        if member.administrator {
            writes.push(Write::RequireAdministrator(member.organization));
        }
        writes.push(Entry::new(caller, member.organization, operation, object, now).allowed());
        self.store
            .commit(writes)
            .await
            .map_err(|error| match error {
                StoreError::Gone {
                    what: "administrator",
                } => ManagerError::LastAdministrator,
                error => error.into(),
            })
    }
}

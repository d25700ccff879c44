//! What users and connected apps of an organization have in common.

use sallyport_model::{ActorId, OrganizationId};
use sallyport_pki::UnixTime;

use super::Manager;
use super::error::ManagerError;
use crate::access::Caller;
use crate::audit::Entry;
use crate::store::{ActorKind, ActorRecord, StoreError, Write};

impl Manager {
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

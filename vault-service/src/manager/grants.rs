//! Grants: who may do what in a group.

use sallyport_model::{Access, ActorId};
use sallyport_pki::UnixTime;

use super::Manager;
use super::error::{ManagerError, Problem, Violation};
use super::groups::group_path;
use crate::access::Caller;
use crate::audit::Entry;
use crate::store::{ActorKind, ActorRecord, GrantRecord, GroupRecord, Write};

/// An actor and what it may do in a group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grantee {
    /// Who.
    pub actor: ActorRecord,
    /// What, in order.
    pub access: Vec<Access>,
}

impl Manager {
    /// Everybody with a grant on the group.
    pub async fn grants(&self, group: &GroupRecord) -> Result<Vec<Grantee>, ManagerError> {
        let mut grantees: Vec<Grantee> = Vec::new();
        for grant in self.store.grants(group.id).await? {
            match grantees
                .iter_mut()
                .find(|grantee| grantee.actor.id == grant.actor)
            {
                Some(grantee) => grantee.access.push(grant.access),
                None => {
                    if let Some(actor) = self.store.actor(grant.actor).await? {
                        grantees.push(Grantee {
                            actor,
                            access: vec![grant.access],
                        });
                    }
                }
            }
        }
        for grantee in &mut grantees {
            grantee.access.sort_unstable();
        }
        Ok(grantees)
    }

    /// Gives an actor of the same environment these accesses, and takes others away.
    pub async fn grant(
        &self,
        caller: &Caller,
        group: &GroupRecord,
        actor: ActorId,
        access: Vec<Access>,
        now: UnixTime,
    ) -> Result<Grantee, ManagerError> {
        let actor = self.grantable(group, actor).await?;
        if access.is_empty() {
            return Err(Violation::new("/access", Problem::Missing).into());
        }
        if actor.kind == ActorKind::Gateway
            && let Some(index) = access.iter().position(|access| *access != Access::Read)
        {
            let problem = Problem::Unsupported {
                supported: "read, for a gateway",
            };
            return Err(Violation::new(format!("/access/{index}"), problem).into());
        }
        let mut access = access;
        access.sort_unstable();
        access.dedup();

        let mut writes = vec![Write::RemoveGrants {
            group: group.id,
            actor: actor.id,
        }];
        writes.extend(access.iter().map(|access| {
            Write::PutGrant(GrantRecord {
                group: group.id,
                actor: actor.id,
                access: *access,
                granted_at: now,
                granted_by: caller.name.clone(),
            })
        }));
        writes
            .push(Entry::new(caller, group.scope, "grant.put", path(group, &actor), now).allowed());
        self.store.commit(writes).await?;
        Ok(Grantee { actor, access })
    }

    /// Takes all accesses of an actor away; an open watch of a gateway is told at once.
    pub async fn revoke(
        &self,
        caller: &Caller,
        group: &GroupRecord,
        actor: ActorId,
        now: UnixTime,
    ) -> Result<(), ManagerError> {
        let actor = self.grantable(group, actor).await?;
        let remove = Write::RemoveGrants {
            group: group.id,
            actor: actor.id,
        };
        let entry = Entry::new(
            caller,
            group.scope,
            "grant.remove",
            path(group, &actor),
            now,
        )
        .allowed();
        self.store.commit(vec![remove, entry]).await?;
        Ok(())
    }

    async fn grantable(
        &self,
        group: &GroupRecord,
        actor: ActorId,
    ) -> Result<ActorRecord, ManagerError> {
        self.store
            .actor(actor)
            .await?
            .filter(|actor| actor.organization == group.scope.organization)
            .filter(|actor| {
                actor
                    .environment
                    .is_none_or(|environment| environment == group.scope.environment)
            })
            .ok_or_else(|| ManagerError::NoSuch {
                what: "actor",
                name: actor.to_string(),
            })
    }
}

fn path(group: &GroupRecord, actor: &ActorRecord) -> String {
    format!("{}/grants/{} ({})", group_path(group), actor.name, actor.id)
}

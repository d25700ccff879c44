//! Grants: who may do what in a group.

use sallyport_model::{Access, ActorId, GroupId, Scope};
use sallyport_pki::UnixTime;

use super::Manager;
use super::authority::Attempt;
use super::error::ManagerError;
use super::groups::group_path;
use super::violation::{Problem, Violation};
use crate::access::{Caller, Decision, Wish};
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

    /// A live group whose grants the caller may see.
    pub async fn group_to_grant(
        &self,
        caller: &Caller,
        scope: Scope,
        id: GroupId,
        now: UnixTime,
    ) -> Result<GroupRecord, ManagerError> {
        self.require_group(caller, scope, id, Wish::SeeGrants, "group.grants", now)
            .await
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

        let before = self.store.grants_of(group.id, actor.id).await?;
        let held = |access: &Access| before.iter().any(|grant| grant.access == *access);
        let given = access.iter().filter(|access| !held(access));
        let taken = before
            .iter()
            .filter(|grant| !access.contains(&grant.access));
        let wishes = given
            .map(|access| Wish::Grant(*access))
            .chain(taken.map(|grant| Wish::Revoke(grant.access)))
            .collect();
        self.require_wishes(caller, group, &actor, wishes, "grant.put", now)
            .await?;

        let mut writes = vec![Write::RemoveGrants {
            group: group.id,
            actor: actor.id,
        }];
        writes.extend(access.iter().map(|access| {
            let kept = before.iter().find(|grant| grant.access == *access);
            Write::PutGrant(kept.cloned().unwrap_or_else(|| GrantRecord {
                group: group.id,
                actor: actor.id,
                access: *access,
                granted_at: now,
                granted_by: caller.name.clone(),
            }))
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
        let before = self.store.grants_of(group.id, actor.id).await?;
        let wishes = before
            .iter()
            .map(|grant| Wish::Revoke(grant.access))
            .chain([Wish::SeeGrants])
            .collect();
        self.require_wishes(caller, group, &actor, wishes, "grant.remove", now)
            .await?;
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

    async fn require_wishes(
        &self,
        caller: &Caller,
        group: &GroupRecord,
        actor: &ActorRecord,
        wishes: Vec<Wish>,
        operation: &str,
        now: UnixTime,
    ) -> Result<(), ManagerError> {
        let standing = self.standing(caller, group.scope.organization).await?;
        let grants = self.store.grants_of(group.id, caller.id).await?;
        for wish in wishes {
            let decision = standing.decide(Some(group.scope.environment), &grants, wish);
            let attempt = Attempt {
                caller,
                operation,
                object: path(group, actor),
                found: Some(group.scope.into()),
                now,
            };
            // Its grants were seen on the way here, so there is nothing left to hide.
            let decision = match decision {
                Decision::Hide => Decision::Forbid,
                decision => decision,
            };
            let absent = ManagerError::NoSuch {
                what: "secret group",
                name: group.id.to_string(),
            };
            self.settle(attempt, decision, wish, absent).await?;
        }
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

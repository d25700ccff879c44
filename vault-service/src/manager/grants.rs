//! Grants: who may do what in a group.

use sallyport_model::{Access, ActorId, GrantLimit, GroupId, GroupPath, Reach, Scope};
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
    /// On which secrets.
    pub reach: Reach,
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
                Some(grantee) => {
                    grantee.access.push(grant.access);
                    if grant.reach != Reach::Group {
                        grantee.reach = grant.reach;
                    }
                }
                None => {
                    if let Some(actor) = self.store.actor(grant.actor).await? {
                        grantees.push(Grantee {
                            actor,
                            access: vec![grant.access],
                            reach: grant.reach,
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

    /// Gives an actor of the same environment these accesses to all of a group, and takes others away.
    pub async fn grant(
        &self,
        caller: &Caller,
        group: &GroupRecord,
        actor: ActorId,
        access: Vec<Access>,
        now: UnixTime,
    ) -> Result<Grantee, ManagerError> {
        self.put_grants(caller, group, actor, access, Reach::Group, now)
            .await
    }

    /// The same for a gateway, to some secrets only: `<collection>`, or `<collection>/<name or id>` of
    /// one that is there.
    pub async fn grant_only(
        &self,
        caller: &Caller,
        group: &GroupRecord,
        actor: ActorId,
        access: Vec<Access>,
        only: &[String],
        now: UnixTime,
    ) -> Result<Grantee, ManagerError> {
        if self.grantable(group, actor).await?.kind != ActorKind::Gateway {
            let known = "access, for users and connected apps";
            return Err(Violation::new("/only", Problem::Unknown { known }).into());
        }
        let problem = match only.len() {
            0 => Some(Problem::Missing),
            1..=Reach::MOST => None,
            _ => Some(Problem::TooMany {
                limit: Reach::MOST,
                what: "kinds and secrets",
            }),
        };
        if let Some(problem) = problem {
            return Err(Violation::new("/only", problem).into());
        }
        let mut limits = Vec::with_capacity(only.len());
        for (index, text) in only.iter().enumerate() {
            let place = format!("/only/{index}");
            limits.push(self.limit(group, text, place).await?);
        }
        let reach = limits.into_iter().collect();
        self.put_grants(caller, group, actor, access, reach, now)
            .await
    }

    async fn limit(
        &self,
        group: &GroupRecord,
        text: &str,
        place: String,
    ) -> Result<GrantLimit, ManagerError> {
        if let Ok(collection) = text.parse() {
            return Ok(GrantLimit::Collection(collection));
        }
        let Ok(path) = text.parse::<GroupPath>() else {
            let expected = "is <collection>, <collection>/<id>, or <collection>/<name>".to_owned();
            return Err(Violation::new(place, Problem::Value { expected }).into());
        };
        let collection = path.collection;
        match self.live_at(group, &path).await? {
            Some(secret) => Ok(GrantLimit::Secret(collection, secret.id)),
            None => {
                let what = collection.singular();
                Err(Violation::new(place, Problem::NoSuchSecret { what }).into())
            }
        }
    }

    async fn put_grants(
        &self,
        caller: &Caller,
        group: &GroupRecord,
        actor: ActorId,
        access: Vec<Access>,
        reach: Reach,
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
        let kept = |access: &Access| {
            let mut before = before.iter();
            before.find(|grant| grant.access == *access && grant.reach == reach)
        };
        // Another reach is given anew: it may be more or less.
        let given = access.iter().filter(|access| kept(access).is_none());
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
            Write::PutGrant(kept(access).cloned().unwrap_or_else(|| GrantRecord {
                group: group.id,
                actor: actor.id,
                access: *access,
                reach: reach.clone(),
                granted_at: now,
                granted_by: caller.name.clone(),
            }))
        }));
        let object = format!("{}{}", path(group, &actor), limited(&reach));
        writes.push(Entry::new(caller, group.scope, "grant.put", object, now).allowed());
        self.store.commit(writes).await?;
        Ok(Grantee {
            actor,
            access,
            reach,
        })
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

/// What a grant is narrowed to, for the audit log.
fn limited(reach: &Reach) -> String {
    const NAMED: usize = 10;
    let Some(limits) = reach.limits() else {
        return String::new();
    };
    let named = limits.iter().take(NAMED).map(GrantLimit::to_string);
    let named = named.collect::<Vec<_>>().join(", ");
    match limits.len().checked_sub(NAMED) {
        None | Some(0) => format!(" only {named}"),
        Some(more) => format!(" only {named} and {more} more"),
    }
}

fn path(group: &GroupRecord, actor: &ActorRecord) -> String {
    format!("{}/grants/{} ({})", group_path(group), actor.name, actor.id)
}

//! What actors may do in the environments of an organization.

use sallyport_model::{ActorId, EnvironmentId, OrganizationId, Permission};
use sallyport_pki::UnixTime;
use serde::{Deserialize, Serialize};

use super::Manager;
use super::error::ManagerError;
use super::violation::{Problem, Violation};
use crate::access::{Caller, Wish};
use crate::audit::Entry;
use crate::store::{ActorKind, ActorRecord, PermissionRecord, Write};

/// Most permissions of an actor in an organization.
pub(crate) const MAX_PERMISSIONS: usize = 1000;

/// A permission in one environment, or in all of the organization.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Permitted {
    /// What is allowed.
    pub permission: Permission,
    /// Where; `None` for all environments.
    #[serde(default)]
    pub environment: Option<EnvironmentId>,
}

impl Manager {
    /// What the caller itself is permitted, everywhere.
    pub async fn own_permissions(
        &self,
        caller: &Caller,
    ) -> Result<Vec<PermissionRecord>, ManagerError> {
        Ok(self.store.permissions_of(caller.id).await?)
    }

    /// What an actor is permitted in an organization. An actor may ask for itself.
    pub async fn permissions(
        &self,
        caller: &Caller,
        organization: OrganizationId,
        id: ActorId,
        now: UnixTime,
    ) -> Result<Vec<Permitted>, ManagerError> {
        let wish = if caller.id == id {
            Wish::SeeOrganization
        } else {
            Wish::Administer
        };
        self.require_organization(caller, organization, wish, "permission.list", now)
            .await?;
        let actor = self.permittable(organization, id).await?;
        self.permitted(organization, &actor).await
    }

    /// Gives an actor these permissions in an organization, and takes others there away. The actor
    /// is of the organization or of one above it.
    pub async fn put_permissions(
        &self,
        caller: &Caller,
        organization: OrganizationId,
        id: ActorId,
        permissions: Vec<Permitted>,
        now: UnixTime,
    ) -> Result<Vec<Permitted>, ManagerError> {
        const OPERATION: &str = "permission.put";
        self.require_organization(caller, organization, Wish::Administer, OPERATION, now)
            .await?;
        let actor = self.permittable(organization, id).await?;
        self.check_permissions(organization, &permissions).await?;
        let mut writes = vec![Write::RemovePermissions {
            organization,
            actor: id,
        }];
        writes.extend(permissions.iter().map(|permitted| {
            Write::PutPermission(PermissionRecord {
                actor: id,
                permission: permitted.permission,
                organization,
                environment: permitted.environment,
                granted_at: now,
                granted_by: caller.name.clone(),
            })
        }));
        let object = format!("{} ({id}): {}", actor.name, in_words(&permissions));
        writes.push(Entry::new(caller, organization, OPERATION, object, now).allowed());
        self.store.commit(writes).await?;
        self.permitted(organization, &actor).await
    }

    async fn permitted(
        &self,
        organization: OrganizationId,
        actor: &ActorRecord,
    ) -> Result<Vec<Permitted>, ManagerError> {
        let held = self.store.permissions_of(actor.id).await?;
        Ok(held
            .into_iter()
            .filter(|record| record.organization == organization)
            .map(|record| Permitted {
                permission: record.permission,
                environment: record.environment,
            })
            .collect())
    }

    /// A user or connected app of the organization or of one above it. Gateways are granted groups.
    async fn permittable(
        &self,
        organization: OrganizationId,
        id: ActorId,
    ) -> Result<ActorRecord, ManagerError> {
        let lineage = self.store.lineage(organization).await?;
        self.store
            .actor(id)
            .await?
            .filter(|actor| actor.kind != ActorKind::Gateway)
            .filter(|actor| lineage.iter().any(|place| place.id == actor.organization))
            .ok_or_else(|| ManagerError::NoSuch {
                what: "actor",
                name: id.to_string(),
            })
    }

    async fn check_permissions(
        &self,
        organization: OrganizationId,
        permissions: &[Permitted],
    ) -> Result<(), ManagerError> {
        if permissions.len() > MAX_PERMISSIONS {
            let expected = format!("has at most {MAX_PERMISSIONS} permissions");
            return Err(Violation::new("", Problem::Value { expected }).into());
        }
        let environments = self.store.environments(organization).await?;
        let known = |id| environments.iter().any(|environment| environment.id == id);
        let mut violations = Vec::new();
        for (index, permitted) in permissions.iter().enumerate() {
            if permitted.environment.is_some_and(|id| !known(id)) {
                let expected = "there is no such environment in the organization".to_owned();
                let place = format!("/{index}/environment");
                violations.push(Violation::new(place, Problem::Value { expected }));
            }
        }
        match violations.as_slice() {
            [] => Ok(()),
            _ => Err(ManagerError::Invalid(violations)),
        }
    }
}

fn in_words(permissions: &[Permitted]) -> String {
    let words: Vec<String> = permissions
        .iter()
        .map(|permitted| match permitted.environment {
            Some(environment) => format!("{} in {environment}", permitted.permission),
            None => permitted.permission.to_string(),
        })
        .collect();
    match words.as_slice() {
        [] => "none".to_owned(),
        words => words.join(", "),
    }
}

//! Environments of an organization.

use sallyport_model::{EnvironmentId, OrganizationId, PlaceName, Scope};
use sallyport_pki::UnixTime;
use serde::Deserialize;
use uuid::Uuid;

use super::Manager;
use super::error::{ManagerError, taken};
use super::groups::random;
use crate::access::{Caller, Decision, Wish};
use crate::audit::Entry;
use crate::store::{EnvironmentRecord, Write};

/// The JSON body of a create.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewEnvironment {
    name: PlaceName,
    #[serde(default)]
    production: bool,
}

impl Manager {
    /// Environments of an organization the caller may know of, by name.
    pub async fn environments(
        &self,
        caller: &Caller,
        organization: OrganizationId,
        now: UnixTime,
    ) -> Result<Vec<EnvironmentRecord>, ManagerError> {
        let wish = Wish::SeeOrganization;
        self.require_organization(caller, organization, wish, "environment.list", now)
            .await?;
        let standing = self.standing(caller, organization).await?;
        let mut known = Vec::new();
        for environment in self.store.environments(organization).await? {
            let scope = Scope {
                organization,
                environment: environment.id,
            };
            let grants = self.store.grants_in(scope, caller.id).await?;
            let decision = standing.decide(Some(environment.id), &grants, Wish::SeeEnvironment);
            if decision == Decision::Allow {
                known.push(environment);
            }
        }
        Ok(known)
    }

    /// One environment, if the caller may know of it.
    pub async fn environment(
        &self,
        caller: &Caller,
        scope: Scope,
        now: UnixTime,
    ) -> Result<EnvironmentRecord, ManagerError> {
        let wish = Wish::SeeEnvironment;
        self.require_environment(caller, scope, wish, "environment.read", now)
            .await?;
        self.store
            .environment(scope.organization, scope.environment)
            .await?
            .ok_or_else(|| ManagerError::NoSuch {
                what: "environment",
                name: scope.environment.to_string(),
            })
    }

    /// Makes an environment.
    pub async fn create_environment(
        &self,
        caller: &Caller,
        organization: OrganizationId,
        new: NewEnvironment,
        now: UnixTime,
    ) -> Result<EnvironmentId, ManagerError> {
        const OPERATION: &str = "environment.create";
        self.require_organization(caller, organization, Wish::Administer, OPERATION, now)
            .await?;
        let id = EnvironmentId::new(Uuid::from_bytes(random()?));
        let environment = EnvironmentRecord {
            id,
            organization,
            name: new.name.to_string(),
            production: new.production,
        };
        let object = format!("{} ({id})", new.name);
        let entry = Entry::new(caller, organization, OPERATION, object, now).allowed();
        self.store
            .commit(vec![Write::CreateEnvironment(environment), entry])
            .await
            .map_err(|error| taken(error, "environment", new.name.as_str()))?;
        Ok(id)
    }
}

//! Organizations, and business groups below them.

use sallyport_model::{OrganizationId, PlaceName};
use sallyport_pki::UnixTime;
use serde::Deserialize;
use uuid::Uuid;

use super::Manager;
use super::error::{ManagerError, taken};
use super::groups::random;
use super::violation::{Problem, Violation};
use crate::access::{Caller, Wish};
use crate::audit::Entry;
use crate::store::{ActorKind, OrganizationRecord, Write};

/// Most organizations above each other.
const MAX_DEPTH: usize = 8;

/// The JSON body of a create.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewOrganization {
    name: PlaceName,
}

impl Manager {
    /// Organizations the caller belongs to: its own first, then those it administers or holds a
    /// permission in.
    pub async fn organizations(
        &self,
        caller: &Caller,
    ) -> Result<Vec<OrganizationRecord>, ManagerError> {
        let mut known = match (caller.administrator, caller.kind) {
            (true, ActorKind::User | ActorKind::ConnectedApp) => {
                self.store.organizations_from(caller.organization).await?
            }
            _ => Vec::from_iter(self.store.organization(caller.organization).await?),
        };
        for permission in self.store.permissions_of(caller.id).await? {
            let id = permission.organization;
            if known.iter().all(|organization| organization.id != id) {
                known.extend(self.store.organization(id).await?);
            }
        }
        Ok(known)
    }

    /// One organization, if the caller may know of it.
    pub async fn organization(
        &self,
        caller: &Caller,
        id: OrganizationId,
        now: UnixTime,
    ) -> Result<OrganizationRecord, ManagerError> {
        let wish = Wish::SeeOrganization;
        let (organization, _) = self
            .require_organization(caller, id, wish, "organization.read", now)
            .await?;
        Ok(organization)
    }

    /// Makes a business group. Who administers an organization above administers it.
    pub async fn create_organization(
        &self,
        caller: &Caller,
        parent: OrganizationId,
        new: NewOrganization,
        now: UnixTime,
    ) -> Result<OrganizationId, ManagerError> {
        const OPERATION: &str = "organization.create";
        let (_, depth) = self
            .require_organization(caller, parent, Wish::Administer, OPERATION, now)
            .await?;
        if depth >= MAX_DEPTH {
            let expected = format!("organizations are at most {MAX_DEPTH} levels deep");
            return Err(Violation::new("", Problem::Value { expected }).into());
        }
        let id = OrganizationId::new(Uuid::from_bytes(random()?));
        let organization = OrganizationRecord {
            id,
            name: new.name.to_string(),
            parent: Some(parent),
        };
        let object = format!("{} ({id})", new.name);
        let entry = Entry::new(caller, parent, OPERATION, object, now).allowed();
        self.store
            .commit(vec![Write::CreateOrganization(organization), entry])
            .await
            .map_err(|error| taken(error, "organization", new.name.as_str()))?;
        Ok(id)
    }
}

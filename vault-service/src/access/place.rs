//! Where something lives, and under whom.

use sallyport_model::{EnvironmentId, OrganizationId, Scope};

use crate::store::OrganizationRecord;

/// An environment, or an organization outside of its environments; with the organizations above.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    organization: OrganizationId,
    above: Vec<OrganizationId>,
    environment: Option<EnvironmentId>,
}

impl Place {
    /// A place by the lineage of its organization: itself first. `None` when there is none.
    pub fn under(
        lineage: &[OrganizationRecord],
        environment: Option<EnvironmentId>,
    ) -> Option<Self> {
        let (organization, above) = lineage.split_first()?;
        Some(Self {
            organization: organization.id,
            above: above.iter().map(|organization| organization.id).collect(),
            environment,
        })
    }

    /// The organization.
    pub const fn organization(&self) -> OrganizationId {
        self.organization
    }

    /// The environment, if it is in one.
    pub const fn environment(&self) -> Option<EnvironmentId> {
        self.environment
    }

    /// Whether this is the place's organization or one above it.
    pub fn is_under(&self, organization: OrganizationId) -> bool {
        self.organization == organization || self.above.contains(&organization)
    }
}

impl From<Scope> for Place {
    /// The environment as if no organization were above: enough for gateways, who have none there.
    fn from(scope: Scope) -> Self {
        Self {
            organization: scope.organization,
            above: Vec::new(),
            environment: Some(scope.environment),
        }
    }
}

//! Whether a caller may do something somewhere. What is refused is written down, and what is hidden
//! answers, and takes as long, as what is absent.

use sallyport_model::{EnvironmentId, GroupId, OrganizationId, Scope};
use sallyport_pki::UnixTime;

use super::Manager;
use super::error::ManagerError;
use super::groups::group_path;
use crate::access::{Caller, Decision, Held, Place, Wish, decide};
use crate::audit::Entry;
use crate::store::{AuditPlace, GrantRecord, GroupRecord, OrganizationRecord, PermissionRecord};

/// What a caller is in an organization.
pub(super) struct Standing<'a> {
    caller: &'a Caller,
    /// The organization and those above it; empty when it is not there.
    lineage: Vec<OrganizationRecord>,
    permissions: Vec<PermissionRecord>,
}

impl Standing<'_> {
    /// The decision in an environment, or outside of any.
    pub(super) fn decide(
        &self,
        environment: Option<EnvironmentId>,
        grants: &[GrantRecord],
        wish: Wish,
    ) -> Decision {
        let held = Held {
            permissions: &self.permissions,
            grants,
        };
        match Place::under(&self.lineage, environment) {
            Some(place) => decide(self.caller, held, &place, wish),
            None => Decision::Hide,
        }
    }
}

impl Manager {
    /// What the caller is in an organization.
    pub(super) async fn standing<'a>(
        &self,
        caller: &'a Caller,
        organization: OrganizationId,
    ) -> Result<Standing<'a>, ManagerError> {
        Ok(Standing {
            caller,
            lineage: self.store.lineage(organization).await?,
            permissions: self.store.permissions_of(caller.id).await?,
        })
    }

    /// The organization must be there and the wish be allowed; gives it, and its distance from the
    /// root.
    pub(super) async fn require_organization(
        &self,
        caller: &Caller,
        id: OrganizationId,
        wish: Wish,
        operation: &str,
        now: UnixTime,
    ) -> Result<(OrganizationRecord, usize), ManagerError> {
        let standing = self.standing(caller, id).await?;
        let decision = standing.decide(None, &[], wish);
        let depth = standing.lineage.len();
        let organization = standing.lineage.into_iter().next();
        let attempt = Attempt {
            caller,
            operation,
            object: format!("organizations/{id}"),
            found: organization.as_ref().map(|found| found.id.into()),
            now,
        };
        let absent = || ManagerError::NoSuch {
            what: "organization",
            name: id.to_string(),
        };
        self.settle(attempt, decision, wish, absent()).await?;
        organization
            .map(|organization| (organization, depth))
            .ok_or_else(absent)
    }

    /// The environment must be there and the wish be allowed.
    pub(super) async fn require_environment(
        &self,
        caller: &Caller,
        scope: Scope,
        wish: Wish,
        operation: &str,
        now: UnixTime,
    ) -> Result<(), ManagerError> {
        let standing = self.standing(caller, scope.organization).await?;
        let grants = self.store.grants_in(scope, caller.id).await?;
        let decision = standing.decide(Some(scope.environment), &grants, wish);
        let environment = self
            .store
            .environment(scope.organization, scope.environment)
            .await?;
        let attempt = Attempt {
            caller,
            operation,
            object: format!("environments/{}", scope.environment),
            found: environment.map(|_| scope.into()),
            now,
        };
        let absent = ManagerError::NoSuch {
            what: "environment",
            name: scope.environment.to_string(),
        };
        self.settle(attempt, decision, wish, absent).await
    }

    /// A live group in which the wish is allowed.
    pub(super) async fn require_group(
        &self,
        caller: &Caller,
        scope: Scope,
        id: GroupId,
        wish: Wish,
        operation: &str,
        now: UnixTime,
    ) -> Result<GroupRecord, ManagerError> {
        let standing = self.standing(caller, scope.organization).await?;
        let grants = self.store.grants_of(id, caller.id).await?;
        let group = self.store.group(scope, id).await?;
        let decision = standing.decide(Some(scope.environment), &grants, wish);
        let attempt = Attempt {
            caller,
            operation,
            object: group
                .as_ref()
                .map_or_else(|| format!("secretGroups/{id}"), group_path),
            found: group.as_ref().map(|_| scope.into()),
            now,
        };
        let absent = || ManagerError::NoSuch {
            what: "secret group",
            name: id.to_string(),
        };
        self.settle(attempt, decision, wish, absent()).await?;
        group.ok_or_else(absent)
    }

    /// Turns a decision into an answer: nothing, a refusal, or `absent`.
    pub(super) async fn settle(
        &self,
        attempt: Attempt<'_>,
        decision: Decision,
        wish: Wish,
        absent: ManagerError,
    ) -> Result<(), ManagerError> {
        let (reason, error) = match (decision, attempt.found) {
            (Decision::Allow, Some(_)) => return Ok(()),
            (Decision::Allow, None) => return Err(absent),
            (Decision::Forbid, Some(_)) => {
                let needed = wish.needed();
                ("forbidden", ManagerError::Forbidden { needed })
            }
            (Decision::Forbid, None) | (Decision::Hide, _) => ("not_granted", absent),
        };
        self.store
            .commit(vec![attempt.entry().refused(reason)])
            .await?;
        Err(error)
    }
}

/// What somebody tries, for the log.
pub(super) struct Attempt<'a> {
    /// Who.
    pub(super) caller: &'a Caller,
    /// What, as the log calls it.
    pub(super) operation: &'a str,
    /// On what.
    pub(super) object: String,
    /// Where, when what it is about is there.
    pub(super) found: Option<AuditPlace>,
    /// When.
    pub(super) now: UnixTime,
}

impl Attempt<'_> {
    // What was asked of things that are not there is told to the asker's own organization.
    fn entry(self) -> Entry {
        let place = self.found.unwrap_or(self.caller.organization.into());
        Entry::new(self.caller, place, self.operation, self.object, self.now)
    }
}

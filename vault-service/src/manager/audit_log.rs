//! Reading the audit log.

use sallyport_model::{OrganizationId, Scope};
use sallyport_pki::UnixTime;

use super::Manager;
use super::error::ManagerError;
use crate::access::{Caller, Wish};
use crate::store::{AuditFilter, AuditPage, AuditPlace, AuditRecord};

/// Most entries in one answer.
pub(crate) const MAX_ENTRIES: u32 = 1000;

/// A page of what is looked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AuditSearch {
    /// Which entries.
    pub filter: AuditFilter,
    /// Only those after this one.
    pub after: u64,
    /// Most of them.
    pub limit: u32,
}

impl Manager {
    /// Entries of an environment: those after a position, or the newest; oldest first.
    pub async fn audit_log(
        &self,
        caller: &Caller,
        scope: Scope,
        after: Option<u64>,
        limit: u32,
        now: UnixTime,
    ) -> Result<Vec<AuditRecord>, ManagerError> {
        self.require_environment(caller, scope, Wish::Administer, "audit.read", now)
            .await?;
        Ok(self
            .store
            .audit(scope, after, limit.clamp(1, MAX_ENTRIES))
            .await?)
    }

    /// Entries of an organization outside of its environments: accounts, permissions, sign-ins.
    pub async fn organization_audit_log(
        &self,
        caller: &Caller,
        organization: OrganizationId,
        after: Option<u64>,
        limit: u32,
        now: UnixTime,
    ) -> Result<Vec<AuditRecord>, ManagerError> {
        self.require_organization(caller, organization, Wish::Administer, "audit.read", now)
            .await?;
        Ok(self
            .store
            .organization_audit(organization, after, limit.clamp(1, MAX_ENTRIES))
            .await?)
    }

    /// Entries of an environment that pass a filter, oldest first.
    pub async fn search_audit_log(
        &self,
        caller: &Caller,
        scope: Scope,
        search: AuditSearch,
        now: UnixTime,
    ) -> Result<AuditPage, ManagerError> {
        self.require_environment(caller, scope, Wish::Administer, "audit.read", now)
            .await?;
        self.found(scope.into(), search).await
    }

    /// The same of an organization outside of its environments.
    pub async fn search_organization_audit_log(
        &self,
        caller: &Caller,
        organization: OrganizationId,
        search: AuditSearch,
        now: UnixTime,
    ) -> Result<AuditPage, ManagerError> {
        self.require_organization(caller, organization, Wish::Administer, "audit.read", now)
            .await?;
        self.found(organization.into(), search).await
    }

    async fn found(
        &self,
        place: AuditPlace,
        search: AuditSearch,
    ) -> Result<AuditPage, ManagerError> {
        let limit = search.limit.clamp(1, MAX_ENTRIES);
        let page = self
            .store
            .search_audit(place, search.filter, search.after, limit);
        Ok(page.await?)
    }
}

//! Reading the audit log.

use sallyport_model::{OrganizationId, Scope};
use sallyport_pki::UnixTime;

use super::Manager;
use super::error::ManagerError;
use crate::access::{Caller, Wish};
use crate::store::AuditRecord;

/// Most entries in one answer.
pub(crate) const MAX_ENTRIES: u32 = 1000;

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
}

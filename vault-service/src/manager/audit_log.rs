//! Reading the audit log.

use sallyport_model::Scope;

use super::Manager;
use super::error::ManagerError;
use crate::access::Caller;
use crate::store::AuditRecord;

/// Most entries in one answer.
const MAX_ENTRIES: u32 = 1000;

impl Manager {
    /// Entries of an environment: those after a position, or the newest; oldest first.
    pub async fn audit_log(
        &self,
        caller: &Caller,
        scope: Scope,
        after: Option<u64>,
        limit: u32,
    ) -> Result<Vec<AuditRecord>, ManagerError> {
        self.require_environment(caller, scope).await?;
        Ok(self
            .store
            .audit(scope, after, limit.clamp(1, MAX_ENTRIES))
            .await?)
    }
}

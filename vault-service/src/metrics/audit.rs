//! The audit log.

use prometheus_client::metrics::counter::Counter;
use prometheus_client::registry::Registry;

/// Counters of the audit log.
#[derive(Clone, Debug)]
pub struct AuditMetrics {
    failures: Counter,
}

impl AuditMetrics {
    pub(super) fn register(registry: &mut Registry) -> Self {
        let failures = Counter::default();
        registry.register(
            "audit_failures",
            "Answers held back because their audit entry was not accepted",
            failures.clone(),
        );
        Self { failures }
    }

    /// An answer was held back.
    pub fn failed(&self) {
        self.failures.inc();
    }
}

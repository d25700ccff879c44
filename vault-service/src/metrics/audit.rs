//! The audit log.

use prometheus_client::metrics::counter::Counter;
use prometheus_client::registry::Registry;

/// Counters of the audit log.
#[derive(Clone, Debug)]
pub struct AuditMetrics {
    failures: Counter,
    sink_failures: Counter,
}

impl AuditMetrics {
    pub(super) fn register(registry: &mut Registry) -> Self {
        let failures = Counter::default();
        registry.register(
            "audit_failures",
            "Answers held back because their audit entry was not accepted",
            failures.clone(),
        );
        let sink_failures = Counter::default();
        registry.register(
            "audit_sink_failures",
            "Failed attempts to write to an audit sink",
            sink_failures.clone(),
        );
        Self {
            failures,
            sink_failures,
        }
    }

    /// An answer was held back.
    pub fn failed(&self) {
        self.failures.inc();
    }

    /// A sink did not take what it was given.
    pub fn sink_failed(&self) {
        self.sink_failures.inc();
    }
}

//! The audit log and where it goes.

use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

use super::ByWord;

/// Counters of the audit log.
#[derive(Clone, Debug)]
pub struct AuditMetrics {
    failures: Counter,
    sinks_up: ByWord<Gauge>,
    sink_failures: ByWord<Counter>,
    lag: ByWord<Gauge>,
}

impl AuditMetrics {
    pub(super) fn register(registry: &mut Registry) -> Self {
        let failures = Counter::default();
        registry.register(
            "audit_failures",
            "Answers held back because their audit entry was not accepted",
            failures.clone(),
        );
        let sinks_up = ByWord::new_with_constructor(Gauge::default as fn() -> Gauge);
        registry.register(
            "audit_sinks_up",
            "Audit sinks that accept entries, by type",
            sinks_up.clone(),
        );
        let sink_failures = ByWord::new_with_constructor(Counter::default as fn() -> Counter);
        registry.register(
            "audit_sink_failures",
            "Times an audit sink stopped accepting entries, by type",
            sink_failures.clone(),
        );
        let lag = ByWord::new_with_constructor(Gauge::default as fn() -> Gauge);
        registry.register(
            "audit_sink_lag_entries",
            "Entries of the log that the slowest audit sink of a type has not accepted",
            lag.clone(),
        );
        Self {
            failures,
            sinks_up,
            sink_failures,
            lag,
        }
    }

    /// An answer was held back.
    pub fn failed(&self) {
        self.failures.inc();
    }

    /// A sink of a type (`file`, `stdout`, `syslog`) accepts entries from now on, or no longer.
    pub fn sink_state(&self, sink: &'static str, up: bool) {
        let labels = [("sink", sink)];
        if up {
            self.sinks_up.get_or_create(&labels).inc();
        } else {
            self.sinks_up.get_or_create(&labels).dec();
            self.sink_failures.get_or_create(&labels).inc();
        }
    }

    /// How far the slowest sink of a type is behind the log.
    pub fn sink_lag(&self, sink: &'static str, entries: u64) {
        let entries = i64::try_from(entries).unwrap_or(i64::MAX);
        self.lag.get_or_create(&[("sink", sink)]).set(entries);
    }
}

//! Resolve and watch.

use std::time::Duration;

use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;

use super::{ByWord, Open, durations};

/// Counters of resolve calls.
#[derive(Clone, Debug)]
pub struct ResolveMetrics {
    outcomes: ByWord<Counter>,
    watches: Gauge,
    durations: Histogram,
}

impl ResolveMetrics {
    pub(super) fn register(registry: &mut Registry) -> Self {
        let outcomes = ByWord::new_with_constructor(Counter::default as fn() -> Counter);
        registry.register(
            "resolve_answers",
            "References answered, by outcome or reason of refusal",
            outcomes.clone(),
        );
        let watches = Gauge::default();
        registry.register(
            "resolve_open",
            "Resolve calls that are open",
            watches.clone(),
        );
        let durations = durations();
        registry.register(
            "resolve_duration_seconds",
            "From a resolve call, or the news it waited for, to its answer",
            durations.clone(),
        );
        Self {
            outcomes,
            watches,
            durations,
        }
    }

    /// A reference was answered: `current`, `unchanged`, `withdrawn`, or the reason of a refusal.
    pub fn answered(&self, outcome: &'static str) {
        self.outcomes.get_or_create(&[("outcome", outcome)]).inc();
    }

    /// An answer was made in that time, without the wait for news.
    pub fn took(&self, time: Duration) {
        self.durations.observe(time.as_secs_f64());
    }

    /// A call is open until the guard is dropped.
    pub fn opened(&self) -> Open {
        Open::of(&self.watches)
    }
}

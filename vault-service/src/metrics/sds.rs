//! Secret discovery.

use std::time::Duration;

use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;

use super::{Open, durations};

/// Counters of secret discovery.
#[derive(Clone, Debug)]
pub struct SdsMetrics {
    streams: Gauge,
    responses: Counter,
    nacks: Counter,
    durations: Histogram,
}

impl SdsMetrics {
    pub(super) fn register(registry: &mut Registry) -> Self {
        let streams = Gauge::default();
        registry.register("sds_streams", "SDS streams that are open", streams.clone());
        let responses = Counter::default();
        registry.register("sds_responses", "SDS responses sent", responses.clone());
        let nacks = Counter::default();
        registry.register(
            "sds_nacks",
            "SDS responses that gateways rejected",
            nacks.clone(),
        );
        let durations = durations();
        registry.register(
            "sds_response_duration_seconds",
            "From a request or a change to the SDS response",
            durations.clone(),
        );
        Self {
            streams,
            responses,
            nacks,
            durations,
        }
    }

    /// A stream is open until the guard is dropped.
    pub fn opened(&self) -> Open {
        Open::of(&self.streams)
    }

    /// A response was sent, after that time.
    pub fn responded(&self, after: Duration) {
        self.responses.inc();
        self.durations.observe(after.as_secs_f64());
    }

    /// A gateway rejected a response.
    pub fn rejected(&self) {
        self.nacks.inc();
    }
}

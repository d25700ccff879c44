//! Secret discovery.

use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

use super::Open;

/// Counters of secret discovery.
#[derive(Clone, Debug)]
pub struct SdsMetrics {
    streams: Gauge,
    responses: Counter,
    nacks: Counter,
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
        Self {
            streams,
            responses,
            nacks,
        }
    }

    /// A stream is open until the guard is dropped.
    pub fn opened(&self) -> Open {
        Open::of(&self.streams)
    }

    /// A response was sent.
    pub fn responded(&self) {
        self.responses.inc();
    }

    /// A gateway rejected a response.
    pub fn rejected(&self) {
        self.nacks.inc();
    }
}

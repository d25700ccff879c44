//! How far gateways are.

use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

use super::Listing;

/// Which gateways run what is in force.
#[derive(Clone, Debug)]
pub struct RolloutMetrics {
    /// How far a gateway is behind, of those that are, furthest first: `gateway`.
    pub versions_behind: Listing,
    /// How many gateways are behind.
    pub behind: Gauge,
    /// How many gateways say what they run.
    pub reporting: Gauge,
}

impl RolloutMetrics {
    pub(super) fn register(registry: &mut Registry) -> Self {
        let versions_behind = Listing::register(
            registry,
            "gateway_versions_behind",
            "Most versions between what a gateway runs and what is in force, of those that are behind",
        );
        let behind = Gauge::default();
        registry.register(
            "gateways_behind",
            "Gateways that run another version of a secret than is in force",
            behind.clone(),
        );
        let reporting = Gauge::default();
        registry.register(
            "gateways_reporting",
            "Gateways that said what they run within a day",
            reporting.clone(),
        );
        Self {
            versions_behind,
            behind,
            reporting,
        }
    }
}

//! What the vault counts, for `GET /metrics`: one file per room, every metric in `docs/metrics.md`.
//!
//! No label holds what somebody chose a name for: no tenant, group, secret, gateway or address. Labels
//! are words that are known when the program is built, or ids in a [`Listing`], which is bounded. So
//! whoever may read metrics learns nothing of who uses the vault.

mod audit;
mod crl;
mod door;
mod expiry;
mod gateways;
mod listing;
mod open;
mod resolve;
mod rollout;
mod sds;

use std::fmt;

use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::Registry;

pub use audit::AuditMetrics;
pub use crl::CrlMetrics;
pub use door::DoorMetrics;
pub use expiry::ExpiryMetrics;
pub use gateways::{GatewayMetrics, TurnedAway};
pub use listing::{LISTED, Listing};
pub use open::Open;
pub use resolve::ResolveMetrics;
pub use rollout::RolloutMetrics;
pub use sds::SdsMetrics;

/// The type of an answer of [`Metrics::encode`].
pub const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// A metric with one label whose values are all known when the program is built.
type ByWord<M, C = fn() -> M> = Family<[(&'static str, &'static str); 1], M, C>;

/// Of calls: half a millisecond to about eight seconds.
fn durations() -> Histogram {
    Histogram::new(exponential_buckets(0.0005, 2.0, 15))
}

/// All metrics of a vault.
pub struct Metrics {
    registry: Registry,
    /// The audit log and where it goes.
    pub audit: AuditMetrics,
    /// Resolve and watch.
    pub resolve: ResolveMetrics,
    /// Secret discovery.
    pub sds: SdsMetrics,
    /// The public door.
    pub door: DoorMetrics,
    /// Who is not let in at the internal one.
    pub gateways: GatewayMetrics,
    /// What ends when.
    pub expiry: ExpiryMetrics,
    /// How far gateways are.
    pub rollout: RolloutMetrics,
    /// Revocation lists that are fetched.
    pub crl: CrlMetrics,
    /// Batches that wait for the store.
    pub store_queue: Gauge,
}

impl Metrics {
    /// Everything at zero.
    pub fn new() -> Self {
        let mut registry = Registry::with_prefix("sallyport");
        let store_queue = Gauge::default();
        registry.register(
            "store_queue",
            "Batches that wait for the store to write them",
            store_queue.clone(),
        );
        Self {
            audit: AuditMetrics::register(&mut registry),
            resolve: ResolveMetrics::register(&mut registry),
            sds: SdsMetrics::register(&mut registry),
            door: DoorMetrics::register(&mut registry),
            gateways: GatewayMetrics::register(&mut registry),
            expiry: ExpiryMetrics::register(&mut registry),
            rollout: RolloutMetrics::register(&mut registry),
            crl: CrlMetrics::register(&mut registry),
            store_queue,
            registry,
        }
    }

    /// All metrics as OpenMetrics text, which Prometheus reads.
    pub fn encode(&self) -> Result<String, fmt::Error> {
        let mut text = String::new();
        encode(&mut text, &self.registry)?;
        Ok(text)
    }
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Metrics").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use axum::http::StatusCode;

    use super::*;

    #[test]
    fn every_metric_is_in_the_table_of_the_documentation() {
        let table = include_str!("../../../docs/metrics.md");
        let metrics = Metrics::new();
        // A family without a member is not written.
        metrics.resolve.answered("current");
        let moment = Duration::from_millis(1);
        metrics.door.answered(StatusCode::OK, moment);
        metrics.gateways.turned_away(TurnedAway::Expired);
        let text = metrics.encode().unwrap();
        let names: Vec<_> = text
            .lines()
            .filter_map(|line| line.strip_prefix("# TYPE "))
            .filter_map(|line| line.split_once(' '))
            .collect();
        assert!(names.len() >= 21, "{text}");
        for (name, kind) in &names {
            let total = if *kind == "counter" { "_total" } else { "" };
            let cell = format!("| `{name}{total}` | {kind} |");
            assert!(table.contains(&cell), "docs/metrics.md has no row {cell}");
        }
        let rows = table
            .lines()
            .filter(|line| line.starts_with("| `sallyport_"));
        assert_eq!(
            rows.count(),
            names.len(),
            "docs/metrics.md has rows of no metric"
        );
    }
}

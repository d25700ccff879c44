//! What ends when.

use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

use super::Listing;

/// Ends of secrets and certificates, as Unix times.
#[derive(Clone, Debug)]
pub struct ExpiryMetrics {
    /// Secrets of all groups, soonest first: `collection`, `secret`.
    pub secrets: Listing,
    /// How many of them have an end.
    pub secrets_in_all: Gauge,
    /// Newest certificates of gateways that say what they run, soonest first: `gateway`.
    pub gateways: Listing,
    /// The internal CA.
    pub internal_ca: Gauge,
}

impl ExpiryMetrics {
    pub(super) fn register(registry: &mut Registry) -> Self {
        let secrets = Listing::register(
            registry,
            "secret_expiry_timestamp_seconds",
            "Begin of the last day of a secret, of those that end first",
        );
        let secrets_in_all = Gauge::default();
        registry.register(
            "secrets_with_expiry",
            "Secrets that have a last day",
            secrets_in_all.clone(),
        );
        let gateways = Listing::register(
            registry,
            "gateway_certificate_expiry_timestamp_seconds",
            "End of the newest certificate of a gateway, of those that end first",
        );
        let internal_ca = Gauge::default();
        registry.register(
            "internal_ca_expiry_timestamp_seconds",
            "End of the internal CA",
            internal_ca.clone(),
        );
        Self {
            secrets,
            secrets_in_all,
            gateways,
            internal_ca,
        }
    }
}

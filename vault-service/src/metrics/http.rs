//! Requests of both doors.

use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::Registry;

/// Door and class of status.
type Labels = [(&'static str, &'static str); 2];

/// Durations of requests.
#[derive(Clone, Debug)]
pub struct HttpMetrics {
    durations: Family<Labels, Histogram, fn() -> Histogram>,
}

impl HttpMetrics {
    pub(super) fn register(registry: &mut Registry) -> Self {
        // 0.25 ms to 16 s; calls that wait for news are longer and end in the last.
        let histogram: fn() -> Histogram = || Histogram::new(exponential_buckets(0.000_25, 4.0, 9));
        let durations = Family::new_with_constructor(histogram);
        registry.register(
            "http_request_duration_seconds",
            "Time from a request's head to its answer's head, by door and class of status",
            durations.clone(),
        );
        Self { durations }
    }

    /// A request of a door (`manager`, `provider`) was answered after so many seconds.
    pub fn answered(&self, door: &'static str, status: u16, seconds: f64) {
        let status = match status {
            0..=199 => "1xx",
            200..=299 => "2xx",
            300..=399 => "3xx",
            400..=499 => "4xx",
            _ => "5xx",
        };
        self.durations
            .get_or_create(&[("door", door), ("status", status)])
            .observe(seconds);
    }
}

//! Requests at the public door.

use std::time::Duration;

use axum::http::StatusCode;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;

use super::{ByWord, Open, durations};

/// Requests at the public door.
#[derive(Clone, Debug)]
pub struct DoorMetrics {
    durations: ByWord<Histogram>,
    open: Gauge,
}

impl DoorMetrics {
    pub(super) fn register(registry: &mut Registry) -> Self {
        let durations = ByWord::new_with_constructor(durations as fn() -> Histogram);
        registry.register(
            "manager_request_duration_seconds",
            "From a request at the public door to its answer, by class of status",
            durations.clone(),
        );
        let open = Gauge::default();
        registry.register(
            "manager_requests_open",
            "Requests at the public door that are being answered",
            open.clone(),
        );
        Self { durations, open }
    }

    /// A request is being answered until the guard is dropped.
    pub fn opened(&self) -> Open {
        Open::of(&self.open)
    }

    /// A request was answered.
    pub fn answered(&self, status: StatusCode, after: Duration) {
        let class = match status.as_u16() {
            ..300 => "2xx",
            300..400 => "3xx",
            400..500 => "4xx",
            500.. => "5xx",
        };
        let durations = self.durations.get_or_create(&[("status", class)]);
        durations.observe(after.as_secs_f64());
    }
}

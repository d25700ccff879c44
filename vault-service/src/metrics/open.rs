//! A gauge of what is open.

use prometheus_client::metrics::gauge::Gauge;

/// Something that is open and counted; closed when dropped.
#[derive(Debug)]
pub struct Open(Gauge);

impl Open {
    pub(super) fn of(gauge: &Gauge) -> Self {
        gauge.inc();
        Self(gauge.clone())
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.0.dec();
    }
}

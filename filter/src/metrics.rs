//! Counters and gauges, defined when they are first used.

use std::cell::RefCell;
use std::collections::BTreeMap;

use sallyport_filter_core::{Counter, Gauge};

use crate::host;

/// The host's numbers of what was counted so far.
#[derive(Default)]
pub(crate) struct Metrics {
    counters: RefCell<BTreeMap<Counter, u32>>,
    gauges: RefCell<BTreeMap<Gauge, u32>>,
}

impl Metrics {
    pub(crate) fn count(&self, counter: Counter) {
        let define = || host::counter(&counter.to_string());
        if let Some(id) = known(&self.counters, counter, define) {
            host::increment(id);
        }
    }

    pub(crate) fn show(&self, gauge: Gauge, number: u64) {
        let define = || host::gauge(&gauge.to_string());
        if let Some(id) = known(&self.gauges, gauge, define) {
            host::show(id, number);
        }
    }
}

fn known<M: Ord + Copy>(
    metrics: &RefCell<BTreeMap<M, u32>>,
    metric: M,
    define: impl Fn() -> Option<u32>,
) -> Option<u32> {
    let mut metrics = metrics.borrow_mut();
    let id = metrics.get(&metric).copied().or_else(define)?;
    metrics.insert(metric, id);
    Some(id)
}

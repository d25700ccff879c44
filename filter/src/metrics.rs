//! Counters and gauges, defined when they are first used.

use std::cell::RefCell;

use litemap::LiteMap;
use sallyport_filter_core::{Counter, Gauge};

use crate::host;

/// The host's numbers of what was counted so far.
#[derive(Default)]
pub(crate) struct Metrics {
    counters: RefCell<LiteMap<Counter, u32>>,
    gauges: RefCell<Vec<(Gauge, u32)>>,
    /// What was counted of requests and not told yet.
    untold: RefCell<LiteMap<Counter, u32>>,
}

impl Metrics {
    /// Counts. A call of the host costs more than all the rest of a request that is known, so what every
    /// request counts is told at the next tick.
    pub(crate) fn count(&self, counter: Counter) {
        match counter.is_of_every_request() {
            true => {
                let mut untold = self.untold.borrow_mut();
                let count = untold.entry(counter).or_default();
                *count = count.saturating_add(1);
            }
            false => self.tell(counter, 1),
        }
    }

    /// Tells the host what it was not told yet.
    pub(crate) fn settle(&self) {
        for (counter, count) in self.untold.borrow_mut().iter_mut() {
            if *count > 0 {
                self.tell(*counter, std::mem::take(count));
            }
        }
    }

    fn tell(&self, counter: Counter, count: u32) {
        let mut counters = self.counters.borrow_mut();
        let known = counters.get(&counter).copied();
        let id = known.or_else(|| {
            let id = host::counter(&counter.to_string())?;
            counters.insert(counter, id);
            Some(id)
        });
        if let Some(id) = id {
            host::increment(id, count);
        }
    }

    pub(crate) fn show(&self, gauge: Gauge, number: u64) {
        let mut gauges = self.gauges.borrow_mut();
        let known = gauges.iter().find(|(known, _)| *known == gauge);
        let id = known.map(|(_, id)| *id).or_else(|| {
            let id = host::gauge(&gauge.to_string())?;
            gauges.push((gauge, id));
            Some(id)
        });
        if let Some(id) = id {
            host::show(id, number);
        }
    }
}

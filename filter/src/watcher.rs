//! A watcher: the brain of a service, and what the host has to be told in its words.

use std::cell::RefCell;
use std::rc::Rc;

#[cfg(not(feature = "recording"))]
use sallyport_filter_core::Watcher as Brain;
use sallyport_filter_core::config::Vault;
use sallyport_filter_core::{Effect, Event};

use crate::calls::Calls;
use crate::host;
use crate::metrics::Metrics;
#[cfg(feature = "recording")]
use crate::recorder::Watcher as Brain;

/// A service that watches for the filters of its process.
pub(crate) struct Watcher {
    vault: Vault,
    brain: RefCell<Brain>,
    calls: Calls,
    metrics: Metrics,
}

impl Watcher {
    pub(crate) fn new(vault: Vault) -> Self {
        Self {
            brain: RefCell::new(Brain::new(vault.clone(), Rc::new(host::Shared))),
            vault,
            calls: Calls::default(),
            metrics: Metrics::default(),
        }
    }

    pub(crate) fn call_returned(&self, token: u32, headers: usize, body_size: usize) {
        if let Some(event) = self.calls.returned(token, headers, body_size) {
            self.handle(event);
        }
    }

    /// Takes an event in and does everything that follows from it.
    pub(crate) fn handle(&self, event: Event) {
        let mut next = Some(event);
        while let Some(event) = next.take() {
            for effect in self.feed(&event) {
                match effect {
                    Effect::Call(call) => next = self.calls.make(&self.vault, &call),
                    Effect::Tick(period) => host::tick(period),
                    Effect::Count(counter) => self.metrics.count(counter),
                    Effect::Show(gauge, number) => self.metrics.show(gauge, number),
                    Effect::Log(line) => host::log(&line),
                    // There are no requests here.
                    _ => {}
                }
            }
        }
    }

    fn feed(&self, event: &Event) -> Vec<Effect> {
        match (self.brain.try_borrow_mut(), host::now()) {
            (Ok(mut brain), Some(now)) => brain.step(event, now),
            _ => Vec::new(),
        }
    }
}

//! What a live filter went through, one line of JSON per event: replayed, it is a test.
//!
//! A line has the event, the two clocks, what shared data answered, what was drawn by chance, and the effects. Nothing is left out, answers of
//! the vault neither: a recording holds the secrets that its gateway held, so it is made with secrets made for it.
//! The module that is shipped has none of this.

mod bytes;
mod effect;
mod event;
mod tape;
#[cfg(test)]
#[cfg(not(target_arch = "wasm32"))]
mod tests;

use std::rc::Rc;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::effect::Effect;
use crate::event::Event;
use crate::machine::{State, step};
use crate::policy::encryption::Random;
use crate::shared::{SharedData, Watcher};
use crate::time::Now;
use effect::told;
use tape::Exchange;

/// One step of one filter, or of a service that watches.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Line {
    /// Which filter: they are numbered as they start.
    instance: u64,
    /// Seconds since 1970, and nanoseconds of the monotonic clock.
    at: (i64, u64),
    /// Of a filter that starts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    configuration: Option<String>,
    /// As `event` has it.
    event: Value,
    /// What was read from shared data, written to it and drawn by chance, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    exchanges: Vec<Exchange>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    effects: Vec<String>,
}

/// Records the steps of one filter, or of a service that watches for filters.
pub struct Recorder {
    instance: u64,
    configuration: Option<String>,
}

impl Recorder {
    /// Of a filter that has not started, with this number among all of its recording.
    pub const fn new(instance: u64, configuration: String) -> Self {
        Self {
            instance,
            configuration: Some(configuration),
        }
    }

    /// The same shared data, with what is read and written there on the record.
    pub fn listening(data: Rc<dyn SharedData>) -> Rc<dyn SharedData> {
        tape::listening(data)
    }

    /// The same randomness, on the record.
    pub fn drawing(random: Random) -> Random {
        tape::drawing(random)
    }

    /// One step of a filter, and its line; that is empty if it cannot be written.
    pub fn step(&mut self, state: &mut State, event: Event, now: Now) -> (Vec<Effect>, String) {
        let written = event::written(&event);
        self.record(written, now, || step(state, event, now))
    }

    /// The same of a service that watches.
    pub fn watch(
        &mut self,
        watcher: &mut Watcher,
        event: &Event,
        now: Now,
    ) -> (Vec<Effect>, String) {
        self.record(event::written(event), now, || watcher.step(event, now))
    }

    fn record(
        &mut self,
        event: Value,
        now: Now,
        step: impl FnOnce() -> Vec<Effect>,
    ) -> (Vec<Effect>, String) {
        tape::begin();
        let effects = step();
        let line = Line {
            instance: self.instance,
            at: (now.wall.0, nanoseconds(now)),
            configuration: self.configuration.take(),
            event,
            exchanges: tape::end(),
            effects: effects.iter().map(told).collect(),
        };
        (effects, serde_json::to_string(&line).unwrap_or_default())
    }
}

fn nanoseconds(now: Now) -> u64 {
    u64::try_from(now.uptime.as_nanos()).unwrap_or(u64::MAX)
}

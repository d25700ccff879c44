//! Replaying: the same events, the same time, the same answers of shared data; and then the same effects.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use sallyport_pki::UnixTime;

use super::script;
use crate::config::Plugin;
use crate::effect::Effect;
use crate::event::Event;
use crate::fixtures::verifying_host::good_host;
use crate::machine::{State, step};
use crate::recording::effect::told;
use crate::recording::{Line, event};
use crate::shared::Watcher;
use crate::signatures::Signatures;
use crate::time::Now;

/// Where a replay parts from its recording.
#[derive(Debug)]
pub(super) struct Parting {
    /// Counts from 1.
    pub(super) line: usize,
    event: String,
    recorded: Vec<String>,
    replayed: Vec<String>,
}

impl fmt::Display for Parting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "line {}: {}", self.line, self.event)?;
        writeln!(f, "recorded: {:#?}", self.recorded)?;
        writeln!(f, "replayed: {:#?}", self.replayed)?;
        f.write_str("if that is meant, make the recordings anew: make recordings")
    }
}

impl Line {
    pub(super) fn now(&self) -> Now {
        let (wall, uptime) = self.at;
        Now {
            wall: UnixTime(wall),
            uptime: Duration::from_nanos(uptime),
        }
    }
}

/// What is replayed.
enum Brain {
    Filter(Box<State>),
    Watcher(Box<Watcher>),
}

impl Brain {
    fn new(configuration: &str, instance: u64, signatures: &Signatures) -> Self {
        let data = script::of(instance);
        match configuration.parse().unwrap() {
            Plugin::Filter(config) => {
                let state = State::with_signatures(*config, signatures.clone());
                Self::Filter(Box::new(state.drawing(script::draw).sharing(data)))
            }
            Plugin::Watcher(vault) => Self::Watcher(Box::new(Watcher::new(vault, data))),
        }
    }

    fn step(&mut self, event: Event, now: Now) -> Vec<Effect> {
        match self {
            Self::Filter(state) => step(state, event, now),
            Self::Watcher(watcher) => watcher.step(&event, now),
        }
    }
}

/// The lines of a recording.
pub(super) fn lines(recording: &str) -> impl Iterator<Item = Line> {
    let lines = recording.lines();
    lines.map(|line| serde_json::from_str(line).unwrap())
}

/// Replays all filters of a recording.
pub(super) fn replay(recording: &str) -> Result<(), Parting> {
    let signatures = Signatures::tried(good_host);
    let mut filters = BTreeMap::new();
    for (at, mut line) in (1..).zip(lines(recording)) {
        let instance = line.instance;
        if let Some(configuration) = &line.configuration {
            filters.insert(instance, Brain::new(configuration, instance, &signatures));
        }
        script::expect(std::mem::take(&mut line.exchanges));
        let brain = filters.get_mut(&instance).unwrap();
        let happened = event::read(line.event.clone()).unwrap();
        let effects = brain.step(happened, line.now());
        let (mut recorded, mut replayed) = (line.effects, Vec::new());
        replayed.extend(effects.iter().map(told));
        if let Some((expected, found)) = script::parting() {
            recorded.push(expected);
            replayed.push(found);
        }
        if recorded != replayed {
            return Err(Parting {
                line: at,
                event: line.event.to_string().chars().take(200).collect(),
                recorded,
                replayed,
            });
        }
    }
    Ok(())
}

//! Replaying: the same events, the same time, the same answers of shared data; and then the same effects.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use sallyport_pki::UnixTime;

use super::script;
use crate::config::Config;
use crate::fixtures::verifying_host::good_host;
use crate::machine::{State, step};
use crate::recording::effect::told;
use crate::recording::{Line, event};
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
            let config: Config = configuration.parse().unwrap();
            let state = State::with_signatures(config, signatures.clone());
            let state = state.drawing(script::draw);
            filters.insert(instance, state.sharing(script::of(instance)));
        }
        script::expect(std::mem::take(&mut line.exchanges));
        let state = filters.get_mut(&instance).unwrap();
        let happened = event::read(line.event.clone()).unwrap();
        let effects = step(state, happened, line.now());
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

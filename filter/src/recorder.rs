//! The brain with everything it lives through in Envoy's log. For tests, with secrets made for them.

use std::rc::Rc;

use sallyport_filter_core::config::Vault;
use sallyport_filter_core::policy::encryption::Random;
use sallyport_filter_core::{
    self as core, Config, Effect, Event, Level, Line, Now, Recorder, SharedData, Signatures,
};

use crate::host;

/// In front of every line.
const MARK: &str = "recorded ";

/// More than a configuration may have, in bytes.
const MAX_CONFIGURATION: usize = 1 << 20;

/// Tries at a number, where filters of other threads start at the same moment.
const ATTEMPTS: usize = 1000;

/// In place of the brain's own.
pub(crate) struct State {
    brain: core::State,
    recorder: Recorder,
}

impl State {
    pub(crate) fn with_signatures(config: Config, signatures: Signatures) -> Self {
        Self {
            brain: core::State::with_signatures(config, signatures),
            recorder: recorder(),
        }
    }

    pub(crate) fn sharing(mut self, data: Rc<dyn SharedData>) -> Self {
        self.brain = self.brain.sharing(Recorder::listening(data));
        self
    }

    pub(crate) fn drawing(mut self, random: Random) -> Self {
        self.brain = self.brain.drawing(Recorder::drawing(random));
        self
    }

    pub(crate) const fn config(&self) -> &Config {
        self.brain.config()
    }
}

/// In place of the brain's own.
pub(crate) fn step(state: &mut State, event: Event, now: Now) -> Vec<Effect> {
    let (effects, line) = state.recorder.step(&mut state.brain, event, now);
    write(&line);
    effects
}

/// In place of the brain's own.
pub(crate) struct Watcher {
    brain: core::Watcher,
    recorder: Recorder,
}

impl Watcher {
    pub(crate) fn new(vault: Vault, data: Rc<dyn SharedData>) -> Self {
        Self {
            brain: core::Watcher::new(vault, Recorder::listening(data)),
            recorder: recorder(),
        }
    }

    pub(crate) fn step(&mut self, event: &Event, now: Now) -> Vec<Effect> {
        let (effects, line) = self.recorder.watch(&mut self.brain, event, now);
        write(&line);
        effects
    }
}

/// Of a plugin that is being configured.
fn recorder() -> Recorder {
    let configuration = host::configuration(MAX_CONFIGURATION);
    Recorder::new(
        number(),
        String::from_utf8(configuration).unwrap_or_default(),
    )
}

fn write(line: &str) {
    host::log(&Line {
        level: Level::Info,
        text: format!("{MARK}{line}"),
    });
}

/// A number that no other filter of the process has; 0 if it cannot be had.
fn number() -> u64 {
    let key = "recorded";
    for _ in 0..ATTEMPTS {
        let (value, writing) = host::Shared.read(key);
        let next = value.first_chunk().copied().map_or(0, u64::from_be_bytes) + 1;
        if host::Shared.replace(key, &next.to_be_bytes(), writing) {
            return next;
        }
    }
    0
}

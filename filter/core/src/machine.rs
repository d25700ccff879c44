//! The brain: `step(state, event, now)` gives the effects. The only place that knows about waiting.
//!
//! A request is held for two things: the vault's first answer after the start (bounded by
//! `startupWait` since the start, not per request), and the handshake of a new upstream connection
//! (bounded by `handshakeWait` per request). Whatever ends the waiting, the request is then judged
//! like any other. A TCP connection is held for the same, and judged again as long as it lives.

mod callers;
mod connection;
mod consequence;
mod conversion;
mod credentials;
mod judge;
mod message;
mod note;
mod places;
mod request;
mod response;
mod signing;
mod vault;

use std::rc::Rc;
use std::time::Duration;

use crate::call_failure::CallFailure;
use crate::config::{Config, WatchMode};
use crate::effect::Effect;
use crate::event::Event;
use crate::known_peers::KnownPeers;
use crate::policy::encryption::Random;
use crate::shared::{Member, Rank, SharedData};
use crate::signatures::Signatures;
use crate::snapshot::Snapshot;
use crate::streams::Streams;
use crate::time::Now;
use crate::usable::Usable;
use crate::verdict_cache::VerdictCache;
use crate::watch::Wanted;
use callers::Callers;
use connection::Connections;
use credentials::Ready;
use message::Collecting;
use request::Waiting;
use response::Answering;
use vault::{Own, Source};

pub use connection::MAX_CONNECTIONS;

/// Most requests that wait at a time.
pub const MAX_WAITING: usize = 1024;

/// Ticks come at least this often: deadlines and expiry are noticed by them.
pub(crate) const LONGEST_TICK: Duration = Duration::from_secs(1);

/// As many as a request of a known peer has: room for them is made at once.
const EFFECTS: usize = 8;

/// While a handshake is awaited. Envoy does not tell when it is done.
pub(crate) const SHORTEST_TICK: Duration = Duration::from_millis(1);

/// Everything one plugin instance knows.
pub struct State {
    config: Config,
    snapshot: Snapshot,
    source: Source,
    /// Whether the snapshot was taken over outside of a tick.
    caught_up: bool,
    verdicts: VerdictCache,
    known_peers: KnownPeers,
    credentials: Option<Ready>,
    callers: Option<Callers>,
    collecting: Vec<Collecting>,
    /// Whether responses of some policy are converted.
    converts_responses: bool,
    /// Requests whose responses are awaited, where some are converted.
    answering: Streams<Answering>,
    /// What all virtual machines of the process see.
    data: Option<Rc<dyn SharedData>>,
    signatures: Signatures,
    random: Random,
    waiting: Streams<Waiting>,
    connections: Connections,
    /// When requests stop waiting for the vault's first answer.
    startup_until: Duration,
    ticks: Ticks,
}

/// When the host calls next.
#[derive(Clone, Copy, Debug)]
struct Ticks {
    period: Duration,
    due: Duration,
}

impl State {
    /// A filter that has not started yet and verifies signatures itself.
    pub fn new(config: Config) -> Self {
        Self::with_signatures(config, Signatures::own())
    }

    /// A filter that has not started yet.
    pub fn with_signatures(config: Config, signatures: Signatures) -> Self {
        Self {
            snapshot: Snapshot::new(config.references()),
            source: Source::Own(Own::new()),
            caught_up: false,
            verdicts: VerdictCache::default(),
            known_peers: KnownPeers::default(),
            credentials: None,
            callers: None,
            collecting: Vec::new(),
            converts_responses: config.policy.converts_responses(),
            answering: Streams::default(),
            data: None,
            signatures,
            random: |_| false,
            waiting: Streams::default(),
            connections: Connections::default(),
            startup_until: Duration::ZERO,
            ticks: Ticks {
                period: Duration::ZERO,
                due: Duration::ZERO,
            },
            config,
        }
    }

    /// Draws randomness from there; without it nothing is encrypted.
    #[must_use]
    pub const fn drawing(mut self, random: Random) -> Self {
        self.random = random;
        self
    }

    /// Shares the watch on the vault with the other filters of the process, unless the configuration
    /// says otherwise.
    #[must_use]
    pub fn sharing(mut self, data: Rc<dyn SharedData>) -> Self {
        self.data = Some(Rc::clone(&data));
        if self.config.vault.watch == WatchMode::Shared {
            let references = self.config.references().into_iter();
            let references = references.map(ToString::to_string).collect();
            let vault = self.config.vault.clone();
            let member = Member::new(data, vault, references, Rank::Filter);
            self.source = Source::Shared(Box::new(member));
        }
        self
    }

    /// The configuration.
    pub const fn config(&self) -> &Config {
        &self.config
    }

    /// What is held of the vault.
    pub const fn snapshot(&self) -> &Snapshot {
        &self.snapshot
    }

    /// What may be used of the snapshot at `uptime`.
    const fn usable(&self, uptime: Duration) -> Usable<'_> {
        Usable {
            snapshot: &self.snapshot,
            on_stale: self.config.on_failure.stale,
            uptime,
        }
    }

    /// How many requests wait.
    pub fn waiting(&self) -> usize {
        self.waiting.count() + self.collecting.len() + response::held(self)
    }

    /// How many TCP connections are known.
    pub fn connections(&self) -> usize {
        self.connections.len()
    }
}

/// Takes an event in and says what is to be done about it, in order.
pub fn step(state: &mut State, event: Event, now: Now) -> Vec<Effect> {
    let mut effects = Vec::with_capacity(EFFECTS);
    let ticked = matches!(event, Event::Tick);
    // Those who wait are let go at the next tick: this may be the callback of another stream.
    state.caught_up |= vault::catch_up(state, now, &mut effects);
    match event {
        Event::Start => {
            state.startup_until = now.uptime + state.config.startup_wait;
            state.signatures.report(&mut effects);
        }
        Event::Tick => {
            if vault::tick(state, now, &mut effects) | std::mem::take(&mut state.caught_up) {
                request::release(state, now, &mut effects);
            }
            request::tick(state, now, &mut effects);
            message::tick(state, now, &mut effects);
            response::tick(state, now, &mut effects);
            connection::tick(state, now, &mut effects);
            connection::sweep(state, &mut effects);
        }
        Event::Answer(call, answer) => {
            if vault::answer(state, call, &answer, now, &mut effects) {
                request::release(state, now, &mut effects);
                connection::sweep(state, &mut effects);
            }
        }
        Event::CallFailed(call) => {
            let failure = CallFailure::Unreachable(None);
            vault::call_failed(state, call, &failure, now, &mut effects);
        }
        Event::CallCutOff(call) => {
            vault::call_failed(state, call, &CallFailure::CutOff, now, &mut effects);
        }
        Event::Arrived(stream, place) => request::arrive(state, stream, place, now, &mut effects),
        Event::Request(stream, place, facts) => {
            request::begin(state, stream, place, facts, now, &mut effects);
        }
        Event::Head(stream, reading, head) => {
            message::head(state, stream, reading, head, now, &mut effects);
        }
        Event::BodyGrew(stream, size) => message::grew(state, stream, size, &mut effects),
        Event::Body(stream, body) => message::body(state, stream, &body, now, &mut effects),
        Event::Response(stream, head) => response::head(state, stream, head, now, &mut effects),
        Event::ResponseGrew(stream, size) => response::grew(state, stream, size, &mut effects),
        Event::ResponseBody(stream, body) => {
            response::body(state, stream, &body, now, &mut effects);
        }
        Event::Probed(stream, facts) => request::probed(state, stream, facts, now, &mut effects),
        Event::Data(stream, speaker) => {
            connection::data(state, stream, speaker, now, &mut effects);
        }
        Event::Seen(stream, place, facts) => {
            connection::seen(state, stream, &place, facts.as_ref(), now, &mut effects);
        }
        Event::Closed(stream) => {
            state.waiting.remove(stream);
            message::closed(state, stream);
            state.answering.remove(stream);
            connection::closed(state, stream);
        }
    }
    // What the vault takes back is dropped at once, and not at the next request.
    let snapshot = &state.snapshot;
    state.credentials.take_if(|ready| !ready.is_of(snapshot));
    state.callers.take_if(|callers| !callers.is_of(snapshot));
    schedule(state, ticked, now, &mut effects);
    effects
}

/// Sets the tick if it has to come earlier, or if it just came and has to have another period.
fn schedule(state: &mut State, ticked: bool, now: Now, effects: &mut Vec<Effect>) {
    let wanted = match &state.source {
        Source::Shared(member) => member.next_look(now.uptime),
        Source::Own(own) => match own.wanted(now) {
            Wanted::Call => SHORTEST_TICK,
            Wanted::Nothing(until) => until.saturating_sub(now.uptime),
        },
    };
    let period = state
        .waiting
        .iter()
        .map(|(_, waiting)| waiting.next_look(now.uptime))
        .chain(state.connections.next_look(now))
        .fold(wanted, Duration::min)
        .clamp(SHORTEST_TICK, LONGEST_TICK);
    let due = now.uptime + period;
    if ticked && period == state.ticks.period {
        state.ticks.due = due;
    } else if ticked || state.ticks.period.is_zero() || due < state.ticks.due {
        state.ticks = Ticks { period, due };
        effects.push(Effect::Tick(period));
    }
}

#[cfg(test)]
#[cfg(not(target_arch = "wasm32"))]
mod tests;

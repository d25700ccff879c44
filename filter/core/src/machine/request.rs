//! Requests: judged, held, let go or denied.

use std::sync::Arc;
use std::time::Duration;

use sallyport_pki::PinRole;

use super::consequence::{Standing, observe};
use super::credentials::{self, Credentials};
use super::judge::{Judgement, WaitingOn, is_unseen, judge};
use super::note::Note;
use super::{MAX_WAITING, SHORTEST_TICK, State};
use super::{message, response};
use crate::choice::client_names;
use crate::config::{
    ClientNames, ForwardClientCertificate, Injection, Notes, Place, Policy, PolicyIndex, Upstream,
};
use crate::decide::{Denial, Verdict};
use crate::effect::Effect;
use crate::event::{Peer, StreamId};
use crate::facts::{DownstreamFacts, Facts, UpstreamFacts};
use crate::known_peers::{Known, PeerId};
use crate::metric::Counter;
use crate::reason::Reason;
use crate::time::Now;

/// A held request.
pub(super) struct Waiting {
    request: Request,
    on: WaitingOn,
    /// When it is denied.
    until: Duration,
}

/// A request that is not decided.
struct Request {
    peer: Option<PeerId>,
    policy: PolicyIndex,
    facts: Facts,
    /// When it arrived.
    since: Duration,
}

impl Waiting {
    /// Time until it has to be looked at again.
    pub(super) fn next_look(&self, uptime: Duration) -> Duration {
        match self.on {
            WaitingOn::Handshake => SHORTEST_TICK,
            WaitingOn::Vault => self.until.saturating_sub(uptime),
        }
    }
}

/// A new request, of which it is known where it comes from. It goes on if its peer is known, or else
/// its connection is looked at.
pub(super) fn arrive(
    state: &mut State,
    stream: StreamId,
    mut place: Place,
    now: Now,
    effects: &mut Vec<Effect>,
) {
    let policy = state.config.policy.select(&place);
    response::expect(state, stream, policy);
    if state.config.policy.get(policy).tls_context.is_none() {
        // There is nothing to see: no certificate is asked for.
        let place = Place {
            peer: None,
            ..place
        };
        let facts = Facts::Downstream(DownstreamFacts::default());
        return begin(state, stream, place, facts, now, effects);
    }
    if let Some(peer) = place.peer.take() {
        let whom = (peer, policy);
        if pass_known(state, stream, &whom, now, effects).is_some() {
            return;
        }
        place.peer = Some(whom.0);
    }
    effects.push(Effect::Look(stream, Box::new(place)));
}

/// `None`, and no effects, if something about the request is not at hand.
fn pass_known(
    state: &State,
    stream: StreamId,
    whom: &(PeerId, PolicyIndex),
    now: Now,
    effects: &mut Vec<Effect>,
) -> Option<()> {
    let generation = state.snapshot.generation();
    let known = state.known_peers.look_up(whom, generation, now)?;
    let direction = state.config.policy.direction();
    match &state.config.policy {
        Policy::Downstream(_) => {
            hide_client(state, stream, effects);
            effects.push(Effect::Count(Counter::KnownConnection(direction)));
        }
        Policy::Upstream(upstream) => {
            let credentials = credentials::ready(state, now)?;
            effects.push(Effect::Count(Counter::KnownPeer(direction)));
            put_in(upstream, stream, &credentials, effects);
        }
    }
    if state.config.notes == Notes::All {
        effects.push(Effect::Note(stream, Arc::clone(&known.note)));
    }
    tell(stream, known.names.as_ref(), effects);
    pass(state, stream, whom.1, known.pin, effects);
    Some(())
}

/// A new request, whose connection was looked at.
pub(super) fn begin(
    state: &mut State,
    stream: StreamId,
    place: Place,
    facts: Facts,
    now: Now,
    effects: &mut Vec<Effect>,
) {
    hide_client(state, stream, effects);
    let policy = state.config.policy.select(&place);
    response::expect(state, stream, policy);
    let request = Request {
        policy,
        peer: place.peer,
        facts,
        since: now.uptime,
    };
    proceed(state, stream, request, now, effects);
}

fn hide_client(state: &State, stream: StreamId, effects: &mut Vec<Effect>) {
    if let Policy::Downstream(downstream) = &state.config.policy
        && downstream.forward_client_certificate == ForwardClientCertificate::Remove
    {
        effects.push(Effect::RemoveForwarded(stream));
    }
}

/// A held request, whose connection was looked at again.
pub(super) fn probed(
    state: &mut State,
    stream: StreamId,
    facts: UpstreamFacts,
    now: Now,
    effects: &mut Vec<Effect>,
) {
    if let Some(waiting) = state.waiting.remove(stream) {
        let request = Request {
            facts: Facts::Upstream(facts),
            ..waiting.request
        };
        proceed(state, stream, request, now, effects);
    }
}

/// The snapshot changed: those who waited for it are judged.
pub(super) fn release(state: &mut State, now: Now, effects: &mut Vec<Effect>) {
    let released: Vec<StreamId> = state
        .waiting
        .iter()
        .filter(|(_, waiting)| waiting.on == WaitingOn::Vault)
        .map(|(stream, _)| *stream)
        .collect();
    for stream in released {
        resume_judging(state, stream, now, effects);
    }
}

/// Time passed: what is overdue is judged for the last time, handshakes are looked at.
pub(super) fn tick(state: &mut State, now: Now, effects: &mut Vec<Effect>) {
    let mut overdue = Vec::new();
    for (stream, waiting) in state.waiting.iter() {
        if now.uptime >= waiting.until && waiting.on == WaitingOn::Vault {
            overdue.push(*stream);
        } else if waiting.on == WaitingOn::Handshake {
            effects.push(Effect::Probe(*stream));
        }
    }
    for stream in overdue {
        resume_judging(state, stream, now, effects);
    }
}

fn resume_judging(state: &mut State, stream: StreamId, now: Now, effects: &mut Vec<Effect>) {
    match state.waiting.remove(stream) {
        None => {}
        Some(waiting) if is_unseen(&waiting.request.facts) => {
            // The handshake may be done by now.
            state.waiting.set(stream, waiting);
            effects.push(Effect::Probe(stream));
        }
        Some(waiting) => proceed(state, stream, waiting.request, now, effects),
    }
}

fn proceed(
    state: &mut State,
    stream: StreamId,
    request: Request,
    now: Now,
    effects: &mut Vec<Effect>,
) {
    let direction = state.config.policy.direction();
    let policy = request.policy;
    let (verdict, note) = match judge(state, policy, &request.facts, now, effects) {
        Judgement::Done(verdict, note) => (verdict, note),
        Judgement::Wait(on) => {
            let until = on.until(state, request.since);
            if now.uptime >= until {
                (Verdict::Deny(on.in_vain()), None)
            } else if state.waiting.count() >= MAX_WAITING {
                (Verdict::Deny(Denial::new(Reason::TooManyWaiting)), None)
            } else {
                if request.since == now.uptime {
                    effects.push(Effect::Count(Counter::Held(direction)));
                }
                effects.push(Effect::Hold(stream));
                let waiting = Waiting { request, on, until };
                state.waiting.set(stream, waiting);
                return;
            }
        }
    };
    match verdict {
        Verdict::Deny(denial) => refuse(state, stream, policy, &denial, effects),
        Verdict::Allow {
            from,
            until,
            pin,
            observed,
            peer,
        } => {
            observe(state, &observed, effects);
            let clean = observed.is_empty();
            if let Err(denial) = inject(state, stream, clean, now, effects) {
                return refuse(state, stream, policy, &denial, effects);
            }
            let note = note.unwrap_or_else(|| Note::from("allowed"));
            let pin = pin.map(|found| found.pin.role);
            // Nothing is told of a certificate that nobody asked for, or with something observed.
            let proven = clean && peer.is_some();
            let names = proven.then(|| names(state, &request.facts)).flatten();
            if let (Some(peer), true) = (request.peer, clean) {
                let known = Known {
                    pin,
                    note: Arc::clone(&note),
                    names: names.clone(),
                    from,
                    until,
                    fresh_until: now.uptime + state.snapshot.fresh_for(now.uptime),
                };
                let generation = state.snapshot.generation();
                state.known_peers.remember(peer, policy, generation, known);
            }
            if !clean || state.config.notes == Notes::All {
                effects.push(Effect::Note(stream, note));
            }
            tell(stream, names.as_ref(), effects);
            pass(state, stream, policy, pin, effects);
        }
    }
}

/// The names of a client that passed, where they are told.
fn names(state: &State, facts: &Facts) -> Option<Arc<str>> {
    match (&state.config.policy, facts) {
        (Policy::Downstream(downstream), Facts::Downstream(facts))
            if downstream.client_names == ClientNames::Tell =>
        {
            client_names(facts.peer_certificate.as_deref()?)
        }
        _ => None,
    }
}

fn tell(stream: StreamId, names: Option<&Arc<str>>, effects: &mut Vec<Effect>) {
    effects.extend(names.map(|names| Effect::Tell(stream, Arc::clone(names))));
}

/// Puts credentials in place of what the client sent: none for a server with something observed.
fn inject(
    state: &mut State,
    stream: StreamId,
    clean: bool,
    now: Now,
    effects: &mut Vec<Effect>,
) -> Result<(), Denial> {
    let Policy::Upstream(upstream) = &state.config.policy else {
        return Ok(());
    };
    let credentials = match clean {
        true => credentials::at_hand(state, upstream, now, effects)?,
        false => [].into(),
    };
    put_in(upstream, stream, &credentials, effects);
    if clean {
        credentials::keep(state, credentials, now);
    }
    Ok(())
}

fn put_in(
    upstream: &Upstream,
    stream: StreamId,
    credentials: &Credentials,
    effects: &mut Vec<Effect>,
) {
    clear_places(upstream, stream, effects);
    for (injection, value) in upstream.inject.iter().zip(&**credentials) {
        if let (Some(name), Some(value)) = (injection.fixed_header(), value) {
            effects.push(Effect::Count(Counter::Injected));
            effects.push(Effect::AddHeader(stream, name.clone(), Arc::clone(value)));
        }
    }
}

/// Lets a request go on whose peer passed.
fn pass(
    state: &State,
    stream: StreamId,
    policy: PolicyIndex,
    pin: Option<PinRole>,
    effects: &mut Vec<Effect>,
) {
    let direction = state.config.policy.direction();
    if let Some(role) = pin {
        effects.push(Effect::Count(Counter::Pinned(direction, role)));
    }
    message::go_on(state, stream, policy, Peer::Passed, effects);
}

/// Denies, or lets the request go on without a credential, by configuration.
fn refuse(
    state: &State,
    stream: StreamId,
    policy: PolicyIndex,
    denial: &Denial,
    effects: &mut Vec<Effect>,
) {
    let met = (state.config.policy.get(policy).mode, Standing::New);
    if message::refused_by(state, stream, policy, met, denial, effects) {
        return;
    }
    if let Policy::Upstream(upstream) = &state.config.policy {
        // No credential goes to a peer that did not pass, the client's word for one either.
        clear_places(upstream, stream, effects);
    }
    message::go_on(state, stream, policy, Peer::Unproven, effects);
}

/// Takes out what is in place of a credential that is the same for every request.
pub(super) fn clear_places(upstream: &Upstream, stream: StreamId, effects: &mut Vec<Effect>) {
    for name in upstream.inject.iter().filter_map(Injection::fixed_header) {
        effects.push(Effect::RemoveHeader(stream, name.clone()));
    }
}

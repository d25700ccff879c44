//! Requests: judged, held, let go or denied.

use std::borrow::Cow;
use std::time::Duration;

use sallyport_model::SecretString;

use super::consequence::{Consequence, Standing, consequence, observe};
use super::judge::{Judgement, WaitingOn, is_unseen, judge};
use super::{MAX_WAITING, SHORTEST_TICK, State};
use crate::config::{ForwardClientCertificate, Injection, Place, Policy, PolicyIndex, Upstream};
use crate::decide::{Denial, Verdict};
use crate::effect::{Effect, Reply};
use crate::event::StreamId;
use crate::facts::{Facts, UpstreamFacts};
use crate::inject::{self, InjectError};
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

/// A new request.
pub(super) fn arrive(
    state: &mut State,
    stream: StreamId,
    place: &Place,
    facts: Facts,
    now: Now,
    effects: &mut Vec<Effect>,
) {
    if let Policy::Downstream(downstream) = &state.config.policy
        && downstream.forward_client_certificate == ForwardClientCertificate::Remove
    {
        let name = Cow::Borrowed("x-forwarded-client-cert");
        effects.push(Effect::RemoveHeader(stream, name));
    }
    let request = Request {
        policy: state.config.policy.select(place),
        facts,
        since: now.uptime,
    };
    proceed(state, stream, request, now, effects);
}

/// A held request, whose connection was looked at again.
pub(super) fn probed(
    state: &mut State,
    stream: StreamId,
    facts: UpstreamFacts,
    now: Now,
    effects: &mut Vec<Effect>,
) {
    if let Some(waiting) = state.waiting.remove(&stream) {
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
    for (stream, waiting) in &state.waiting {
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
    match state.waiting.remove(&stream) {
        None => {}
        Some(waiting) if is_unseen(&waiting.request.facts) => {
            // The handshake may be done by now.
            state.waiting.insert(stream, waiting);
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
    let verdict = match judge(state, policy, &request.facts, now, effects) {
        Judgement::Done(verdict) => verdict,
        Judgement::Wait(on) => {
            let until = on.until(state, request.since);
            if now.uptime >= until {
                Verdict::Deny(on.in_vain())
            } else if state.waiting.len() >= MAX_WAITING {
                Verdict::Deny(Denial::new(Reason::TooManyWaiting))
            } else {
                if request.since == now.uptime {
                    effects.push(Effect::Count(Counter::Held(direction)));
                }
                effects.push(Effect::Hold(stream));
                let waiting = Waiting { request, on, until };
                state.waiting.insert(stream, waiting);
                return;
            }
        }
    };
    match verdict {
        Verdict::Allow { pin, observed, .. } => {
            if let Some(found) = pin {
                effects.push(Effect::Count(Counter::Pinned(direction, found.pin.role)));
            }
            observe(state, &observed, effects);
            let credentials = match observed.is_empty() {
                true => Credentials::All,
                false => Credentials::None,
            };
            allow(state, stream, policy, credentials, now, effects);
        }
        Verdict::Deny(denial) => refuse(state, stream, policy, &denial, effects),
    }
}

/// Which credentials go with a request.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Credentials {
    /// The peer passed every check.
    All,
    /// It did not, which is only observed.
    None,
}

fn allow(
    state: &State,
    stream: StreamId,
    policy: PolicyIndex,
    credentials: Credentials,
    now: Now,
    effects: &mut Vec<Effect>,
) {
    let direction = state.config.policy.direction();
    if let Policy::Upstream(upstream) = &state.config.policy {
        let wanted: &[Injection] = match credentials {
            Credentials::All => &upstream.inject,
            Credentials::None => &[],
        };
        let rendered = wanted.iter().map(|injection| {
            inject::render(&injection.value, state.usable(now.uptime))
                .map(|value| (injection.header.to_string(), value))
        });
        // All or none: half of a set of credentials is of no use to anybody honest.
        let credentials = match rendered.collect() {
            Ok(credentials) => credentials,
            Err(error) => {
                effects.push(Effect::Count(Counter::InjectFailed));
                return refuse(state, stream, policy, &unusable_credential(&error), effects);
            }
        };
        clear_places(upstream, stream, effects);
        inject_all(stream, credentials, effects);
    }
    effects.push(Effect::Count(Counter::Allowed(direction)));
    effects.push(Effect::Resume(stream));
}

fn inject_all(
    stream: StreamId,
    credentials: Vec<(String, SecretString)>,
    effects: &mut Vec<Effect>,
) {
    for (name, value) in credentials {
        effects.push(Effect::Count(Counter::Injected));
        effects.push(Effect::AddCredential(stream, name, value));
    }
}

/// Denies, or lets the request go on without a credential, by configuration.
fn refuse(
    state: &State,
    stream: StreamId,
    policy: PolicyIndex,
    denial: &Denial,
    effects: &mut Vec<Effect>,
) {
    match consequence(state, policy, Standing::New, denial, effects) {
        Consequence::Refuse => {
            let reply = Reply {
                reason: denial.reason,
                direction: state.config.policy.direction(),
            };
            effects.push(Effect::Deny(stream, reply));
        }
        Consequence::GoOn => {
            if let Policy::Upstream(upstream) = &state.config.policy {
                // No credential goes to a peer that did not pass, the client's word for one either.
                clear_places(upstream, stream, effects);
            }
            effects.push(Effect::Resume(stream));
        }
    }
}

/// Takes out what the client sent in place of a credential.
fn clear_places(upstream: &Upstream, stream: StreamId, effects: &mut Vec<Effect>) {
    for injection in &upstream.inject {
        let name = Cow::Owned(injection.header.to_string());
        effects.push(Effect::RemoveHeader(stream, name));
    }
}

fn unusable_credential(error: &InjectError<'_>) -> Denial {
    let reason = match error {
        InjectError::Unusable { reason, .. } => *reason,
        InjectError::Type { .. }
        | InjectError::Colon { .. }
        | InjectError::Control { .. }
        | InjectError::Empty { .. }
        | InjectError::TooLong => Reason::CredentialUnusable,
    };
    Denial::new(reason).with_detail(error)
}

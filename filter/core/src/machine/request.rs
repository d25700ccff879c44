//! Requests: judged, held, let go or denied.

use std::borrow::Cow;
use std::time::Duration;

use sallyport_model::{Reference, SecretString};
use sallyport_pki::PinMatch;

use super::{MAX_WAITING, SHORTEST_TICK, State};
use crate::config::{
    Direction, ForwardClientCertificate, Mode, PeerPolicy, Place, Policy, PolicyIndex, Upstream,
};
use crate::decide::{self, Denial, Verdict, decide};
use crate::effect::{Effect, Line, Reply};
use crate::event::StreamId;
use crate::facts::{Facts, UpstreamFacts};
use crate::inject::{self, InjectError};
use crate::material::Prepared;
use crate::metric::Counter;
use crate::reason::Reason;
use crate::signatures::Signatures;
use crate::snapshot::{Availability, Snapshot, Unusable};
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

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum WaitingOn {
    Vault,
    Handshake,
}

enum Judgement {
    Wait(WaitingOn),
    Done(Verdict),
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
    let verdict = match judge(state, &request, now, effects) {
        Judgement::Done(verdict) => verdict,
        Judgement::Wait(on) => {
            let until = match on {
                WaitingOn::Vault => state.startup_until,
                WaitingOn::Handshake => request.since + handshake_wait(&state.config.policy),
            };
            if now.uptime >= until {
                Verdict::Deny(Denial::new(match on {
                    WaitingOn::Vault => Reason::SecretAbsent,
                    WaitingOn::Handshake => Reason::HandshakeTimeout,
                }))
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
        Verdict::Allow { pin, .. } => {
            if let Some(found) = pin {
                effects.push(Effect::Count(Counter::Pinned(direction, found.pin.role)));
            }
            allow(state, stream, policy, now, effects);
        }
        Verdict::Deny(denial) => refuse(state, stream, policy, &denial, effects),
    }
}

fn judge(state: &mut State, request: &Request, now: Now, effects: &mut Vec<Effect>) -> Judgement {
    let Request { policy, facts, .. } = request;
    let index = *policy;
    let direction = state.config.policy.direction();
    let wanted = state.config.policy.get(index);
    let policy = match policy_of(wanted, &state.snapshot, &state.signatures, now.uptime) {
        Ok((policy, stale)) => {
            if stale {
                effects.push(Effect::Count(Counter::Stale(direction)));
            }
            policy
        }
        Err((_, Unusable::Absent)) => return Judgement::Wait(WaitingOn::Vault),
        Err((reference, unusable)) => {
            let denial = Denial::new(unusable.into()).with_detail(reference);
            return Judgement::Done(Verdict::Deny(denial));
        }
    };
    if is_unseen(facts) {
        return Judgement::Wait(WaitingOn::Handshake);
    }
    let generation = state.snapshot.generation();
    if let Some(verdict) = state.verdicts.look_up(index, facts, generation, now.wall) {
        return Judgement::Done(verdict);
    }
    let verdict = decide(&policy, facts, now.wall);
    effects.push(Effect::Count(Counter::Verified(direction)));
    if let Verdict::Allow {
        pin: Some(found), ..
    } = &verdict
    {
        // Once per peer and snapshot, not per request: the cache answers the others.
        effects.push(Effect::Log(Line::pinned(direction, found)));
    }
    state
        .verdicts
        .remember(index, facts, generation, now.wall, &verdict);
    Judgement::Done(verdict)
}

/// The policy as the snapshot has it, and whether a part of it is stale.
fn policy_of<'a>(
    wanted: PeerPolicy<'a>,
    snapshot: &'a Snapshot,
    signatures: &Signatures,
    uptime: Duration,
) -> Result<(decide::Policy<'a>, bool), (&'a Reference, Unusable)> {
    let mut stale = false;
    let mut look_up = |reference: &'a Reference| match snapshot.look_up(reference, uptime) {
        Availability::Fresh(prepared) => Ok(prepared),
        Availability::Stale(prepared) => {
            stale = true;
            Ok(prepared)
        }
        Availability::Unusable(unusable) => Err((reference, unusable)),
    };
    let Prepared::TlsContext(context) = look_up(wanted.tls_context)? else {
        return Err((wanted.tls_context, Unusable::Malformed));
    };
    let pins = match wanted.certificate_pinset {
        None => None,
        Some(reference) => match look_up(reference)? {
            Prepared::CertificatePinset(pins) => Some(pins),
            _ => return Err((reference, Unusable::Malformed)),
        },
    };
    let policy = decide::Policy {
        context,
        pins,
        server_name: wanted.server_name,
        peer_names: wanted.peer_names,
        algorithms: signatures.algorithms(),
    };
    Ok((policy, stale))
}

fn allow(
    state: &State,
    stream: StreamId,
    policy: PolicyIndex,
    now: Now,
    effects: &mut Vec<Effect>,
) {
    let direction = state.config.policy.direction();
    if let Policy::Upstream(upstream) = &state.config.policy {
        let rendered = upstream.inject.iter().map(|injection| {
            inject::render(&injection.value, &state.snapshot, now.uptime)
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

/// Denies, or says so and lets the request go on, by mode.
fn refuse(
    state: &State,
    stream: StreamId,
    policy: PolicyIndex,
    denial: &Denial,
    effects: &mut Vec<Effect>,
) {
    let direction = state.config.policy.direction();
    let reason = denial.reason;
    match state.config.policy.get(policy).mode {
        Mode::Enforce => {
            effects.push(Effect::Count(Counter::Denied(direction, reason)));
            effects.push(Effect::Log(Line::denial("denied", direction, denial)));
            effects.push(Effect::Deny(stream, Reply { reason, direction }));
        }
        Mode::Observe => {
            effects.push(Effect::Count(Counter::Observed(direction, reason)));
            effects.push(Effect::Log(Line::denial("observed", direction, denial)));
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
        InjectError::Unusable { unusable, .. } => (*unusable).into(),
        InjectError::Type { .. }
        | InjectError::Colon { .. }
        | InjectError::Control { .. }
        | InjectError::Empty { .. }
        | InjectError::TooLong => Reason::CredentialUnusable,
    };
    Denial::new(reason).with_detail(error)
}

const fn handshake_wait(policy: &Policy) -> Duration {
    match policy {
        Policy::Downstream(_) => Duration::ZERO,
        Policy::Upstream(upstream) => upstream.handshake_wait,
    }
}

/// Whether the server's side of the connection is not there yet.
const fn is_unseen(facts: &Facts) -> bool {
    matches!(
        facts,
        Facts::Upstream(UpstreamFacts {
            ready: false,
            peer_certificate: None,
            ..
        })
    )
}

impl From<Unusable> for Reason {
    fn from(unusable: Unusable) -> Self {
        match unusable {
            Unusable::Absent => Self::SecretAbsent,
            Unusable::Expired => Self::SecretExpired,
            Unusable::Withdrawn => Self::SecretWithdrawn,
            Unusable::Refused(_) => Self::SecretRefused,
            Unusable::Denied => Self::GatewayDenied,
            Unusable::Malformed => Self::SecretMalformed,
        }
    }
}

impl Line {
    fn pinned(direction: Direction, found: &PinMatch) -> Self {
        let (side, pin) = (direction.as_str(), found.pin);
        let (kind, role) = (pin.kind.as_str(), pin.role.as_str());
        let (digest, position) = (pin.digest, found.position);
        Self::info(format!(
            "{side} pinned: role={role} kind={kind} position={position} sha256={digest}"
        ))
    }

    fn denial(word: &str, direction: Direction, denial: &Denial) -> Self {
        use std::fmt::Write as _;

        let (side, code) = (direction.as_str(), denial.reason.code());
        let mut text = format!("{side} {word}: code={code}");
        // Subjects are the peer's own words: quoted, and cut before they flood the log.
        let quoted = |text: &str| format!("{:?}", text.chars().take(512).collect::<String>());
        if let Some(subject) = &denial.subject {
            let _ = write!(text, " subject={}", quoted(subject));
        }
        if let Some(fingerprint) = &denial.fingerprint {
            let _ = write!(text, " sha256={fingerprint}");
        }
        if let Some(detail) = &denial.detail {
            let _ = write!(text, " detail={}", quoted(detail));
        }
        Self::warn(text)
    }
}

//! The one judgement of a peer: from policy and snapshot to a verdict, or to what has to be waited for.
//! Requests and connections are judged alike.

use std::time::Duration;

use sallyport_model::Reference;
use sallyport_pki::{PinMatch, UnixTime};

use super::State;
use super::note::{self, Note};
use crate::config::{PeerPolicy, Policy, PolicyIndex};
use crate::decide::{self, Denial, Verdict, decide};
use crate::direction::Direction;
use crate::effect::{Effect, Line};
use crate::facts::{Facts, UpstreamFacts};
use crate::material::Prepared;
use crate::metric::Counter;
use crate::reason::Reason;
use crate::signatures::Signatures;
use crate::time::Now;
use crate::usable::{Age, Usable};

/// What comes out.
pub(super) enum Judgement {
    Wait(WaitingOn),
    /// And what the access log shows of an allowance.
    Done(Verdict, Option<Note>),
}

/// Of peers that are asked for no certificate.
const ANYBODY: Verdict = Verdict::Allow {
    from: UnixTime(i64::MIN),
    until: UnixTime(i64::MAX),
    pin: None,
    observed: Vec::new(),
    peer: None,
};

/// What is waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum WaitingOn {
    /// The vault's first answer after the start.
    Vault,
    /// The handshake of a new connection.
    Handshake,
}

impl WaitingOn {
    /// When the waiting ends for somebody who is there since `since`.
    pub(super) fn until(self, state: &State, since: Duration) -> Duration {
        match self {
            Self::Vault => state.startup_until,
            Self::Handshake => since + handshake_wait(&state.config.policy),
        }
    }

    /// What waiting in vain ends with.
    pub(super) const fn in_vain(self) -> Denial {
        Denial::new(match self {
            Self::Vault => Reason::SecretAbsent,
            Self::Handshake => Reason::HandshakeTimeout,
        })
    }
}

/// Judges a peer by one of the policies. Nobody is let pass or denied anywhere else.
pub(super) fn judge(
    state: &mut State,
    index: PolicyIndex,
    facts: &Facts,
    now: Now,
    effects: &mut Vec<Effect>,
) -> Judgement {
    let direction = state.config.policy.direction();
    let wanted = state.config.policy.get(index);
    if message_secrets_are_absent(wanted, state.usable(now.uptime)) {
        return Judgement::Wait(WaitingOn::Vault);
    }
    let Some(context) = &wanted.tls_context else {
        return Judgement::Done(ANYBODY, None);
    };
    let policy = match policy_of(wanted, context, state.usable(now.uptime), &state.signatures) {
        Ok((policy, age)) => {
            if age == Age::Stale {
                effects.push(Effect::Count(Counter::Stale(direction)));
            }
            policy
        }
        Err((_, Reason::SecretAbsent)) => return Judgement::Wait(WaitingOn::Vault),
        Err((reference, reason)) => {
            let denial = Denial::new(reason).with_detail(reference);
            return Judgement::Done(Verdict::Deny(denial), None);
        }
    };
    if is_unseen(facts) {
        return Judgement::Wait(WaitingOn::Handshake);
    }
    let generation = state.snapshot.generation();
    if let Some(verdict) = state.verdicts.look_up(index, facts, generation, now.wall) {
        effects.push(Effect::Count(Counter::KnownPeer(direction)));
        return Judgement::Done(verdict, state.verdicts.note(index, facts));
    }
    let verdict = decide(&policy, facts, now.wall);
    effects.push(Effect::Count(Counter::Verified(direction)));
    let verdicts = &mut state.verdicts;
    verdicts.remember(index, facts, generation, now.wall, &verdict);
    let Verdict::Allow {
        pin,
        observed,
        peer,
        ..
    } = &verdict
    else {
        return Judgement::Done(verdict, None);
    };
    // Once per peer and snapshot, not per request: the cache answers the others.
    if let Some(found) = pin {
        effects.push(Effect::Log(Line::pinned(direction, found)));
    }
    let note = note::of_allowance(state, index, peer.as_deref(), observed);
    state.verdicts.remember_note(index, facts, &note);
    Judgement::Done(verdict, Some(note))
}

/// Whether the vault has not said yet what callers must show, and what bodies are converted with.
fn message_secrets_are_absent(wanted: &PeerPolicy, usable: Usable<'_>) -> bool {
    let checked = wanted.check.iter().flat_map(|check| check.references());
    let converted = wanted.request.iter().chain(&wanted.response);
    let converted = converted.flat_map(|encryption| encryption.references());
    checked.chain(converted).any(|reference| {
        let found = usable.look_up(reference);
        matches!(found, Err(Reason::SecretAbsent))
    })
}

/// The policy as the snapshot has it, and the age of its oldest part.
fn policy_of<'a>(
    wanted: &'a PeerPolicy,
    tls_context: &'a Reference,
    usable: Usable<'a>,
    signatures: &Signatures,
) -> Result<(decide::Policy<'a>, Age), (&'a Reference, Reason)> {
    let look_up = |reference: &'a Reference| {
        let found = usable.look_up(reference);
        found.map_err(|reason| (reference, reason))
    };
    let (Prepared::TlsContext(context), mut age) = look_up(tls_context)? else {
        return Err((tls_context, Reason::SecretMalformed));
    };
    let pins = match &wanted.certificate_pinset {
        None => None,
        Some(reference) => match look_up(reference)? {
            (Prepared::CertificatePinset(pins), of_pins) => {
                age = age.max(of_pins);
                Some(pins)
            }
            _ => return Err((reference, Reason::SecretMalformed)),
        },
    };
    let policy = decide::Policy {
        context,
        pins,
        server_name: wanted.server_name.as_deref(),
        peer_names: wanted.peer_names.as_ref(),
        observed: wanted.observe,
        algorithms: signatures.algorithms(),
    };
    Ok((policy, age))
}

const fn handshake_wait(policy: &Policy) -> Duration {
    match policy {
        Policy::Downstream(_) => Duration::ZERO,
        Policy::Upstream(upstream) => upstream.handshake_wait,
    }
}

/// Whether the server's side of the connection is not there yet.
pub(super) const fn is_unseen(facts: &Facts) -> bool {
    matches!(
        facts,
        Facts::Upstream(UpstreamFacts {
            ready: false,
            peer_certificate: None,
            ..
        })
    )
}

impl Line {
    pub(super) fn pinned(direction: Direction, found: &PinMatch) -> Self {
        let (side, pin) = (direction.as_str(), found.pin);
        let (kind, role) = (pin.kind.as_str(), pin.role.as_str());
        let (digest, position) = (pin.digest, found.position);
        Self::info(format!(
            "{side} pinned: role={role} kind={kind} position={position} sha256={digest}"
        ))
    }
}

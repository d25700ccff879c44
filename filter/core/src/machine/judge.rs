//! The one judgement of a peer: from policy and snapshot to a verdict, or to what has to be waited for.
//! Requests and connections are judged alike.

use std::time::Duration;

use sallyport_model::Reference;
use sallyport_pki::PinMatch;

use super::State;
use crate::config::{Direction, PeerPolicy, Policy, PolicyIndex};
use crate::decide::{self, Denial, Verdict, decide};
use crate::effect::{Effect, Line};
use crate::facts::{Facts, UpstreamFacts};
use crate::material::Prepared;
use crate::metric::Counter;
use crate::reason::Reason;
use crate::signatures::Signatures;
use crate::snapshot::{Availability, Snapshot, Unusable};
use crate::time::Now;

/// What comes out.
pub(super) enum Judgement {
    Wait(WaitingOn),
    Done(Verdict),
}

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
    pub(super) fn pinned(direction: Direction, found: &PinMatch) -> Self {
        let (side, pin) = (direction.as_str(), found.pin);
        let (kind, role) = (pin.kind.as_str(), pin.role.as_str());
        let (digest, position) = (pin.digest, found.position);
        Self::info(format!(
            "{side} pinned: role={role} kind={kind} position={position} sha256={digest}"
        ))
    }

    pub(super) fn denial(word: &str, direction: Direction, denial: &Denial) -> Self {
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

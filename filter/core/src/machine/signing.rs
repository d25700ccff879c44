//! Requests that are signed once everything of them is there that the signature covers.

use std::sync::Arc;

use super::State;
use super::message::{pass, refuse};
use crate::config::{Policy, PolicyIndex};
use crate::effect::Effect;
use crate::event::{Peer, StreamId};
use crate::head::Head;
use crate::header_name::HeaderName;
use crate::metric::Counter;
use crate::time::Now;

/// Signs a request whose server passed, and lets it go on.
pub(super) fn sign(
    state: &State,
    stream: StreamId,
    policy: PolicyIndex,
    mut head: Head,
    body: &[u8],
    now: Now,
    effects: &mut Vec<Effect>,
) {
    let Policy::Upstream(upstream) = &state.config.policy else {
        return;
    };
    let Some(sign) = &upstream.sign else {
        return;
    };
    // No two requests of a process have both.
    let unique = format!("{:x}-{:x}", now.uptime.as_nanos(), stream.0);
    let usable = state.usable(now.uptime);
    match sign.sign(usable, &mut head, body, &unique, now.wall) {
        Ok(signed) => {
            for name in signed.remove {
                effects.push(Effect::RemoveHeader(stream, name));
            }
            for (name, value) in signed.set {
                effects.push(Effect::RemoveHeader(stream, name.clone()));
                effects.push(Effect::AddHeader(stream, name, Arc::new(value)));
            }
            effects.push(Effect::Count(Counter::Signed));
            pass(state, stream, Peer::Passed, effects);
        }
        Err(denial) => {
            effects.push(Effect::Count(Counter::SignFailed));
            // Nothing of a client's own goes in place of our signature, by whatever setting.
            clear(stream, effects);
            refuse(state, stream, policy, &denial, effects);
        }
    }
}

/// Whether bodies are signed.
pub(super) fn needs_body(policy: &Policy) -> bool {
    match policy {
        Policy::Upstream(upstream) => upstream.sign.as_ref().is_some_and(|sign| sign.needs_body()),
        Policy::Downstream(_) => false,
    }
}

/// Takes out what a client signed in our place.
pub(super) fn clear(stream: StreamId, effects: &mut Vec<Effect>) {
    for name in [
        "authorization",
        "x-amz-security-token",
        "signature-input",
        "signature",
    ] {
        effects.push(Effect::RemoveHeader(stream, HeaderName::ours(name)));
    }
}

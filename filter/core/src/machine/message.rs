//! Messages of requests whose peer passed: read where a policy is about them, and then let go or
//! refused. Nothing of a request that is read here went on before.

use std::rc::Rc;
use std::time::Duration;

use sallyport_message::BodyDigest;
use sallyport_model::SecretString;
use zeroize::Zeroizing;

use super::consequence::{Consequence, Standing, consequence};
use super::credentials::{self, Credentials};
use super::{MAX_WAITING, State, callers, places, signing};
use crate::config::{Mode, Policy, PolicyIndex, Upstream};
use crate::decide::Denial;
use crate::effect::{Effect, Reply};
use crate::event::{Peer, Reading, StreamId};
use crate::head::Head;
use crate::metric::Counter;
use crate::policy::check::{Caller, CallerCheck};
use crate::policy::replay::{self, Seen};
use crate::reason::Reason;
use crate::time::Now;
use crate::usable::Age;

/// A request whose body is collected.
pub(super) struct Collecting {
    stream: StreamId,
    policy: PolicyIndex,
    purpose: Purpose,
    /// When it is refused.
    until: Duration,
}

/// What a body is collected for.
enum Purpose {
    /// It must have this hash, then the caller is admitted.
    Check(Caller, BodyDigest),
    /// It is signed with this head.
    Sign(Head),
}

/// Lets a request go on whose peer was judged, or has it read.
pub(super) fn go_on(
    state: &State,
    stream: StreamId,
    policy: PolicyIndex,
    peer: Peer,
    effects: &mut Vec<Effect>,
) {
    let read = match &state.config.policy {
        Policy::Downstream(_) => state.config.policy.get(policy).check.is_some(),
        Policy::Upstream(upstream) => upstream.reads_messages(),
    };
    match read {
        true => effects.push(Effect::Read(stream, Reading { policy, peer })),
        false => pass(state, stream, peer, effects),
    }
}

/// The head of a request was read.
pub(super) fn head(
    state: &mut State,
    stream: StreamId,
    Reading { policy, peer }: Reading,
    mut head: Head,
    now: Now,
    effects: &mut Vec<Effect>,
) {
    if let Policy::Upstream(upstream) = &state.config.policy {
        let credentials = match peer {
            Peer::Passed => credentials(state, upstream, &head, now, effects).map(Some),
            Peer::Unproven => Ok(None),
        };
        let credentials = match credentials {
            Ok(credentials) => credentials,
            Err(denial) => {
                // Nothing of a client's own goes in place of ours, by whatever setting.
                places::fill(upstream, None, &mut head, stream, effects);
                if upstream.sign.is_some() {
                    signing::clear(stream, effects);
                }
                return refuse(state, stream, policy, &denial, effects);
            }
        };
        places::fill(upstream, credentials, &mut head, stream, effects);
        return match (&upstream.sign, peer) {
            (Some(sign), Peer::Passed) if sign.needs_body() && !head.ends => {
                let length = head.content_length();
                let purpose = Purpose::Sign(head);
                collect(state, (stream, policy), length, purpose, now, effects);
            }
            (Some(_), Peer::Passed) => {
                signing::sign(state, stream, policy, head, &[], now, effects)
            }
            (Some(_), Peer::Unproven) => {
                signing::clear(stream, effects);
                pass(state, stream, peer, effects);
            }
            (None, _) => pass(state, stream, peer, effects),
        };
    }
    let Some(check) = &state.config.policy.get(policy).check else {
        return pass(state, stream, peer, effects);
    };
    // What is not ours to believe is gone before anything else.
    for identity in &check.identity {
        effects.push(Effect::RemoveHeader(stream, identity.header.clone()));
    }
    let caller = match checked(state, policy, &head, now, effects) {
        Ok(caller) => caller,
        Err(denial) => return refuse(state, stream, policy, &denial, effects),
    };
    match caller.body {
        None => admit(state, stream, policy, &caller, now, effects),
        Some(digest) if head.ends => {
            let nothing = BodyDigest::of(&[]);
            finish(
                state, stream, policy, &caller, digest, nothing, now, effects,
            );
        }
        Some(digest) => {
            let length = head.content_length();
            let purpose = Purpose::Check(caller, digest);
            collect(state, (stream, policy), length, purpose, now, effects);
        }
    }
}

/// What goes into the places of this request, and what it is signed with is chosen too.
fn credentials(
    state: &State,
    upstream: &Upstream,
    head: &Head,
    now: Now,
    effects: &mut Vec<Effect>,
) -> Result<Credentials, Denial> {
    if let Some(sign) = &upstream.sign {
        sign.secret_for(head)?;
    }
    let fixed = credentials::at_hand(state, upstream, now, effects)?;
    credentials::with_chosen(state, upstream, fixed, head, now)
}

/// Has a body collected, unless it is known to be too long.
fn collect(
    state: &mut State,
    (stream, policy): (StreamId, PolicyIndex),
    length: Option<u64>,
    purpose: Purpose,
    now: Now,
    effects: &mut Vec<Effect>,
) {
    let body = state.config.policy.get(policy).body;
    let denied = if length > Some(body.max_bytes as u64) {
        Some(Reason::BodyTooLarge)
    } else if state.collecting.len() >= MAX_WAITING {
        Some(Reason::TooManyWaiting)
    } else {
        None
    };
    if let Some(reason) = denied {
        return refuse(state, stream, policy, &Denial::new(reason), effects);
    }
    let until = now.uptime + body.wait;
    state.collecting.push(Collecting {
        stream,
        policy,
        purpose,
        until,
    });
    effects.push(Effect::Collect(stream));
}

/// More of a body is there.
pub(super) fn grew(state: &mut State, stream: StreamId, size: usize, effects: &mut Vec<Effect>) {
    let found = state.collecting.iter().position(|one| one.stream == stream);
    if let Some(place) = found
        && let Some(one) = state.collecting.get(place)
        && size > state.config.policy.get(one.policy).body.max_bytes
    {
        let policy = state.collecting.swap_remove(place).policy;
        let denial = Denial::new(Reason::BodyTooLarge);
        refuse(state, stream, policy, &denial, effects);
    }
}

/// All of a body is there.
pub(super) fn body(
    state: &mut State,
    stream: StreamId,
    body: &Zeroizing<Vec<u8>>,
    now: Now,
    effects: &mut Vec<Effect>,
) {
    grew(state, stream, body.len(), effects);
    let Some(one) = take(state, stream) else {
        return;
    };
    match one.purpose {
        Purpose::Check(caller, digest) => {
            let found = BodyDigest::of(body);
            finish(
                state, stream, one.policy, &caller, digest, found, now, effects,
            );
        }
        Purpose::Sign(head) => signing::sign(state, stream, one.policy, head, body, now, effects),
    }
}

/// Time passed: bodies that did not arrive are not waited for any longer.
pub(super) fn tick(state: &mut State, now: Now, effects: &mut Vec<Effect>) {
    let overdue = |one: &Collecting| now.uptime >= one.until;
    while let Some(place) = state.collecting.iter().position(overdue) {
        let one = state.collecting.swap_remove(place);
        let denial = Denial::new(Reason::BodyTimeout);
        refuse(state, one.stream, one.policy, &denial, effects);
    }
}

/// A stream is gone.
pub(super) fn closed(state: &mut State, stream: StreamId) {
    take(state, stream);
}

fn take(state: &mut State, stream: StreamId) -> Option<Collecting> {
    let place = state
        .collecting
        .iter()
        .position(|one| one.stream == stream)?;
    Some(state.collecting.swap_remove(place))
}

/// Who called, by the head alone.
fn checked(
    state: &mut State,
    policy: PolicyIndex,
    head: &Head,
    now: Now,
    effects: &mut Vec<Effect>,
) -> Result<Caller, Denial> {
    let (accepted, age) = callers::accepted(state, policy, now)?;
    if age == Age::Stale {
        let direction = state.config.policy.direction();
        effects.push(Effect::Count(Counter::Stale(direction)));
    }
    let Some(check) = &state.config.policy.get(policy).check else {
        return Err(Denial::new(Reason::Internal));
    };
    let accepted = Rc::clone(&accepted);
    check.check(&accepted, state.usable(now.uptime), head, now.wall)
}

/// The body is there: it must be the one that was signed.
#[expect(
    clippy::too_many_arguments,
    reason = "one caller each for a body that is there and for none"
)]
fn finish(
    state: &mut State,
    stream: StreamId,
    policy: PolicyIndex,
    caller: &Caller,
    signed: BodyDigest,
    found: BodyDigest,
    now: Now,
    effects: &mut Vec<Effect>,
) {
    match signed == found {
        true => admit(state, stream, policy, caller, now, effects),
        false => refuse(
            state,
            stream,
            policy,
            &Denial::new(Reason::BodyAltered),
            effects,
        ),
    }
}

/// Everything was checked but whether it comes again.
fn admit(
    state: &State,
    stream: StreamId,
    policy: PolicyIndex,
    caller: &Caller,
    now: Now,
    effects: &mut Vec<Effect>,
) {
    let Some(check) = &state.config.policy.get(policy).check else {
        return;
    };
    let told = unlike_others(state, caller, now).and_then(|()| identity(check, caller));
    match told {
        Err(reason) => refuse(state, stream, policy, &Denial::new(reason), effects),
        Ok(told) => {
            for name in &check.removed {
                effects.push(Effect::RemoveHeader(stream, name.clone()));
            }
            for (header, value) in told {
                let value = SecretString::new(value).into();
                effects.push(Effect::AddHeader(stream, header, value));
            }
            effects.push(Effect::Count(Counter::Caller(
                caller.scheme,
                caller.version,
            )));
            pass(state, stream, Peer::Passed, effects);
        }
    }
}

fn unlike_others(state: &State, caller: &Caller, now: Now) -> Result<(), Reason> {
    let Some((unique, until)) = &caller.once else {
        return Ok(());
    };
    let data = state.data.as_deref().ok_or(Reason::Internal)?;
    match replay::remember(data, unique.as_bytes(), *until, now.wall) {
        Seen::Never => Ok(()),
        Seen::Before => Err(Reason::SignatureReplayed),
        Seen::Unknown => Err(Reason::TooManyWaiting),
    }
}

fn identity(
    check: &CallerCheck,
    caller: &Caller,
) -> Result<Vec<(crate::header_name::HeaderName, String)>, Reason> {
    let mut told = Vec::with_capacity(check.identity.len());
    for header in &check.identity {
        if let Some(value) = caller.tells(header)? {
            told.push((header.header.clone(), value));
        }
    }
    Ok(told)
}

pub(super) fn pass(state: &State, stream: StreamId, peer: Peer, effects: &mut Vec<Effect>) {
    if peer == Peer::Passed {
        let direction = state.config.policy.direction();
        effects.push(Effect::Count(Counter::Allowed(direction)));
    }
    effects.push(Effect::Resume(stream));
}

/// Denies, or lets the request go on, by configuration.
pub(super) fn refuse(
    state: &State,
    stream: StreamId,
    policy: PolicyIndex,
    denial: &Denial,
    effects: &mut Vec<Effect>,
) {
    let check = state.config.policy.get(policy).check.as_deref();
    let mode = check.map_or(Mode::Enforce, |check| check.mode);
    let met = consequence(
        state,
        stream,
        (policy, mode),
        Standing::New,
        denial,
        effects,
    );
    effects.push(match met {
        Consequence::GoOn => Effect::Resume(stream),
        Consequence::Refuse => {
            let challenge = check.and_then(|check| check.challenge(denial.reason));
            let reply = Reply::new(denial.reason, state.config.policy.direction());
            Effect::Deny(stream, Reply { challenge, ..reply })
        }
    });
}

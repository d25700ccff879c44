//! Responses whose bodies are encrypted or decrypted on their way to the client.
//!
//! Which policy a response falls under is remembered when its request arrives: whatever answers the request
//! from then on, be it Envoy itself, is met by it. What the filter answers itself is not a response here.

use std::sync::Arc;
use std::time::Duration;

use sallyport_model::SecretString;
use zeroize::Zeroizing;

use super::consequence::Standing;
use super::conversion::{OF_BODY, convert, unsupported};
use super::message::{self, refused_by};
use super::{MAX_WAITING, State};
use crate::config::PolicyIndex;
use crate::decide::Denial;
use crate::effect::{Effect, Message, Rewrite};
use crate::event::StreamId;
use crate::head::Head;
use crate::header_name::HeaderName;
use crate::mode::Mode;
use crate::policy::encryption::Encryption;
use crate::reason::Reason;
use crate::time::Now;

/// A request whose response is awaited.
pub(super) struct Answering {
    policy: PolicyIndex,
    /// The place of the secrets that its request chose, if it had a choice.
    chosen: Option<usize>,
    /// The head of the response, while its body is collected, and when that ends.
    held: Option<(Head, Duration)>,
}

/// What a response without a body says about the body that another request would have got.
const OF_NO_BODY: &[&str] = &[
    "content-length",
    "content-type",
    "content-digest",
    "repr-digest",
    "digest",
    "content-md5",
    "etag",
    "accept-ranges",
];

/// A request arrived: its response will fall under this policy.
pub(super) fn expect(state: &mut State, stream: StreamId, policy: PolicyIndex) {
    if state.converts_responses {
        let awaited = Answering {
            policy,
            chosen: None,
            held: None,
        };
        state.answering.set(stream, awaited);
    }
}

/// The head of a request was read: with what its response is converted is chosen by it.
pub(super) fn choose(
    state: &mut State,
    stream: StreamId,
    policy: PolicyIndex,
    head: &Head,
) -> Result<(), Denial> {
    if let Some(response) = &state.config.policy.get(policy).response
        && response.secrets.by().is_some()
    {
        let place = response.secrets.place(head)?;
        if let Some(awaited) = state.answering.get_mut(stream) {
            awaited.chosen = Some(place);
        }
    }
    Ok(())
}

/// A request goes on: the server is asked for what can be converted, all of the body and not encoded.
pub(super) fn ask(state: &State, stream: StreamId, policy: PolicyIndex, effects: &mut Vec<Effect>) {
    if state.config.policy.get(policy).response.is_some() {
        for name in ["range", "if-range", "accept-encoding"] {
            effects.push(Effect::RemoveHeader(stream, HeaderName::ours(name)));
        }
        let name = HeaderName::ours("accept-encoding");
        let identity = Arc::new(SecretString::new("identity".to_owned()));
        effects.push(Effect::AddHeader(stream, name, identity));
    }
}

/// How many responses are held.
pub(super) fn held(state: &State) -> usize {
    let answering = state.answering.iter();
    answering.filter(|(_, one)| one.held.is_some()).count()
}

/// The head of a response arrived.
pub(super) fn head(
    state: &mut State,
    stream: StreamId,
    head: Head,
    now: Now,
    effects: &mut Vec<Effect>,
) {
    // Whoever answered a request that was not decided yet, Envoy itself, has ended it.
    state.waiting.remove(stream);
    message::closed(state, stream);
    let policy = state.answering.get(stream).map(|one| one.policy);
    let Some(policy) = policy else {
        let met = (Mode::Enforce, Standing::Plain);
        refused_by(
            state,
            stream,
            PolicyIndex::DEFAULT,
            met,
            &Denial::new(Reason::Internal),
            effects,
        );
        return;
    };
    let peer_policy = state.config.policy.get(policy);
    if peer_policy.response.is_none() {
        effects.push(Effect::ResumeResponse(stream));
    } else if head.ends {
        bodiless(peer_policy.response.as_deref(), stream, effects);
    } else if let Some(word) = unsupported(&head) {
        let denial = Denial::new(Reason::ResponseUnsupported).with_detail(word);
        unconverted(state, stream, policy, &denial, effects);
    } else if head.content_length() > Some(peer_policy.body.max_bytes as u64) {
        let denial = Denial::new(Reason::ResponseTooLarge);
        unconverted(state, stream, policy, &denial, effects);
    } else if held(state) >= MAX_WAITING {
        let denial = Denial::new(Reason::TooManyWaiting);
        unconverted(state, stream, policy, &denial, effects);
    } else {
        let until = now.uptime + peer_policy.body.wait;
        if let Some(awaited) = state.answering.get_mut(stream) {
            awaited.held = Some((head, until));
            effects.push(Effect::CollectResponse(stream));
        }
    }
}

/// Nothing follows: what is said of a body is said of another one.
fn bodiless(encryption: Option<&Encryption>, stream: StreamId, effects: &mut Vec<Effect>) {
    let whole = encryption.is_some_and(|encryption| encryption.fields.is_empty());
    let rewrite = Rewrite {
        message: Message::Response,
        body: None,
        remove: if whole { OF_NO_BODY } else { OF_BODY },
        set: Vec::new(),
    };
    effects.push(Effect::Rewrite(stream, rewrite));
    effects.push(Effect::ResumeResponse(stream));
}

/// More of a body is there.
pub(super) fn grew(state: &mut State, stream: StreamId, size: usize, effects: &mut Vec<Effect>) {
    if let Some(one) = state.answering.get(stream)
        && one.held.is_some()
        && size > state.config.policy.get(one.policy).body.max_bytes
        && let Some((policy, ..)) = take(state, stream)
    {
        let denial = Denial::new(Reason::ResponseTooLarge);
        unconverted(state, stream, policy, &denial, effects);
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
    let Some((policy, chosen, mut head)) = take(state, stream) else {
        return;
    };
    let Some(encryption) = &state.config.policy.get(policy).response else {
        return;
    };
    if body.is_empty() {
        return effects.push(Effect::ResumeResponse(stream));
    }
    let whose = (stream, policy, Message::Response);
    let secrets = match chosen {
        Some(place) => encryption.secrets.at(place),
        None => encryption.secrets.fixed(),
    };
    let Some(secrets) = secrets else {
        // Somebody else answered, before its request chose.
        let denial = Denial::new(Reason::SecretNotChosen);
        return unconverted(state, stream, policy, &denial, effects);
    };
    let how = (&**encryption, secrets.as_slice());
    match convert(state, whose, how, &mut head, body, now, effects) {
        Ok(_) => effects.push(Effect::ResumeResponse(stream)),
        Err(denial) => unconverted(state, stream, policy, &denial, effects),
    }
}

/// Time passed: bodies that did not arrive are not waited for any longer.
pub(super) fn tick(state: &mut State, now: Now, effects: &mut Vec<Effect>) {
    let overdue = |one: &Answering| matches!(&one.held, Some((_, until)) if now.uptime >= *until);
    let overdue = state.answering.iter().filter(|(_, one)| overdue(one));
    let overdue: Vec<StreamId> = overdue.map(|(stream, _)| *stream).collect();
    for stream in overdue {
        if let Some((policy, ..)) = take(state, stream) {
            let denial = Denial::new(Reason::ResponseTimeout);
            unconverted(state, stream, policy, &denial, effects);
        }
    }
}

/// A response that is not held any more; nothing else happens to it afterwards.
fn take(state: &mut State, stream: StreamId) -> Option<(PolicyIndex, Option<usize>, Head)> {
    state.answering.get(stream)?.held.as_ref()?;
    let one = state.answering.remove(stream)?;
    let (head, _) = one.held?;
    Some((one.policy, one.chosen, head))
}

/// Denies a response whose body is not converted, or lets it go on where that is only observed.
fn unconverted(
    state: &State,
    stream: StreamId,
    policy: PolicyIndex,
    denial: &Denial,
    effects: &mut Vec<Effect>,
) {
    let encryption = state.config.policy.get(policy).response.as_deref();
    let met = encryption.map_or((Mode::Enforce, Standing::Plain), Encryption::standing);
    if !refused_by(state, stream, policy, met, denial, effects) {
        effects.push(Effect::ResumeResponse(stream));
    }
}

//! Messages of requests whose peer passed: read where a policy is about them, and then let go or
//! refused. Nothing of a request that is read here went on before.

use std::rc::Rc;
use std::time::Duration;

use sallyport_message::BodyDigest;
use sallyport_model::SecretString;
use zeroize::Zeroizing;

use super::consequence::{Consequence, Standing, consequence};
use super::conversion::{convert, unsupported};
use super::credentials::{self, Credentials};
use super::request::clear_places;
use super::{MAX_WAITING, State, callers, places, response, signing};
use crate::config::{Policy, PolicyIndex, Upstream};
use crate::decide::Denial;
use crate::effect::{Effect, Message, Reply};
use crate::event::{Peer, Reading, StreamId};
use crate::head::Head;
use crate::metric::Counter;
use crate::mode::Mode;
use crate::policy::check::{Caller, CallerCheck};
use crate::policy::encryption::Encryption;
use crate::policy::replay::{self, Seen};
use crate::reason::Reason;
use crate::time::Now;
use crate::usable::Age;

/// A request whose body is collected.
pub(super) struct Collecting {
    request: Opened,
    /// When it is refused.
    until: Duration,
}

/// A request whose head was read.
struct Opened {
    stream: StreamId,
    policy: PolicyIndex,
    peer: Peer,
    head: Head,
    /// Who called, where that is asked. Its signature may be about a body that is not there yet.
    caller: Option<Caller>,
    /// The place of the secrets that its body is encrypted or decrypted with, if it is.
    convert: Option<usize>,
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
        Policy::Downstream(_) => state.config.policy.get(policy).reads_messages(),
        Policy::Upstream(upstream) => upstream.reads_messages(),
    };
    response::ask(state, stream, policy, effects);
    match read {
        true => effects.push(Effect::Read(stream, Reading { policy, peer })),
        false => pass(state, stream, peer, effects),
    }
}

/// The head of a request was read.
pub(super) fn head(
    state: &mut State,
    stream: StreamId,
    Reading { policy, mut peer }: Reading,
    mut head: Head,
    now: Now,
    effects: &mut Vec<Effect>,
) {
    let mut caller = None;
    if let Policy::Upstream(upstream) = &state.config.policy {
        let ours = match peer {
            Peer::Passed => credentials(state, upstream, &head, now, effects).map(Some),
            Peer::Unproven => Ok(None),
        };
        let (ours, denial) = match ours {
            Ok(ours) => (ours, None),
            Err(denial) => (None, Some(denial)),
        };
        places::fill(upstream, ours, &mut head, stream, effects);
        if let Some(denial) = denial {
            // Nothing of a client's own goes in place of ours, by whatever setting, and no half of ours.
            clear_places(upstream, stream, effects);
            if upstream.sign.is_some() {
                signing::clear(stream, effects);
            }
            if refused(state, stream, policy, &denial, effects) {
                return;
            }
            peer = Peer::Unproven;
        }
    }
    if let Some(check) = &state.config.policy.get(policy).check {
        // What is not ours to believe is gone before anything else.
        for identity in &check.identity {
            effects.push(Effect::RemoveHeader(stream, identity.header.clone()));
        }
        match checked(state, policy, &head, now, effects) {
            Ok(found) => caller = Some(found),
            Err(denial) => {
                if refused(state, stream, policy, &denial, effects) {
                    return;
                }
                peer = Peer::Unproven;
            }
        }
    }
    if let Some(check) = &state.config.policy.get(policy).check {
        known_as(check, caller.as_ref(), &mut head);
    }
    if let Err(denial) = response::choose(state, stream, policy, &head) {
        let whose = (stream, policy, Message::Response);
        if unconverted(state, whose, &denial, effects) {
            return;
        }
    }
    let convert = match conversion(state, policy, &head) {
        Ok(convert) => convert,
        Err(denial) => {
            let whose = (stream, policy, Message::Request);
            if unconverted(state, whose, &denial, effects) {
                return;
            }
            None
        }
    };
    let request = Opened {
        stream,
        policy,
        peer,
        head,
        caller,
        convert,
    };
    match request.waits_on(state).next().is_some() && !request.head.ends {
        true => collect(state, request, now, effects),
        false => finish(state, request, &[], now, effects),
    }
}

/// The place of the secrets that the body of a request is converted with, if there is one that is.
fn conversion(state: &State, policy: PolicyIndex, head: &Head) -> Result<Option<usize>, Denial> {
    match &state.config.policy.get(policy).request {
        Some(encryption) if !head.ends => match unsupported(head) {
            Some(word) => Err(Denial::new(Reason::BodyUnsupported).with_detail(word)),
            None => encryption.secrets.place(head).map(Some),
        },
        _ => Ok(None),
    }
}

/// What a client said in the headers that tell who called is not believed when secrets are chosen either.
fn known_as(check: &CallerCheck, caller: Option<&Caller>, head: &mut Head) {
    for told in &check.identity {
        head.remove(told.header.as_str());
    }
    let told = caller.map(|caller| identity(check, caller));
    for (name, value) in told.and_then(Result::ok).unwrap_or_default() {
        head.add(name.as_str(), &value);
    }
}

impl Opened {
    /// The modes of all that cannot be done without the body.
    fn waits_on(&self, state: &State) -> impl Iterator<Item = Mode> {
        let policy = state.config.policy.get(self.policy);
        let signed = self
            .caller
            .as_ref()
            .is_some_and(|caller| caller.body.is_some());
        let check = policy.check.as_deref().filter(|_| signed);
        let conversion = policy.request.as_deref().filter(|_| self.convert.is_some());
        let signs = self.peer == Peer::Passed && signing::needs_body(&state.config.policy);
        let check = check.map(|check| check.mode);
        let conversion = conversion.map(|request| request.standing().0);
        let sign = signs.then_some(Mode::Enforce);
        check.into_iter().chain(conversion).chain(sign)
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
fn collect(state: &mut State, request: Opened, now: Now, effects: &mut Vec<Effect>) {
    let body = state.config.policy.get(request.policy).body;
    if request.head.content_length() > Some(body.max_bytes as u64) {
        uncollected(state, &request, Reason::BodyTooLarge, effects);
    } else if state.collecting.len() >= MAX_WAITING {
        uncollected(state, &request, Reason::TooManyWaiting, effects);
    } else {
        effects.push(Effect::Collect(request.stream));
        let until = now.uptime + body.wait;
        state.collecting.push(Collecting { request, until });
    }
}

/// A body is not there as a whole: it is refused unless all who need it only observe.
fn uncollected(state: &State, request: &Opened, reason: Reason, effects: &mut Vec<Effect>) {
    let observed = request.waits_on(state).all(|mode| mode == Mode::Observe);
    let mode = match observed {
        true => Mode::Observe,
        false => Mode::Enforce,
    };
    let denial = Denial::new(reason);
    let met = (mode, Standing::New);
    if !refused_by(state, request.stream, request.policy, met, &denial, effects) {
        effects.push(Effect::Resume(request.stream));
    }
}

/// More of a body is there.
pub(super) fn grew(state: &mut State, stream: StreamId, size: usize, effects: &mut Vec<Effect>) {
    let found = state
        .collecting
        .iter()
        .find(|one| one.request.stream == stream);
    if let Some(one) = found
        && size > state.config.policy.get(one.request.policy).body.max_bytes
        && let Some(one) = take(state, stream)
    {
        uncollected(state, &one.request, Reason::BodyTooLarge, effects);
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
    if let Some(one) = take(state, stream) {
        finish(state, one.request, body, now, effects);
    }
}

/// Time passed: bodies that did not arrive are not waited for any longer.
pub(super) fn tick(state: &mut State, now: Now, effects: &mut Vec<Effect>) {
    let overdue = |one: &Collecting| now.uptime >= one.until;
    while let Some(place) = state.collecting.iter().position(overdue) {
        let one = state.collecting.swap_remove(place);
        uncollected(state, &one.request, Reason::BodyTimeout, effects);
    }
}

/// A stream is gone.
pub(super) fn closed(state: &mut State, stream: StreamId) {
    take(state, stream);
}

fn take(state: &mut State, stream: StreamId) -> Option<Collecting> {
    let mut collecting = state.collecting.iter();
    let place = collecting.position(|one| one.request.stream == stream)?;
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

/// Everything of a request is there that its policies need.
fn finish(state: &State, mut request: Opened, body: &[u8], now: Now, effects: &mut Vec<Effect>) {
    let (stream, policy) = (request.stream, request.policy);
    let signed = request.caller.as_ref().and_then(|caller| caller.body);
    if signed.is_some_and(|signed| signed != BodyDigest::of(body)) {
        let denial = Denial::new(Reason::BodyAltered);
        if refused(state, stream, policy, &denial, effects) {
            return;
        }
        (request.caller, request.peer) = (None, Peer::Unproven);
    }
    let mut converted = None;
    if let Some(encryption) = &state.config.policy.get(policy).request
        && let Some(place) = request.convert
        && let Some(secrets) = encryption.secrets.at(place)
        // What is empty hides nothing, and nothing is hidden in it.
        && !body.is_empty()
    {
        let head = &mut request.head;
        let whose = (stream, policy, Message::Request);
        let how = (&**encryption, secrets.as_slice());
        match convert(state, whose, how, head, body, now, effects) {
            Ok(body) => converted = Some(body),
            Err(denial) if unconverted(state, whose, &denial, effects) => return,
            Err(_) => {}
        }
    }
    let body = converted.as_ref().map_or(body, |body| body.as_slice());
    match (&state.config.policy, &request.caller) {
        (Policy::Downstream(_), Some(caller)) => {
            admit(state, stream, policy, caller, now, effects);
        }
        (Policy::Upstream(upstream), _) if upstream.sign.is_some() => match request.peer {
            Peer::Passed => signing::sign(state, stream, policy, request.head, body, now, effects),
            Peer::Unproven => {
                signing::clear(stream, effects);
                pass(state, stream, request.peer, effects);
            }
        },
        _ => pass(state, stream, request.peer, effects),
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
    if !refused(state, stream, policy, denial, effects) {
        effects.push(Effect::Resume(stream));
    }
}

/// Denies by the mode of what callers must show; whether it did.
fn refused(
    state: &State,
    stream: StreamId,
    policy: PolicyIndex,
    denial: &Denial,
    effects: &mut Vec<Effect>,
) -> bool {
    let check = state.config.policy.get(policy).check.as_deref();
    let mode = check.map_or(Mode::Enforce, |check| check.mode);
    refused_by(
        state,
        stream,
        policy,
        (mode, Standing::New),
        denial,
        effects,
    )
}

/// Denies a request of which a body is not converted, unless that is only observed; whether it did.
fn unconverted(
    state: &State,
    (stream, policy, message): (StreamId, PolicyIndex, Message),
    denial: &Denial,
    effects: &mut Vec<Effect>,
) -> bool {
    let peer_policy = state.config.policy.get(policy);
    let encryption = match message {
        Message::Request => peer_policy.request.as_deref(),
        Message::Response => peer_policy.response.as_deref(),
    };
    let met = encryption.map_or((Mode::Enforce, Standing::Plain), Encryption::standing);
    refused_by(state, stream, policy, met, denial, effects)
}

/// Denies by this mode; whether it did.
pub(super) fn refused_by(
    state: &State,
    stream: StreamId,
    policy: PolicyIndex,
    (mode, standing): (Mode, Standing),
    denial: &Denial,
    effects: &mut Vec<Effect>,
) -> bool {
    match consequence(state, stream, (policy, mode), standing, denial, effects) {
        Consequence::GoOn => false,
        Consequence::Refuse => {
            let check = state.config.policy.get(policy).check.as_deref();
            let challenge = check.and_then(|check| check.challenge(denial.reason));
            let reply = Reply::new(denial.reason, state.config.policy.direction());
            effects.push(Effect::Deny(stream, Reply { challenge, ..reply }));
            true
        }
    }
}

//! Credentials ready to be put into requests: made once per state of the vault, not per request.

use std::sync::Arc;
use std::time::Duration;

use sallyport_model::SecretString;

use super::State;
use crate::config::{AbsentCredential, Injection, InjectionValue, Upstream};
use crate::decide::Denial;
use crate::effect::Effect;
use crate::head::Head;
use crate::inject::{self, InjectError};
use crate::metric::Counter;
use crate::reason::Reason;
use crate::snapshot::Snapshot;
use crate::time::Now;
use crate::usable::Usable;

/// Values in the order of the configuration, none where a request may go without or chooses one. They are zeroed when
/// the last request lets go of them.
pub(super) type Credentials = Arc<[Option<Arc<SecretString>>]>;

/// Credentials, and how long they are what the vault says.
pub(super) struct Ready {
    generation: u64,
    /// Until then all secrets are fresh.
    until: Duration,
    credentials: Credentials,
}

impl Ready {
    /// Whether the vault still says the same, as far as anybody knows.
    pub(super) const fn is_of(&self, snapshot: &Snapshot) -> bool {
        self.generation == snapshot.generation()
    }
}

/// Those of an earlier request, if they still hold.
pub(super) fn ready(state: &State, now: Now) -> Option<Credentials> {
    let ready = state.credentials.as_ref()?;
    let holds = ready.is_of(&state.snapshot) && now.uptime < ready.until;
    holds.then(|| Arc::clone(&ready.credentials))
}

/// Those of an earlier request, or new ones.
pub(super) fn at_hand(
    state: &State,
    upstream: &Upstream,
    now: Now,
    effects: &mut Vec<Effect>,
) -> Result<Credentials, Denial> {
    if let Some(ready) = ready(state, now) {
        return Ok(ready);
    }
    make(state, upstream, now).map_err(|error| {
        effects.push(Effect::Count(Counter::InjectFailed));
        unusable(&error)
    })
}

/// All of them, or why there are none: half of a set of credentials is of no use to anybody honest.
fn make<'a>(
    state: &'a State,
    upstream: &'a Upstream,
    now: Now,
) -> Result<Credentials, InjectError<'a>> {
    let usable = state.usable(now.uptime);
    let made = upstream
        .inject
        .iter()
        .map(|injection| match injection.value.fixed() {
            Some(value) => one(injection, value, usable),
            None => Ok(None),
        });
    made.collect()
}

fn one<'a>(
    injection: &Injection,
    value: &'a InjectionValue,
    usable: Usable<'a>,
) -> Result<Option<Arc<SecretString>>, InjectError<'a>> {
    match (
        inject::render(&injection.place, value, usable),
        injection.absent,
    ) {
        (Err(InjectError::Unusable { .. }), AbsentCredential::GoWithout) => Ok(None),
        (made, _) => made.map(|value| Some(Arc::new(value))),
    }
}

/// With those that this request chooses, which are kept for no other one.
pub(super) fn with_chosen(
    state: &State,
    upstream: &Upstream,
    fixed: Credentials,
    head: &Head,
    now: Now,
) -> Result<Credentials, Denial> {
    let chosen = |injection: &Injection| injection.value.by().is_some();
    if !upstream.inject.iter().any(chosen) {
        return Ok(fixed);
    }
    let usable = state.usable(now.uptime);
    let mut all = Vec::with_capacity(upstream.inject.len());
    for (injection, fixed) in upstream.inject.iter().zip(&*fixed) {
        all.push(match injection.value.by() {
            None => fixed.clone(),
            Some(_) => {
                let value = injection.value.of(head)?;
                one(injection, value, usable).map_err(|error| unusable(&error))?
            }
        });
    }
    Ok(all.into())
}

/// Keeps them for the next request, unless they are kept already.
pub(super) fn keep(state: &mut State, credentials: Credentials, now: Now) {
    let kept = state.credentials.as_ref();
    if kept.is_none_or(|kept| !Arc::ptr_eq(&kept.credentials, &credentials)) {
        state.credentials = Some(Ready {
            generation: state.snapshot.generation(),
            until: now.uptime + state.snapshot.fresh_for(now.uptime),
            credentials,
        });
    }
}

fn unusable(error: &InjectError<'_>) -> Denial {
    let reason = match error {
        InjectError::Unusable { reason, .. } => *reason,
        InjectError::Type { .. }
        | InjectError::Colon { .. }
        | InjectError::Control { .. }
        | InjectError::Empty { .. }
        | InjectError::Cookie
        | InjectError::Pointer { .. }
        | InjectError::TooLong => Reason::CredentialUnusable,
    };
    Denial::new(reason).with_detail(error)
}

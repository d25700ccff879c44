//! Credentials ready to be put into requests: made once per state of the vault, not per request.

use std::sync::Arc;
use std::time::Duration;

use sallyport_model::SecretString;

use super::State;
use crate::config::{Injection, Upstream};
use crate::header_name::HeaderName;
use crate::inject::{self, InjectError};
use crate::snapshot::Snapshot;
use crate::time::Now;

/// Headers and their values, in the order of the configuration. The values are zeroed when the last
/// request lets go of them.
pub(super) type Credentials = Arc<[(HeaderName, Arc<SecretString>)]>;

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

/// All of them, or why there are none: half of a set of credentials is of no use to anybody honest.
pub(super) fn make<'a>(
    state: &'a State,
    upstream: &'a Upstream,
    now: Now,
) -> Result<Credentials, InjectError<'a>> {
    let usable = state.usable(now.uptime);
    let made = upstream.inject.iter().map(|Injection { header, value }| {
        let value = inject::render(value, usable)?;
        Ok((header.clone(), Arc::new(value)))
    });
    made.collect()
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

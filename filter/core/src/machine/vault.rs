//! Asking the vault and taking in what it says.

use sallyport_model::{Reference, Refusal, ResolveRequest, ResolveResponse, SecretString};

use super::State;
use crate::call_failure::{CallFailure, Trouble, accept};
use crate::config::Vault;
use crate::effect::{Call, Effect, Line};
use crate::event::CallAnswer;
use crate::json;
use crate::metric::{Counter, Gauge};
use crate::shared::Member;
use crate::snapshot::{Change, Changed, Snapshot};
use crate::time::Now;
use crate::watch::{CallId, Wanted, Watch};

/// Where the snapshot comes from.
pub(super) enum Source {
    /// A watch of this filter's own.
    Own(Own),
    /// The one of the process.
    Shared(Box<Member>),
}

/// A watch of a filter for itself.
pub(super) struct Own {
    watch: Watch,
    trouble: Trouble,
}

/// Time passed; whether the snapshot may have changed.
pub(super) fn tick(state: &mut State, now: Now, effects: &mut Vec<Effect>) -> bool {
    match &mut state.source {
        Source::Own(own) => own.tick(now, effects),
        Source::Shared(member) => member.tick(now, effects),
    }
    let changed = follow(state, now, effects);
    for reference in state.snapshot.expire(now.uptime) {
        effects.push(Effect::Log(expired(&reference)));
    }
    if let Source::Own(own) = &mut state.source {
        own.ask(&state.config.vault, &state.snapshot, now, effects);
    }
    changed
}

/// An answer came; whether the snapshot may have changed. A late answer is not taken.
pub(super) fn answer(
    state: &mut State,
    call: CallId,
    answer: &CallAnswer,
    now: Now,
    effects: &mut Vec<Effect>,
) -> bool {
    match &mut state.source {
        Source::Own(own) => {
            let changed = own.answer(call, answer, &mut state.snapshot, now, effects);
            own.ask(&state.config.vault, &state.snapshot, now, effects);
            changed
        }
        Source::Shared(member) => {
            member.answer(call, answer, now, effects);
            follow(state, now, effects)
        }
    }
}

pub(super) fn call_failed(
    state: &mut State,
    call: CallId,
    failure: &CallFailure,
    now: Now,
    effects: &mut Vec<Effect>,
) {
    match &mut state.source {
        Source::Own(own) if own.watch.is_open(call) => own.failed(failure, now, effects),
        Source::Own(_) => {}
        Source::Shared(member) => member.call_failed(call, failure, now, effects),
    }
}

/// Takes over what was published, if nothing was yet: after a trap the filter starts with nothing,
/// and the next request does not wait for a tick.
pub(super) fn catch_up(state: &mut State, now: Now, effects: &mut Vec<Effect>) -> bool {
    let behind = matches!(&state.source, Source::Shared(member) if !member.has_applied());
    behind && follow(state, now, effects)
}

/// Takes over what was published for the filters of the process; whether that changed anything.
fn follow(state: &mut State, now: Now, effects: &mut Vec<Effect>) -> bool {
    let Source::Shared(member) = &mut state.source else {
        return false;
    };
    let Some(index) = member.news() else {
        return false;
    };
    let read = |place| member.material(place);
    let buckets = member.bucket_reader();
    let followed = state.snapshot.follow(&index, now.uptime, read, buckets);
    let Ok(applied) = followed else {
        // There is a newer one: it is read at the next tick.
        return false;
    };
    member.has_taken_over(index.generation);
    effects.push(Effect::Count(Counter::SharedApplied));
    let gauge = Gauge::Generation(state.config.policy.direction());
    effects.push(Effect::Show(gauge, index.generation));
    for change in &applied.changes {
        tell(change, effects);
    }
    applied.news
}

impl Own {
    pub(super) fn new() -> Self {
        Self {
            watch: Watch::new(),
            trouble: Trouble::default(),
        }
    }

    pub(super) fn wanted(&self, now: Now) -> Wanted {
        self.watch.wanted(now.uptime)
    }

    /// Gives up a lost call.
    fn tick(&mut self, now: Now, effects: &mut Vec<Effect>) {
        if self.watch.is_lost(now.uptime) {
            self.failed(&CallFailure::Unreachable(None), now, effects);
        }
    }

    fn failed(&mut self, failure: &CallFailure, now: Now, effects: &mut Vec<Effect>) {
        self.watch.failed(now.uptime);
        self.trouble.report(failure, effects);
    }

    /// Opens a call if the watch wants one.
    fn ask(&mut self, vault: &Vault, snapshot: &Snapshot, now: Now, effects: &mut Vec<Effect>) {
        if self.watch.wanted(now.uptime) != Wanted::Call {
            return;
        }
        let fresh_for = snapshot.fresh_for(now.uptime);
        let opened = self
            .watch
            .open(now.uptime, vault.wait, fresh_for, vault.timeout);
        let request = ResolveRequest {
            scope: vault.scope,
            references: snapshot.question(),
            wait: opened.wait,
        };
        match Call::new(opened, &request) {
            Some(call) => effects.extend([Effect::Count(Counter::VaultCalls), Effect::Call(call)]),
            None => self.watch.failed(now.uptime),
        }
    }

    fn answer(
        &mut self,
        call: CallId,
        answer: &CallAnswer,
        snapshot: &mut Snapshot,
        now: Now,
        effects: &mut Vec<Effect>,
    ) -> bool {
        if !self.watch.is_open(call) {
            return false;
        }
        let applied = parse(answer).and_then(|response| Ok(snapshot.apply(response, now.uptime)?));
        match applied {
            Ok(applied) => {
                let fresh = !snapshot.fresh_for(now.uptime).is_zero();
                self.watch.answered(now.uptime, applied.news, fresh);
                self.trouble.is_over(effects);
                for change in &applied.changes {
                    tell(change, effects);
                }
                true
            }
            Err(failure) => {
                self.watch.failed(now.uptime);
                self.trouble.report(&failure, effects);
                matches!(failure, CallFailure::Denied(_)) && snapshot.deny()
            }
        }
    }
}

fn parse(answer: &CallAnswer) -> Result<ResolveResponse<SecretString>, CallFailure> {
    Ok(json::read(accept(answer)?)?)
}

fn expired(reference: &Reference) -> Line {
    Line::warn(format!(
        "vault: {reference} expired, the vault has not confirmed it in time"
    ))
}

fn tell(change: &Change, effects: &mut Vec<Effect>) {
    let Change { reference, state } = change;
    effects.push(Effect::Count(Counter::VaultChanges));
    let line = match state {
        Changed::Current(version) => Line::info(format!("vault: {reference} is version {version}")),
        Changed::Withdrawn => Line::warn(format!("vault: {reference} was withdrawn")),
        Changed::Expired => expired(reference),
        Changed::Denied => Line::warn(format!("vault: {reference} is not served to this gateway")),
        // A secret that was never rotated has none, and keys of one are found without it.
        Changed::Refused(Refusal::NotFound, _) if reference.is_previous() => {
            Line::debug(format!("vault: {reference} is absent"))
        }
        Changed::Refused(reason, detail) => Line::warn(format!(
            "vault: {reference} is refused: {} ({detail:?})",
            reason.as_str()
        )),
        Changed::Malformed(error) => {
            effects.push(Effect::Count(Counter::VaultMalformed));
            Line::warn(format!("vault: {reference} cannot be used: {error}"))
        }
    };
    effects.push(Effect::Log(line));
}

//! Asking the vault and taking in what it says.

use sallyport_model::{MARKER_VALUE, ResolveRequest, ResolveResponse, SecretString};
use thiserror::Error;

use super::State;
use crate::effect::{Call, Effect, Line};
use crate::event::CallAnswer;
use crate::metric::Counter;
use crate::snapshot::{AnswerError, Change, Changed};
use crate::time::Now;
use crate::watch::{CallId, Wanted};

/// Largest answer that is parsed, in bytes.
const MAX_ANSWER: usize = 16 * 1024 * 1024;

/// Why a call brought nothing.
#[derive(Debug, Error)]
enum CallFailure {
    /// Nobody answered, or not the vault: without the marker an answer is Envoy's own.
    #[error("no answer{}", Status(*.0))]
    Unreachable(Option<u16>),
    /// The vault is there, but cannot answer now.
    #[error("the vault cannot answer now{}", Status(*.0))]
    Unavailable(Option<u16>),
    /// The vault does not serve this gateway.
    #[error("the vault does not serve this gateway{}", Status(*.0))]
    Denied(Option<u16>),
    /// The vault speaks another version of the wire format.
    #[error("the vault speaks another version of the wire format")]
    Version,
    /// The vault did not understand the question.
    #[error("the vault did not understand the question{}", Status(*.0))]
    Misunderstood(Option<u16>),
    /// More than is parsed.
    #[error("the answer has {0} bytes, at most {MAX_ANSWER} are parsed")]
    TooLarge(usize),
    /// Not the wire format. The parser's words are left out: they could repeat a value.
    #[error("the answer is not in the wire format (line {line}, column {column})")]
    Json {
        /// Counts from 1.
        line: usize,
        /// Counts from 1.
        column: usize,
    },
    /// In the wire format, but not an answer to the question.
    #[error(transparent)]
    Answer(#[from] AnswerError),
}

struct Status(Option<u16>);

/// Gives up a lost call, forgets what is past its time, asks if it is time to.
pub(super) fn tick(state: &mut State, now: Now, effects: &mut Vec<Effect>) {
    if state.watch.is_lost(now.uptime) {
        state.watch.failed(now.uptime);
        report(state, &CallFailure::Unreachable(None), effects);
    }
    for reference in state.snapshot.expire(now.uptime) {
        let text = format!("vault: {reference} expired, the vault has not confirmed it in time");
        effects.push(Effect::Log(Line::warn(text)));
    }
    ask(state, now, effects);
}

/// Opens a call if the watch wants one.
pub(super) fn ask(state: &mut State, now: Now, effects: &mut Vec<Effect>) {
    if state.watch.wanted(now.uptime) != Wanted::Call {
        return;
    }
    let vault = &state.config.vault;
    let fresh_for = state.snapshot.fresh_for(now.uptime);
    let opened = state
        .watch
        .open(now.uptime, vault.wait, fresh_for, vault.timeout);
    let request = ResolveRequest {
        scope: vault.scope,
        references: state.snapshot.question(),
        wait: opened.wait,
    };
    let Ok(body) = serde_json::to_string(&request) else {
        // Strings and numbers always serialize.
        state.watch.failed(now.uptime);
        return;
    };
    effects.push(Effect::Count(Counter::VaultCalls));
    effects.push(Effect::Call(Call {
        call: opened.call,
        body,
        timeout: opened.timeout,
    }));
}

pub(super) fn call_failed(state: &mut State, call: CallId, now: Now, effects: &mut Vec<Effect>) {
    if state.watch.is_open(call) {
        state.watch.failed(now.uptime);
        report(state, &CallFailure::Unreachable(None), effects);
    }
}

/// Takes an answer in; whether the snapshot may have changed. A late answer is not taken.
pub(super) fn answer(
    state: &mut State,
    call: CallId,
    answer: &CallAnswer,
    now: Now,
    effects: &mut Vec<Effect>,
) -> bool {
    if !state.watch.is_open(call) {
        return false;
    }
    let applied =
        parse(answer).and_then(|response| Ok(state.snapshot.apply(response, now.uptime)?));
    match applied {
        Ok(applied) => {
            let fresh = !state.snapshot.fresh_for(now.uptime).is_zero();
            state.watch.answered(now.uptime, applied.news, fresh);
            effects.push(Effect::Count(Counter::VaultAnswers));
            if state.trouble.take().is_some() {
                effects.push(Effect::Log(Line::info("vault: answers again".to_owned())));
            }
            for change in applied.changes {
                tell(&change, effects);
            }
            true
        }
        Err(failure) => {
            state.watch.failed(now.uptime);
            report(state, &failure, effects);
            matches!(failure, CallFailure::Denied(_)) && state.snapshot.deny()
        }
    }
}

fn parse(answer: &CallAnswer) -> Result<ResolveResponse<SecretString>, CallFailure> {
    let status = answer.status;
    match answer.marker.as_deref() {
        None => return Err(CallFailure::Unreachable(status)),
        Some(marker) if marker != MARKER_VALUE.as_bytes() => return Err(CallFailure::Version),
        Some(_) => {}
    }
    match status {
        Some(200) => {}
        Some(401 | 403) => return Err(CallFailure::Denied(status)),
        Some(429 | 500..) | None => return Err(CallFailure::Unavailable(status)),
        Some(_) => return Err(CallFailure::Misunderstood(status)),
    }
    if answer.body.len() > MAX_ANSWER {
        return Err(CallFailure::TooLarge(answer.body.len()));
    }
    serde_json::from_slice(&answer.body).map_err(|error| CallFailure::Json {
        line: error.line(),
        column: error.column(),
    })
}

/// Counts a failure, and logs it if it is not the one that was logged last.
fn report(state: &mut State, failure: &CallFailure, effects: &mut Vec<Effect>) {
    let counter = failure.counter();
    effects.push(Effect::Count(counter));
    let class = failure.class();
    if state.trouble.replace(class) != Some(class) {
        effects.push(Effect::Log(Line::warn(format!(
            "vault: {class}: {failure}"
        ))));
    }
}

fn tell(change: &Change, effects: &mut Vec<Effect>) {
    let Change { reference, state } = change;
    effects.push(Effect::Count(Counter::VaultChanges));
    let line = match state {
        Changed::Current(version) => Line::info(format!("vault: {reference} is version {version}")),
        Changed::Withdrawn => Line::warn(format!("vault: {reference} was withdrawn")),
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

impl CallFailure {
    /// Failures of a class are logged once until the vault answers again.
    const fn class(&self) -> &'static str {
        match self {
            Self::Unreachable(_) => "unreachable",
            Self::Unavailable(_) => "unavailable",
            Self::Denied(_) => "denied",
            Self::Version | Self::Misunderstood(_) => "misunderstood",
            Self::TooLarge(_) | Self::Json { .. } | Self::Answer(_) => "malformed",
        }
    }

    const fn counter(&self) -> Counter {
        match self {
            Self::Unreachable(_) | Self::Unavailable(_) => Counter::VaultUnreachable,
            Self::Denied(_) => Counter::VaultDenied,
            Self::Version
            | Self::Misunderstood(_)
            | Self::TooLarge(_)
            | Self::Json { .. }
            | Self::Answer(_) => Counter::VaultMalformed,
        }
    }
}

impl std::fmt::Display for Status {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.0 {
            Some(status) => write!(f, " (status {status})"),
            None => Ok(()),
        }
    }
}

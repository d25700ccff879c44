//! What becomes of somebody who did not pass: counted, logged, noted, and refused or not.

use super::State;
use super::note;
use crate::config::{Failure, PolicyIndex};
use crate::decide::Denial;
use crate::direction::Direction;
use crate::effect::{Effect, Line};
use crate::event::StreamId;
use crate::metric::Counter;
use crate::mode::Mode;

/// What becomes of somebody who did not pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Consequence {
    /// It ends here.
    Refuse,
    /// It goes on, but no credential with it.
    GoOn,
}

/// Whom a denial meets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    /// Somebody of whom nothing went on.
    New,
    /// A connection that had been let go.
    Live,
    /// Somebody whose message must not go on as it is, by whatever setting.
    Plain,
}

/// Says what a denial comes to under a policy and the mode of what denied, and counts, logs and notes it.
pub(super) fn consequence(
    state: &State,
    stream: StreamId,
    (index, mode): (PolicyIndex, Mode),
    standing: Standing,
    denial: &Denial,
    effects: &mut Vec<Effect>,
) -> Consequence {
    let direction = state.config.policy.direction();
    let reason = denial.reason;
    let failure = reason
        .unavailable()
        .map(|unavailable| state.config.on_failure.of(unavailable));
    let (consequence, counter, word) = match (mode, failure) {
        (Mode::Observe, _) => {
            let counter = Counter::Observed(direction, reason);
            (Consequence::GoOn, counter, "observed")
        }
        (Mode::Enforce, Some(Failure::LetPass)) if standing != Standing::Plain => {
            let counter = Counter::LetPass(direction, reason);
            (Consequence::GoOn, counter, "let_pass")
        }
        (Mode::Enforce, _) => match standing {
            Standing::New | Standing::Plain => {
                let counter = Counter::Denied(direction, reason);
                (Consequence::Refuse, counter, "denied")
            }
            Standing::Live => {
                let counter = Counter::Cut(direction, reason);
                (Consequence::Refuse, counter, "cut")
            }
        },
    };
    effects.push(Effect::Count(counter));
    effects.push(Effect::Log(Line::denial(word, direction, denial)));
    let note = note::of_denial(state, word, index, denial);
    effects.push(Effect::Note(stream, note));
    consequence
}

/// Counts and logs what somebody who passes did not pass, but is only observed.
pub(super) fn observe(state: &State, observed: &[Denial], effects: &mut Vec<Effect>) {
    let direction = state.config.policy.direction();
    for denial in observed {
        let counter = Counter::Observed(direction, denial.reason);
        effects.push(Effect::Count(counter));
        effects.push(Effect::Log(Line::denial("observed", direction, denial)));
    }
}

impl Line {
    fn denial(word: &str, direction: Direction, denial: &Denial) -> Self {
        use std::fmt::Write as _;

        let (side, code) = (direction.as_str(), denial.reason.code());
        let mut text = format!("{side} {}: code={code}", word.replace('_', " "));
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

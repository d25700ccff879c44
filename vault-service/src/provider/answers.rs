//! Answers that are ready: opened and written once, for every gateway that may have them, until the
//! next change.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use sallyport_model::{Outcome, Refusal, Revision};
use zeroize::Zeroizing;

use crate::store::ChangeSeq;

/// Most bytes that are kept ready.
const CAPACITY: usize = 32 * 1024 * 1024;

/// The answer to one reference.
pub(super) struct ReadyAnswer {
    /// An [`sallyport_model::Answer`] as JSON.
    pub(super) json: Zeroizing<Vec<u8>>,
    /// What the audit log is told of it.
    pub(super) told: Told,
}

/// How a reference was answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Told {
    /// This version went out.
    Current(u64),
    /// Nothing went out: it is known already.
    Unchanged,
    /// It was deleted.
    Withdrawn,
    /// It was refused.
    Refused(Refusal),
}

impl Told {
    /// The word for it in metrics.
    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::Current(_) => "current",
            Self::Unchanged => "unchanged",
            Self::Withdrawn => "withdrawn",
            Self::Refused(reason) => reason.as_str(),
        }
    }
}

/// What is ready.
#[derive(Default)]
pub(super) struct ReadyAnswers(Mutex<Ready>);

#[derive(Default)]
struct Ready {
    position: ChangeSeq,
    answers: HashMap<(String, Revision), Arc<ReadyAnswer>>,
    bytes: usize,
}

impl ReadyAnswers {
    /// The answer to a reference in that revision, if it was made since the feed is where it is.
    pub(super) fn get(
        &self,
        position: ChangeSeq,
        question: &(String, Revision),
    ) -> Option<Arc<ReadyAnswer>> {
        self.at(position)?.answers.get(question).cloned()
    }

    pub(super) fn keep(
        &self,
        position: ChangeSeq,
        question: (String, Revision),
        answer: Arc<ReadyAnswer>,
    ) {
        let bytes = answer.json.len();
        let Some(mut ready) = self.at(position) else {
            return;
        };
        if bytes > CAPACITY / 16 {
            return;
        }
        if ready.bytes + bytes > CAPACITY {
            ready.forget(position);
        }
        ready.bytes += bytes;
        ready.answers.insert(question, answer);
    }

    /// Drops what was made before that position: secrets are not kept for nobody.
    pub(super) fn forget_before(&self, position: ChangeSeq) {
        drop(self.at(position));
    }

    fn at(&self, position: ChangeSeq) -> Option<MutexGuard<'_, Ready>> {
        let mut ready = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if ready.position < position {
            ready.forget(position);
        }
        (ready.position == position).then_some(ready)
    }
}

impl Ready {
    fn forget(&mut self, position: ChangeSeq) {
        *self = Self {
            position,
            ..Self::default()
        };
    }
}

impl<S> From<&Outcome<S>> for Told {
    fn from(outcome: &Outcome<S>) -> Self {
        match outcome {
            Outcome::Current { version, .. } => Self::Current(*version),
            Outcome::Unchanged { .. } => Self::Unchanged,
            Outcome::Withdrawn {} => Self::Withdrawn,
            Outcome::Refused { reason, .. } => Self::Refused(*reason),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn question(text: &str) -> (String, Revision) {
        (text.to_owned(), Revision("r".to_owned()))
    }

    fn answer(bytes: usize) -> Arc<ReadyAnswer> {
        Arc::new(ReadyAnswer {
            json: Zeroizing::new(vec![b'x'; bytes]),
            told: Told::Current(1),
        })
    }

    #[test]
    fn an_answer_is_ready_until_something_changes() {
        let ready = ReadyAnswers::default();
        ready.keep(5, question("a"), answer(1));
        assert!(ready.get(5, &question("a")).is_some());
        assert!(ready.get(5, &question("b")).is_none());
        ready.forget_before(6);
        assert!(ready.0.lock().unwrap().answers.is_empty());
        // One that was made before the change comes too late.
        ready.keep(5, question("a"), answer(1));
        assert!(ready.get(6, &question("a")).is_none());
    }

    #[test]
    fn ready_answers_take_so_much_room_and_no_more() {
        let ready = ReadyAnswers::default();
        ready.keep(1, question("giant"), answer(CAPACITY / 16 + 1));
        assert!(ready.get(1, &question("giant")).is_none());
        for at in 0..17 {
            ready.keep(1, question(&at.to_string()), answer(CAPACITY / 16));
        }
        assert!(ready.get(1, &question("0")).is_none());
        assert!(ready.get(1, &question("16")).is_some());
    }
}

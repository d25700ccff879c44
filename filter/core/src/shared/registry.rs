//! Which references the members of a namespace want: a union, from which those go that nobody
//! renews.

use std::time::Duration;

use sallyport_model::MAX_REFERENCES;
use serde::{Deserialize, Serialize};

use super::data::{Board, Writing};
use crate::json;
use crate::ordered::{Map, object};

/// How often a member says again what it wants, in seconds.
const RENEWAL: u64 = 30;

/// For how long a reference stays that nobody renews, in seconds.
const MEMORY: u64 = 4 * RENEWAL;

/// How often a member tries again when others write at the same moment.
const ATTEMPTS: usize = 32;

/// References by the second in which somebody last wanted them.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct Registry {
    #[serde(with = "object")]
    wanted: Map<String, u64>,
}

/// What came of saying what one wants.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Registered {
    /// All of it is known.
    All,
    /// There is no room for so many references.
    Full,
    /// Others were faster each time.
    Not,
}

impl Registry {
    pub(super) fn read(board: &Board) -> (Self, Option<Writing>) {
        let (value, writing) = board.read("registry");
        (json::read(&value).unwrap_or_default(), writing)
    }

    /// Says what is wanted. Writes nothing while it is known for long enough.
    pub(super) fn register(board: &Board, references: &[String], uptime: Duration) -> Registered {
        let second = uptime.as_secs();
        for _ in 0..ATTEMPTS {
            let (mut registry, writing) = Self::read(board);
            let mut outcome = Registered::All;
            let mut changed = false;
            for reference in references {
                let known = registry.wanted.get(reference).copied();
                if known.is_some_and(|known| second < known.saturating_add(RENEWAL)) {
                    continue;
                }
                registry.forget(second);
                if known.is_none() && registry.wanted.len() >= MAX_REFERENCES {
                    outcome = Registered::Full;
                    continue;
                }
                registry.wanted.insert(reference.clone(), second);
                changed = true;
            }
            if !changed {
                return outcome;
            }
            let value = serde_json::to_vec(&registry).unwrap_or_default();
            if board.replace("registry", &value, writing) {
                return outcome;
            }
        }
        Registered::Not
    }

    /// What is wanted, in the order in which it is asked for.
    pub(super) fn references(mut self, uptime: Duration) -> Vec<String> {
        self.forget(uptime.as_secs());
        let wanted = self.wanted.into_tuple_vec().into_iter();
        wanted.map(|(reference, _)| reference).collect()
    }

    fn forget(&mut self, second: u64) {
        self.wanted
            .retain(|_, wanted| second < wanted.saturating_add(MEMORY));
    }
}

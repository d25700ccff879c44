//! What the filter holds of the vault: one entry per reference of the configuration.
//!
//! Material is usable while it is fresh or stale, both counted from the vault's last answer about
//! it. What the vault withdrew, refused or sent in a form that cannot be used is dropped at once:
//! the older version is not current any more, so deciding by it would be deciding by nothing.

mod confirmation;
mod entry;
mod follow;

use std::time::Duration;

use sallyport_model::{Answer, Known, Outcome, Reference, ResolveResponse, SecretString};
use thiserror::Error;

pub(crate) use confirmation::Confirmation;
pub use entry::{Availability, Unusable};

use crate::material::{MaterialError, Prepared};
use crate::ordered::Map;
use entry::{Edition, Entry, Held};

/// All entries, and a number that changes with their content.
pub struct Snapshot {
    entries: Map<Reference, Entry>,
    generation: u64,
}

/// What an answer changed.
#[derive(Debug, Default)]
pub(crate) struct Applied {
    /// Entries with new content, withdrawn and refused ones included.
    pub(crate) changes: Vec<Change>,
    /// Whether a revision changed: a vault that keeps sending what is known is not asked at once.
    pub(crate) news: bool,
}

/// One changed entry.
#[derive(Debug)]
pub(crate) struct Change {
    /// Which.
    pub(crate) reference: Reference,
    /// What it became.
    pub(crate) state: Changed,
}

/// What an entry became.
#[derive(Debug)]
pub(crate) enum Changed {
    /// New material, by version.
    Current(u64),
    /// The secret was deleted.
    Withdrawn,
    /// The vault has not confirmed it in time.
    Expired,
    /// The vault does not serve this gateway.
    Denied,
    /// The vault refuses it, in its words.
    Refused(sallyport_model::Refusal, String),
    /// The material cannot be used.
    Malformed(MaterialError),
}

/// Why a whole answer is ignored.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub(crate) enum AnswerError {
    /// Not one answer per reference.
    #[error("the vault answered {found} of {asked} references")]
    Count {
        /// References asked for.
        asked: usize,
        /// Answers found.
        found: usize,
    },
    /// The answers are not those to the question.
    #[error("answer {position} is about another reference")]
    Order {
        /// Counts from 1.
        position: usize,
    },
    /// "Unchanged" about something the filter does not hold.
    #[error("answer {position} is unchanged, but nothing is held")]
    NothingHeld {
        /// Counts from 1.
        position: usize,
    },
}

impl Snapshot {
    /// An empty snapshot of these references.
    pub(crate) fn new<'a>(references: impl IntoIterator<Item = &'a Reference>) -> Self {
        let mut entries = Map::new();
        for reference in references {
            entries.insert(reference.clone(), Entry::default());
        }
        Self {
            entries,
            generation: 0,
        }
    }

    /// Changes whenever the content of an entry changes.
    pub const fn generation(&self) -> u64 {
        self.generation
    }

    /// What can be done with an entry at `uptime`.
    pub fn look_up(&self, reference: &Reference, uptime: Duration) -> Availability<'_> {
        self.entries
            .get(reference)
            .map_or(Availability::Unusable(Unusable::Absent), |entry| {
                entry.availability(uptime)
            })
    }

    /// Which version is held of a reference.
    pub(crate) fn edition(&self, reference: &Reference) -> Option<&Edition> {
        match &self.entries.get(reference)?.held {
            Held::Material { edition, .. } => Some(edition),
            Held::Nothing(_) => None,
        }
    }

    /// What to ask, in the order in which [`Self::apply`] takes the answers.
    pub(crate) fn question(&self) -> Vec<Known> {
        self.entries
            .iter()
            .map(|(reference, entry)| Known {
                reference: reference.to_string(),
                revision: entry.revision.clone(),
            })
            .collect()
    }

    /// How long all entries stay fresh; zero if one is not.
    pub(crate) fn fresh_for(&self, uptime: Duration) -> Duration {
        self.entries
            .values()
            .map(|entry| entry.fresh_for(uptime))
            .min()
            .unwrap_or_default()
    }

    /// Takes over an answer, whole or not at all. An entry whose material cannot be used becomes
    /// unusable by itself; that is no reason to keep the others from changing.
    pub(crate) fn apply(
        &mut self,
        response: ResolveResponse<SecretString>,
        uptime: Duration,
    ) -> Result<Applied, AnswerError> {
        self.check(&response.answers)?;
        let mut applied = Applied::default();
        for ((reference, entry), answer) in self.entries.iter_mut().zip(response.answers) {
            if let Some((state, news)) = take_over(reference, entry, answer, uptime) {
                applied.news |= news;
                applied.changes.push(Change {
                    reference: reference.clone(),
                    state,
                });
            }
        }
        if !applied.changes.is_empty() {
            self.generation += 1;
        }
        Ok(applied)
    }

    /// Drops everything: the vault does not serve this gateway any more.
    pub(crate) fn deny(&mut self) -> bool {
        let held = self
            .entries
            .values()
            .any(|entry| !matches!(entry.held, Held::Nothing(Unusable::Denied)));
        for (_, entry) in self.entries.iter_mut() {
            entry.drop_for(Unusable::Denied);
        }
        self.generation += u64::from(held);
        held
    }

    /// Forgets material that is past its time, so that no secret is held which cannot be used.
    /// The references of what was dropped.
    pub(crate) fn expire(&mut self, uptime: Duration) -> Vec<Reference> {
        let mut expired = Vec::new();
        for (reference, entry) in &mut self.entries {
            if entry.is_past(uptime) {
                entry.drop_for(Unusable::Expired);
                expired.push(reference.clone());
            }
        }
        if !expired.is_empty() {
            self.generation += 1;
        }
        expired
    }

    fn check(&self, answers: &[Answer<SecretString>]) -> Result<(), AnswerError> {
        let (asked, found) = (self.entries.len(), answers.len());
        if asked != found {
            return Err(AnswerError::Count { asked, found });
        }
        for (index, ((reference, entry), answer)) in self.entries.iter().zip(answers).enumerate() {
            let position = index + 1;
            if answer.reference != reference.to_string() {
                return Err(AnswerError::Order { position });
            }
            if matches!(answer.outcome, Outcome::Unchanged { .. }) && entry.revision.is_none() {
                return Err(AnswerError::NothingHeld { position });
            }
        }
        Ok(())
    }
}

fn take_over(
    reference: &Reference,
    entry: &mut Entry,
    answer: Answer<SecretString>,
    uptime: Duration,
) -> Option<(Changed, bool)> {
    let (held, changed) = match answer.outcome {
        Outcome::Unchanged { freshness } => {
            let at = uptime;
            entry.confirm(Confirmation { freshness, at });
            return None;
        }
        Outcome::Current {
            version,
            parts,
            freshness,
            material,
        } => {
            let at = uptime;
            prepare(
                Prepared::new(reference, material),
                Edition { version, parts },
                Confirmation { freshness, at },
            )
        }
        Outcome::Withdrawn {} => (Held::Nothing(Unusable::Withdrawn), Changed::Withdrawn),
        Outcome::Refused { reason, detail } => (
            Held::Nothing(Unusable::Refused(reason)),
            Changed::Refused(reason, detail),
        ),
    };
    let news = entry.revision.as_ref() != Some(&answer.revision);
    *entry = Entry {
        revision: Some(answer.revision),
        place: None,
        held,
    };
    // Material that comes again is taken over again, whatever its revision says.
    (news || matches!(changed, Changed::Current(_))).then_some((changed, news))
}

/// What is held of material, and what that is a change to.
fn prepare(
    prepared: Result<Prepared, MaterialError>,
    edition: Edition,
    confirmation: Confirmation,
) -> (Held, Changed) {
    match prepared {
        Ok(prepared) => {
            let version = edition.version;
            let held = Held::Material {
                prepared,
                edition,
                confirmation,
            };
            (held, Changed::Current(version))
        }
        Err(error) => (
            Held::Nothing(Unusable::Malformed),
            Changed::Malformed(error),
        ),
    }
}

//! The holder of the lease: it watches the vault and publishes what it says.

use std::time::Duration;

use sallyport_model::{Known, ResolveRequest};
use zeroize::Zeroizing;

use super::answer::{RawAnswer, RawOutcome, RawResponse};
use super::data::{Board, Writing};
use super::index::{EntryState, Index, IndexEntry, Place};
use super::lists::{ListedApart, take_apart};
use super::registry::Registry;
use crate::call_failure::{CallFailure, Trouble, accept};
use crate::config::Vault;
use crate::effect::{Call, Effect};
use crate::event::CallAnswer;
use crate::json;
use crate::metric::Counter;
use crate::ordered::{Map, Set};
use crate::snapshot::{AnswerError, Confirmation};
use crate::watch::{CallId, Wanted, Watch};

/// How long the buckets of a set stay that no index names any more.
const GRACE: Duration = Duration::from_secs(5);

/// The holder's state. What is published is not kept here, but read from the index.
pub(super) struct Holder {
    id: u64,
    watch: Watch,
    trouble: Trouble,
    /// As it was last read or written.
    index: Index,
    sequence: u64,
    /// Sets that no index names any more; somebody may still have an index that does.
    retired: Vec<(Duration, ListedApart)>,
    /// What is wanted, and the writing of the registry that said so.
    wanted: Vec<String>,
    registry: Option<Writing>,
    /// What the open call asks.
    asked: Vec<String>,
}

/// What a member goes on counting from when it holds the lease again.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Counted {
    /// So that the calls of each term have names of their own.
    calls: u64,
    /// A place is never written twice with the same number: who has the first content takes the second
    /// one for it.
    sequence: u64,
}

/// Somebody else has published since: the holder has been taken for gone.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Superseded;

impl Holder {
    /// Goes on from the index that is there. What a former holder left half done goes; what its
    /// index names but is not there is asked for again.
    pub(super) fn adopt(id: u64, former: Option<u64>, counted: Counted, board: &Board) -> Self {
        let (mut index, _) = board.index();
        for (_, entry) in index.entries.iter_mut() {
            if let EntryState::Current { place, apart, .. } = &entry.state
                && (board.material(*place).is_none()
                    || !apart.iter().all(|set| board.has_buckets(set.place)))
            {
                entry.revision = None;
            }
        }
        if let Some(former) = former {
            let named: Set<_> = index.places().collect();
            board.sweep(former, |place| named.contains(&place));
            let named: Set<_> = index.apart().map(|set| at(set.place)).collect();
            board.sweep_buckets(former, |place| named.contains(&at(place)));
        }
        Self {
            id,
            watch: Watch::after(counted.calls),
            trouble: Trouble::default(),
            index,
            sequence: counted.sequence,
            retired: Vec::new(),
            wanted: Vec::new(),
            registry: None,
            asked: Vec::new(),
        }
    }

    pub(super) const fn generation(&self) -> u64 {
        self.index.generation
    }

    pub(super) const fn counted(&self) -> Counted {
        Counted {
            calls: self.watch.calls(),
            sequence: self.sequence,
        }
    }

    pub(super) fn is_open(&self, call: CallId) -> bool {
        self.watch.is_open(call)
    }

    /// When it has to be called next.
    pub(super) fn next_look(&self, uptime: Duration) -> Duration {
        match self.watch.wanted(uptime) {
            Wanted::Call if self.wanted.is_empty() => Duration::MAX,
            Wanted::Call => Duration::ZERO,
            Wanted::Nothing(until) => until.saturating_sub(uptime),
        }
    }

    /// Gives up a lost call, looks for new wishes, lets go of what is past its time.
    pub(super) fn tick(
        &mut self,
        board: &Board,
        uptime: Duration,
        effects: &mut Vec<Effect>,
    ) -> Result<(), Superseded> {
        if self.watch.is_lost(uptime) {
            self.call_failed(&CallFailure::Unreachable(None), uptime, effects);
        }
        let (registry, writing) = Registry::read(board);
        if writing != self.registry || self.wanted.is_empty() {
            self.registry = writing;
            let wanted = registry.references(uptime);
            // A call that is open does not ask for it.
            if wanted.iter().any(|one| !self.wanted.contains(one)) {
                self.watch.restart(uptime);
            }
            self.wanted = wanted;
        }
        self.clear_retired(board, uptime);
        self.expire(board, uptime, effects)
    }

    /// A call, if it is time for one.
    pub(super) fn ask(&mut self, vault: &Vault, uptime: Duration, effects: &mut Vec<Effect>) {
        if self.wanted.is_empty() || self.watch.wanted(uptime) != Wanted::Call {
            return;
        }
        let fresh_for = self.index.fresh_for(&self.wanted, uptime);
        let opened = self
            .watch
            .open(uptime, vault.wait, fresh_for, vault.timeout);
        self.asked.clone_from(&self.wanted);
        let references = self.asked.iter().map(|reference| Known {
            reference: reference.clone(),
            revision: self
                .index
                .entries
                .get(reference)
                .and_then(|entry| entry.revision.clone()),
        });
        let request = ResolveRequest {
            scope: vault.scope,
            references: references.collect(),
            wait: opened.wait,
        };
        match Call::new(opened, &request) {
            Some(call) => effects.extend([Effect::Count(Counter::VaultCalls), Effect::Call(call)]),
            None => self.watch.failed(uptime),
        }
    }

    pub(super) fn call_failed(
        &mut self,
        failure: &CallFailure,
        uptime: Duration,
        effects: &mut Vec<Effect>,
    ) {
        self.watch.failed(uptime);
        self.trouble.report(failure, effects);
    }

    /// Publishes what the vault says.
    pub(super) fn answered(
        &mut self,
        answer: &CallAnswer,
        board: &Board,
        uptime: Duration,
        effects: &mut Vec<Effect>,
    ) -> Result<(), Superseded> {
        match self.take_in(answer, board, uptime) {
            Ok((index, news)) => {
                self.publish(index, board, uptime, effects)?;
                let fresh = !self.index.fresh_for(&self.wanted, uptime).is_zero();
                self.watch.answered(uptime, news, fresh);
                self.trouble.is_over(effects);
                Ok(())
            }
            Err(failure) => {
                self.watch.failed(uptime);
                self.trouble.report(&failure, effects);
                match failure {
                    CallFailure::Denied(_) => self.deny(board, uptime, effects),
                    _ => Ok(()),
                }
            }
        }
    }

    /// The index after an answer, whose material is in its places, and whether it tells anything
    /// new.
    fn take_in(
        &mut self,
        answer: &CallAnswer,
        board: &Board,
        uptime: Duration,
    ) -> Result<(Index, bool), CallFailure> {
        let response: RawResponse<'_> = json::read(accept(answer)?)?;
        self.check(&response.answers)?;
        let mut entries = Map::new();
        let mut news = false;
        let own = |place: &Place| place.holder == self.id;
        let taken = self.index.places().filter(own).map(|place| place.slot);
        let mut taken: Set<u32> = taken.collect();
        let mut sets: Vec<ListedApart> = self.index.apart().cloned().collect();
        let retired = self.retired.iter().map(|(_, set)| set);
        let lists = retired.chain(&sets).map(|set| set.place).filter(own);
        let mut lists: Set<u32> = lists.map(|place| place.slot).collect();
        let (holder, mut sequence) = (self.id, self.sequence);
        let mut next_place = |taken: &mut Set<u32>| {
            sequence += 1;
            let slot = (0..).find(|slot| taken.insert(*slot));
            Place {
                holder,
                slot: slot.unwrap_or(u32::MAX),
                sequence,
            }
        };
        for answer in response.answers {
            let known = self.index.entries.get(&answer.reference);
            let confirmed = |freshness| Confirmation {
                freshness,
                at: uptime,
            };
            let state = match answer.outcome {
                RawOutcome::Unchanged { freshness } => {
                    let mut state = known.map(|known| known.state.clone());
                    if let Some(EntryState::Current { confirmation, .. }) = &mut state {
                        *confirmation = confirmed(freshness);
                    }
                    // `check` has found it.
                    state.unwrap_or(EntryState::Expired)
                }
                RawOutcome::Current {
                    version,
                    parts,
                    freshness,
                    material,
                } => {
                    let place = next_place(&mut taken);
                    let next_list = || next_place(&mut lists);
                    let (rest, apart) = match take_apart(material.get(), &sets, board, next_list) {
                        Some((rest, apart)) => (Some(rest), apart),
                        None => (None, Vec::new()),
                    };
                    let bytes = rest.as_deref().unwrap_or(material.get().as_bytes());
                    board.put_material(place, bytes);
                    sets.extend_from_slice(&apart);
                    EntryState::Current {
                        place,
                        version,
                        parts,
                        confirmation: confirmed(freshness),
                        apart,
                    }
                }
                RawOutcome::Withdrawn {} => EntryState::Withdrawn,
                RawOutcome::Refused { reason, detail } => EntryState::Refused { reason, detail },
            };
            let revision = Some(answer.revision);
            news |= known.map(|known| &known.revision) != Some(&revision);
            entries.insert(answer.reference, IndexEntry { revision, state });
        }
        self.sequence = sequence;
        let generation = self.index.generation;
        let index = Index {
            generation,
            entries,
            denied: false,
        };
        Ok((index, news))
    }

    fn check(&self, answers: &[RawAnswer<'_>]) -> Result<(), AnswerError> {
        let (asked, found) = (self.asked.len(), answers.len());
        if asked != found {
            return Err(AnswerError::Count { asked, found });
        }
        for ((position, asked), answer) in (1..).zip(&self.asked).zip(answers) {
            if answer.reference != *asked {
                return Err(AnswerError::Order { position });
            }
            let known = self.index.entries.get(asked);
            let nothing_held = known.is_none_or(|known| known.revision.is_none());
            if matches!(answer.outcome, RawOutcome::Unchanged { .. }) && nothing_held {
                return Err(AnswerError::NothingHeld { position });
            }
        }
        Ok(())
    }

    /// Takes everything back: the vault does not serve this gateway any more.
    fn deny(
        &mut self,
        board: &Board,
        uptime: Duration,
        effects: &mut Vec<Effect>,
    ) -> Result<(), Superseded> {
        let mut index = self.index.clone();
        index.denied = true;
        for reference in &self.asked {
            let denied = IndexEntry {
                revision: None,
                state: EntryState::Denied,
            };
            index.entries.insert(reference.clone(), denied);
        }
        match index == self.index {
            true => Ok(()),
            false => self.publish(index, board, uptime, effects),
        }
    }

    /// Takes material back that is past its time, so that no secret lies there unused.
    fn expire(
        &mut self,
        board: &Board,
        uptime: Duration,
        effects: &mut Vec<Effect>,
    ) -> Result<(), Superseded> {
        let mut index = None;
        for (reference, entry) in self.index.entries.iter() {
            if let EntryState::Current { confirmation, .. } = entry.state
                && confirmation.is_past(uptime)
            {
                let expired = IndexEntry {
                    revision: None,
                    state: EntryState::Expired,
                };
                let index = index.get_or_insert_with(|| self.index.clone());
                index.entries.insert(reference.clone(), expired);
            }
        }
        match index {
            None => Ok(()),
            Some(index) => self.publish(index, board, uptime, effects),
        }
    }

    /// Puts the next index in the place of the one this holder knows, if it is still there.
    fn publish(
        &mut self,
        mut index: Index,
        board: &Board,
        uptime: Duration,
        effects: &mut Vec<Effect>,
    ) -> Result<(), Superseded> {
        let (current, writing) = board.index();
        index.generation = self.index.generation + 1;
        let value = Zeroizing::new(serde_json::to_vec(&index).unwrap_or_default());
        let published =
            current.generation == self.index.generation && board.replace("index", &value, writing);
        // Of two indexes one is not in force, and what only that one names is cleared.
        let (kept, dropped) = match published {
            true => (&index, &self.index),
            false => (&self.index, &index),
        };
        let sets: Set<_> = kept.apart().map(|set| at(set.place)).collect();
        let unnamed = dropped.apart().filter(|set| !sets.contains(&at(set.place)));
        let unnamed = unnamed.map(|set| (uptime + GRACE, set.clone()));
        self.retired.extend(unnamed);
        let kept: Set<_> = kept.places().collect();
        for place in dropped.places().filter(|place| !kept.contains(place)) {
            board.clear(place);
        }
        if !published {
            return Err(Superseded);
        }
        self.index = index;
        effects.push(Effect::Count(Counter::SharedPublications));
        Ok(())
    }

    /// Clears what nobody can have an index of any more.
    fn clear_retired(&mut self, board: &Board, uptime: Duration) {
        let sets: Set<_> = self.index.apart().map(|set| at(set.place)).collect();
        self.retired.retain(|(until, set)| {
            // It may have been named again.
            let named = sets.contains(&at(set.place));
            let over = uptime >= *until;
            if over && !named {
                board.clear_buckets(set.place, set.buckets);
            }
            !over && !named
        });
    }
}

/// A place, whatever is in it.
const fn at(place: Place) -> (u64, u32) {
    (place.holder, place.slot)
}

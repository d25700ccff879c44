//! One member of a namespace: it says what it wants, follows what is published, and watches for all
//! while it has the lease.

use std::rc::Rc;
use std::time::Duration;

use sallyport_pki::ReadBucket;
use zeroize::Zeroizing;

use super::data::{Board, SharedData};
use super::holder::{Counted, Holder, Superseded};
use super::index::{Index, Place};
use super::lease::{LEASE, Lease, RENEWAL, Rank};
use super::registry::{Registered, Registry};
use crate::call_failure::CallFailure;
use crate::config::Vault;
use crate::effect::{Effect, Line};
use crate::event::CallAnswer;
use crate::metric::Counter;
use crate::time::Now;
use crate::watch::CallId;

/// How often the lease is looked at: how long a change takes to reach every worker.
const LOOK: Duration = Duration::from_millis(20);

/// How often a member looks whether its references are still known.
const REGISTRATION: Duration = Duration::from_secs(5);

/// How often a member draws a number when others do so at the same moment.
const ATTEMPTS: usize = 32;

/// A member.
pub(crate) struct Member {
    board: Board,
    rank: Rank,
    vault: Vault,
    references: Vec<String>,
    /// Drawn when it is first needed; unlike those of all others in the process.
    id: Option<u64>,
    registration_due: Duration,
    /// Whether it was said that there is no room.
    full: bool,
    holder: Option<Holder>,
    /// In former terms.
    counted: Counted,
    /// Generation of the index that was taken over last.
    applied: Option<u64>,
}

impl Member {
    pub(crate) fn new(
        data: Rc<dyn SharedData>,
        vault: Vault,
        references: Vec<String>,
        rank: Rank,
    ) -> Self {
        Self {
            board: Board::new(data, &vault),
            rank,
            vault,
            references,
            id: None,
            registration_due: Duration::ZERO,
            full: false,
            holder: None,
            counted: Counted::default(),
            applied: None,
        }
    }

    /// Whether it has taken over an index.
    pub(crate) const fn has_applied(&self) -> bool {
        self.applied.is_some()
    }

    /// Time until it has to be called.
    pub(crate) fn next_look(&self, uptime: Duration) -> Duration {
        let watch = self
            .holder
            .as_ref()
            .map_or(LOOK, |holder| holder.next_look(uptime));
        // Nothing was done yet.
        let first = if self.id.is_none() {
            Duration::ZERO
        } else {
            LOOK
        };
        watch.min(first)
    }

    pub(crate) fn tick(&mut self, now: Now, effects: &mut Vec<Effect>) {
        let uptime = now.uptime;
        if uptime >= self.registration_due && !self.references.is_empty() {
            self.register(uptime, effects);
        }
        let Some(id) = self.id() else {
            return;
        };
        let (lease, writing) = self.board.lease();
        match lease {
            Some(lease) if lease.holder == id => {
                if lease.until < uptime + LEASE.saturating_sub(RENEWAL) {
                    let renewed = self.lease(id, lease.generation, uptime);
                    if !self.board.set_lease(renewed, writing) {
                        return self.step_down(effects);
                    }
                }
                self.watch(lease.generation, uptime, effects);
            }
            Some(lease) if !lease.is_open_to(self.rank, uptime) => self.step_down(effects),
            _ => {
                let generation = lease.map_or(0, |lease| lease.generation);
                let taken = self.lease(id, generation, uptime);
                if self.board.set_lease(taken, writing) {
                    self.take_office(id, lease, effects);
                    self.watch(generation, uptime, effects);
                }
            }
        }
    }

    /// An answer to a call. One to a call of a former term is not taken.
    pub(crate) fn answer(
        &mut self,
        call: CallId,
        answer: &CallAnswer,
        now: Now,
        effects: &mut Vec<Effect>,
    ) {
        let Some(holder) = &mut self.holder else {
            return;
        };
        if !holder.is_open(call) {
            return;
        }
        // Reading a large answer takes its time, in which nobody renews.
        let longer = Duration::from_secs(answer.size_in_mib());
        let (lease, writing) = self.board.lease();
        let own = lease.filter(|lease| Some(lease.holder) == self.id);
        let extended = own.is_some_and(|lease| {
            let lease = Lease {
                until: now.uptime + LEASE + longer,
                ..lease
            };
            self.board.set_lease(lease, writing)
        });
        if !extended {
            return self.step_down(effects);
        }
        let done = holder.answered(answer, &self.board, now.uptime, effects);
        self.go_on(done, now.uptime, effects);
        if let Some(holder) = &mut self.holder {
            holder.ask(&self.vault, now.uptime, effects);
        }
    }

    pub(crate) fn call_failed(
        &mut self,
        call: CallId,
        failure: &CallFailure,
        now: Now,
        effects: &mut Vec<Effect>,
    ) {
        if let Some(holder) = &mut self.holder
            && holder.is_open(call)
        {
            holder.call_failed(failure, now.uptime, effects);
        }
    }

    /// The index, if it is another one than was taken over last.
    pub(crate) fn news(&self) -> Option<Index> {
        let generation = self.board.lease().0?.generation;
        if self.applied == Some(generation) {
            return None;
        }
        let (index, _) = self.board.index();
        (index.generation > 0 && self.applied != Some(index.generation)).then_some(index)
    }

    /// Material that an index names; `None` if there is a newer index.
    pub(crate) fn material(&self, place: Place) -> Option<Zeroizing<Vec<u8>>> {
        self.board.material(place)
    }

    /// Where sets are looked up that were published apart, and by whom.
    pub(crate) fn bucket_reader(&self) -> (&str, ReadBucket) {
        self.board.bucket_reader()
    }

    /// An index was taken over, whole.
    pub(crate) const fn has_taken_over(&mut self, generation: u64) {
        self.applied = Some(generation);
    }

    fn register(&mut self, uptime: Duration, effects: &mut Vec<Effect>) {
        let registered = Registry::register(&self.board, &self.references, uptime);
        let full = registered == Registered::Full;
        if full && !self.full {
            let text = "vault: the filters of this process use too many references, some of this \
                        filter's are not asked for";
            effects.push(Effect::Log(Line::warn(text.to_owned())));
        }
        self.full = full;
        self.registration_due = match registered {
            Registered::Not => uptime,
            Registered::All | Registered::Full => uptime + REGISTRATION,
        };
    }

    /// The number of this member.
    fn id(&mut self) -> Option<u64> {
        for _ in 0..ATTEMPTS {
            if self.id.is_some() {
                break;
            }
            let (value, writing) = self.board.read("members");
            let drawn = value.first_chunk().copied().map_or(0, u64::from_be_bytes) + 1;
            if self.board.replace("members", &drawn.to_be_bytes(), writing) {
                self.id = Some(drawn);
            }
        }
        self.id
    }

    fn lease(&self, holder: u64, generation: u64, uptime: Duration) -> Lease {
        Lease {
            holder,
            rank: self.rank,
            until: uptime + LEASE,
            generation,
        }
    }

    fn take_office(&mut self, id: u64, former: Option<Lease>, effects: &mut Vec<Effect>) {
        // Its last term may have ended without its notice.
        self.end_term();
        let former = former.map(|lease| lease.holder);
        let holder = Holder::adopt(id, former, self.counted, &self.board);
        self.holder = Some(holder);
        effects.push(Effect::Count(Counter::SharedLeaseTaken));
        let from = former.map_or_else(String::new, |former| format!(", after member {former}"));
        let text = format!("vault: member {id} watches for this process{from}");
        effects.push(Effect::Log(Line::info(text)));
    }

    /// Watches; `told` is the generation that the lease tells.
    fn watch(&mut self, told: u64, uptime: Duration, effects: &mut Vec<Effect>) {
        let Some(holder) = &mut self.holder else {
            return;
        };
        let done = holder.tick(&self.board, uptime, effects);
        if done.is_ok() {
            holder.ask(&self.vault, uptime, effects);
        }
        if done.is_err() || holder.generation() != told {
            self.go_on(done, uptime, effects);
        }
    }

    /// Tells of what was published, or takes it in when somebody else was faster.
    fn go_on(&mut self, done: Result<(), Superseded>, uptime: Duration, effects: &mut Vec<Effect>) {
        let (Some(id), Some(_)) = (self.id, &self.holder) else {
            return;
        };
        if done == Err(Superseded) {
            self.end_term();
            // The lease is still its own: it goes on from the other one's index.
            self.holder = Some(Holder::adopt(id, None, self.counted, &self.board));
        }
        let generation = self.holder.as_ref().map_or(0, Holder::generation);
        let (lease, writing) = self.board.lease();
        let told = lease
            .filter(|lease| lease.holder == id)
            .is_some_and(|lease| {
                let lease = Lease {
                    until: lease.until.max(uptime + LEASE),
                    generation,
                    ..lease
                };
                self.board.set_lease(lease, writing)
            });
        if !told {
            self.step_down(effects);
        }
    }

    /// Keeps what a next term goes on from; whether there was a term.
    fn end_term(&mut self) -> bool {
        let holder = self.holder.take();
        if let Some(holder) = &holder {
            self.counted = holder.counted();
        }
        holder.is_some()
    }

    fn step_down(&mut self, effects: &mut Vec<Effect>) {
        if let (true, Some(id)) = (self.end_term(), self.id) {
            effects.push(Effect::Count(Counter::SharedLeaseLost));
            let text = format!("vault: member {id} watches no longer, another one does");
            effects.push(Effect::Log(Line::info(text)));
        }
    }
}

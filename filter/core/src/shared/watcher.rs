//! A service without requests that watches for the filters of its process.

use std::rc::Rc;
use std::time::Duration;

use super::data::SharedData;
use super::lease::Rank;
use super::member::Member;
use crate::call_failure::CallFailure;
use crate::config::Vault;
use crate::effect::Effect;
use crate::event::Event;
use crate::machine::{LONGEST_TICK, SHORTEST_TICK};
use crate::time::Now;

/// The watcher. It wants nothing for itself, but goes before every filter.
pub struct Watcher {
    vault: Vault,
    member: Member,
    period: Duration,
}

impl Watcher {
    /// A watcher that has not started yet.
    pub fn new(vault: Vault, data: Rc<dyn SharedData>) -> Self {
        let member = Member::new(data, vault.clone(), Vec::new(), Rank::Watcher);
        Self {
            vault,
            member,
            period: Duration::ZERO,
        }
    }

    /// Where the Provider is.
    pub const fn vault(&self) -> &Vault {
        &self.vault
    }

    /// Takes an event in and says what is to be done about it, in order. There are no requests here.
    pub fn step(&mut self, event: &Event, now: Now) -> Vec<Effect> {
        let mut effects = Vec::new();
        match event {
            Event::Tick => self.member.tick(now, &mut effects),
            Event::Answer(call, answer) => {
                self.member.answer(*call, answer, now, &mut effects);
            }
            Event::CallFailed(call) => {
                let failure = CallFailure::Unreachable(None);
                self.member.call_failed(*call, &failure, now, &mut effects);
            }
            Event::CallCutOff(call) => {
                let failure = CallFailure::CutOff;
                self.member.call_failed(*call, &failure, now, &mut effects);
            }
            _ => {}
        }
        let period = self.member.next_look(now.uptime);
        let period = period.clamp(SHORTEST_TICK, LONGEST_TICK);
        if period != self.period {
            self.period = period;
            effects.push(Effect::Tick(period));
        }
        effects
    }
}

//! Who failed too often waits, for a growing time.

use std::collections::HashMap;

use sallyport_model::{ActorId, Username};
use sallyport_pki::{Digest, UnixTime};

/// Failures in a row before one has to wait.
const FREE_FAILURES: u32 = 10;

/// Seconds to wait after the first failure too many; each further one doubles it.
const FIRST_WAIT: i64 = 30;

/// Longest wait, in seconds.
const LONGEST_WAIT: i64 = 15 * 60;

/// Seconds without a failure after which all is forgotten.
const MEMORY: i64 = 24 * 60 * 60;

/// Most identities remembered.
const CAPACITY: usize = 10_000;

/// Who somebody claims to be, in its one canonical form.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Identity([u8; 32]);

impl Identity {
    /// A user, in any case; known or not.
    pub(super) fn user(name: &Username) -> Self {
        Self::of("user", &name.key())
    }

    /// A connected app; known or not.
    pub(super) fn connected_app(id: ActorId) -> Self {
        Self::of("connectedApp", &id.to_string())
    }

    fn of(kind: &str, name: &str) -> Self {
        Self(*Digest::of(format!("{kind} {name}").as_bytes()).as_bytes())
    }
}

/// How often identities failed in a row. Forgets the least serious ones when there are too many.
#[derive(Debug, Default)]
pub(super) struct Lockout {
    failures: HashMap<Identity, Failures>,
}

#[derive(Clone, Copy, Debug)]
struct Failures {
    count: u32,
    last: UnixTime,
}

impl Failures {
    fn until(self) -> UnixTime {
        let Some(too_many) = self.count.checked_sub(FREE_FAILURES) else {
            return UnixTime(i64::MIN);
        };
        // Five doublings reach the longest wait.
        let wait = (FIRST_WAIT << too_many.min(5)).min(LONGEST_WAIT);
        UnixTime(self.last.0.saturating_add(wait))
    }

    fn is_forgotten(self, now: UnixTime) -> bool {
        now.0.saturating_sub(self.last.0) >= MEMORY
    }
}

impl Lockout {
    /// Seconds the identity has yet to wait; `None` when it may try.
    pub(super) fn wait(&self, identity: Identity, now: UnixTime) -> Option<u64> {
        let failures = self.failures.get(&identity)?;
        let left = failures.until().0.saturating_sub(now.0);
        u64::try_from(left).ok().filter(|left| *left > 0)
    }

    /// Notes a failure.
    pub(super) fn failed(&mut self, identity: Identity, now: UnixTime) {
        if !self.failures.contains_key(&identity) && self.failures.len() >= CAPACITY {
            self.make_room(now);
        }
        let failures = self.failures.entry(identity).or_insert(Failures {
            count: 0,
            last: now,
        });
        if failures.is_forgotten(now) {
            failures.count = 0;
        }
        failures.count = failures.count.saturating_add(1);
        failures.last = now;
    }

    /// Forgets the failures of an identity that proved itself.
    pub(super) fn succeeded(&mut self, identity: Identity) {
        self.failures.remove(&identity);
    }

    // Fewest failures first, then the oldest: to push somebody's out, one has to fail as often in
    // the name of as many others.
    fn make_room(&mut self, now: UnixTime) {
        self.failures
            .retain(|_, failures| !failures.is_forgotten(now));
        if self.failures.len() < CAPACITY {
            return;
        }
        let least = self
            .failures
            .iter()
            .min_by_key(|(_, failures)| (failures.count, failures.last))
            .map(|(identity, _)| *identity);
        if let Some(least) = least {
            self.failures.remove(&least);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ada() -> Identity {
        Identity::user(&"Ada".parse().unwrap())
    }

    fn number(number: usize) -> Identity {
        Identity::of("user", &number.to_string())
    }

    fn fail(lockout: &mut Lockout, identity: Identity, times: u32, at: i64) {
        for _ in 0..times {
            lockout.failed(identity, UnixTime(at));
        }
    }

    #[test]
    fn ten_failures_are_free_of_waiting_but_the_tenth_locks() {
        let mut lockout = Lockout::default();
        fail(&mut lockout, ada(), FREE_FAILURES - 1, 100);
        assert_eq!(lockout.wait(ada(), UnixTime(100)), None);
        fail(&mut lockout, ada(), 1, 100);
        assert_eq!(lockout.wait(ada(), UnixTime(100)), Some(30));
        assert_eq!(lockout.wait(ada(), UnixTime(129)), Some(1));
        assert_eq!(lockout.wait(ada(), UnixTime(130)), None);
    }

    #[test]
    fn the_wait_doubles_up_to_its_longest() {
        let mut lockout = Lockout::default();
        fail(&mut lockout, ada(), FREE_FAILURES, 0);
        let mut waits = Vec::new();
        for _ in 0..7 {
            waits.extend(lockout.wait(ada(), UnixTime(0)));
            lockout.failed(ada(), UnixTime(0));
        }
        assert_eq!(waits, [30, 60, 120, 240, 480, 900, 900]);
    }

    #[test]
    fn success_and_a_long_time_forget() {
        let mut lockout = Lockout::default();
        fail(&mut lockout, ada(), FREE_FAILURES, 0);
        lockout.succeeded(ada());
        assert_eq!(lockout.wait(ada(), UnixTime(0)), None);
        fail(&mut lockout, ada(), FREE_FAILURES + 9, 0);
        fail(&mut lockout, ada(), 1, MEMORY);
        assert_eq!(lockout.wait(ada(), UnixTime(MEMORY)), None);
    }

    #[test]
    fn a_user_is_one_identity_in_any_case_and_no_connected_app() {
        assert_eq!(ada(), Identity::user(&"aDA".parse().unwrap()));
        let id: ActorId = "11111111-1111-4111-8111-111111111111".parse().unwrap();
        let name: Username = id.to_string().parse().unwrap();
        assert_ne!(Identity::connected_app(id), Identity::user(&name));
    }

    #[test]
    fn many_strangers_do_not_push_out_who_is_locked() {
        let mut lockout = Lockout::default();
        fail(&mut lockout, ada(), FREE_FAILURES, 0);
        for stranger in 0..CAPACITY + 100 {
            lockout.failed(number(stranger), UnixTime(1));
        }
        assert!(lockout.failures.len() <= CAPACITY);
        assert_eq!(lockout.wait(ada(), UnixTime(1)), Some(29));
    }
}

//! Which version of a secret each gateway runs, as it says itself: by the revisions it sends, and the
//! resources it accepts.
//!
//! In memory: a restart forgets it, and gateways say it again with their next call.

use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, PoisonError};

use sallyport_model::{ActorId, SecretId};
use sallyport_pki::UnixTime;

/// Most pairs of gateway and secret that are kept, some 80 bytes each.
const MAX_PAIRS: usize = 200_000;

/// Seconds for which a gateway that says nothing more is remembered when there is no room.
const KEPT: i64 = 24 * 60 * 60;

const BETWEEN_SWEEPS: i64 = 60;

/// What gateways have said.
#[derive(Debug, Default)]
pub struct Rollout {
    said: Mutex<Said>,
}

#[derive(Debug)]
struct Said {
    running: HashMap<SecretId, HashMap<ActorId, Running>>,
    pairs: usize,
    swept: UnixTime,
}

impl Default for Said {
    fn default() -> Self {
        Self {
            running: HashMap::new(),
            pairs: 0,
            swept: UnixTime(0),
        }
    }
}

/// What a gateway runs of a secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Running {
    /// The version.
    pub version: u64,
    /// When it said so first.
    pub since: UnixTime,
    /// When it said so last.
    pub confirmed: UnixTime,
}

impl Rollout {
    /// A gateway says that it runs a version. Beyond the limit those that are new are not kept.
    pub fn acknowledged(&self, gateway: ActorId, secret: SecretId, version: u64, now: UnixTime) {
        let mut said = self.said.lock().unwrap_or_else(PoisonError::into_inner);
        let known = said.running.get_mut(&secret);
        if let Some(running) = known.and_then(|gateways| gateways.get_mut(&gateway)) {
            if running.version != version {
                running.since = now;
            }
            running.version = version;
            running.confirmed = now;
            return;
        }
        if said.pairs >= MAX_PAIRS {
            said.make_room(now);
        }
        if said.pairs >= MAX_PAIRS {
            return;
        }
        said.pairs += 1;
        let running = Running {
            version,
            since: now,
            confirmed: now,
        };
        said.running
            .entry(secret)
            .or_default()
            .insert(gateway, running);
    }

    /// A gateway is there to take a new version of a secret: one that does not is behind from now on.
    pub(super) fn offered(&self, gateway: ActorId, secret: SecretId, now: UnixTime) {
        let mut said = self.said.lock().unwrap_or_else(PoisonError::into_inner);
        let known = said.running.get_mut(&secret);
        if let Some(running) = known.and_then(|gateways| gateways.get_mut(&gateway)) {
            running.confirmed = now;
        }
    }

    /// The secrets that any gateway runs.
    pub(super) fn secrets(&self) -> Vec<SecretId> {
        let said = self.said.lock().unwrap_or_else(PoisonError::into_inner);
        said.running.keys().copied().collect()
    }

    /// How far each gateway that has said something within a day is behind what is in force: the most
    /// versions of any secret, 0 if it runs all as they are.
    pub(super) fn lag(
        &self,
        in_force: &HashMap<SecretId, u64>,
        now: UnixTime,
    ) -> HashMap<ActorId, u64> {
        let said = self.said.lock().unwrap_or_else(PoisonError::into_inner);
        let mut lag = HashMap::new();
        for (secret, gateways) in &said.running {
            let Some(current) = in_force.get(secret) else {
                continue;
            };
            for (gateway, running) in gateways.iter().filter(|(_, running)| running.is_kept(now)) {
                let most: &mut u64 = lag.entry(*gateway).or_default();
                *most = running.version.abs_diff(*current).max(*most);
            }
        }
        lag
    }

    /// How many of these secrets a gateway runs.
    pub fn count(&self, gateway: ActorId, secrets: &HashSet<SecretId>) -> usize {
        let said = self.said.lock().unwrap_or_else(PoisonError::into_inner);
        let running = said.running.iter();
        let running = running.filter(|(_, gateways)| gateways.contains_key(&gateway));
        running
            .filter(|(secret, _)| secrets.contains(secret))
            .count()
    }

    /// What a gateway runs of a secret; `None` if it has not said so since the start.
    pub fn running(&self, gateway: ActorId, secret: SecretId) -> Option<Running> {
        let said = self.said.lock().unwrap_or_else(PoisonError::into_inner);
        said.running.get(&secret)?.get(&gateway).copied()
    }
}

impl Running {
    const fn is_kept(self, now: UnixTime) -> bool {
        now.0 < self.confirmed.0.saturating_add(KEPT)
    }
}

impl Said {
    /// Makes room by forgetting who has not said anything for a day, at most once a minute.
    fn make_room(&mut self, now: UnixTime) {
        if now.0 < self.swept.0.saturating_add(BETWEEN_SWEEPS) {
            return;
        }
        self.swept = now;
        self.running.retain(|_, gateways| {
            gateways.retain(|_, running| running.is_kept(now));
            !gateways.is_empty()
        });
        self.pairs = self.running.values().map(HashMap::len).sum();
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn gateway(number: u128) -> ActorId {
        ActorId::new(Uuid::from_u128(number))
    }

    #[test]
    fn a_version_is_run_since_it_was_first_acknowledged() {
        let (rollout, secret) = (Rollout::default(), SecretId::new(Uuid::from_u128(1)));
        assert_eq!(rollout.running(gateway(1), secret), None);
        for (version, now) in [(3, 10), (3, 20), (4, 30), (4, 40)] {
            rollout.acknowledged(gateway(1), secret, version, UnixTime(now));
        }
        let running = rollout.running(gateway(1), secret).unwrap();
        let (since, confirmed) = (running.since.0, running.confirmed.0);
        assert_eq!((running.version, since, confirmed), (4, 30, 40));
    }

    #[test]
    fn of_some_secrets_those_are_counted_that_a_gateway_runs() {
        let rollout = Rollout::default();
        let [first, second, other] = [1, 2, 3].map(|number| SecretId::new(Uuid::from_u128(number)));
        for (number, secret) in [(1, first), (1, other), (2, first), (2, second)] {
            rollout.acknowledged(gateway(number), secret, 1, UnixTime(10));
        }
        let some = HashSet::from([first, second]);
        let counts = [1, 2, 3].map(|number| rollout.count(gateway(number), &some));
        assert_eq!(counts, [1, 2, 0]);
    }

    #[test]
    fn a_gateway_is_behind_by_the_most_versions_of_any_secret() {
        let rollout = Rollout::default();
        let [first, second, deleted] =
            [1, 2, 3].map(|number| SecretId::new(Uuid::from_u128(number)));
        for (number, secret, version) in
            [(1, first, 4), (1, second, 9), (2, first, 6), (3, first, 8)]
        {
            rollout.acknowledged(gateway(number), secret, version, UnixTime(10));
        }
        rollout.acknowledged(gateway(2), deleted, 1, UnixTime(10));
        rollout.acknowledged(gateway(4), deleted, 1, UnixTime(10));
        let in_force = HashMap::from([(first, 6), (second, 10)]);
        // The third runs what was taken back; the fourth nothing that is in force.
        let expected = [(gateway(1), 2), (gateway(2), 0), (gateway(3), 2)];
        assert_eq!(rollout.lag(&in_force, UnixTime(20)), expected.into());
        // Who has said nothing for a day is not waited for.
        assert_eq!(rollout.lag(&in_force, UnixTime(10 + KEPT)), HashMap::new());
    }

    #[test]
    fn a_gateway_that_is_offered_a_version_after_a_quiet_day_is_behind() {
        let (rollout, secret) = (Rollout::default(), SecretId::new(Uuid::from_u128(1)));
        let in_force = HashMap::from([(secret, 2)]);
        rollout.acknowledged(gateway(1), secret, 1, UnixTime(0));
        let later = UnixTime(10 * KEPT);
        assert_eq!(rollout.lag(&in_force, later), HashMap::new());
        rollout.offered(gateway(1), secret, later);
        rollout.offered(gateway(2), secret, later);
        assert_eq!(rollout.lag(&in_force, later), [(gateway(1), 1)].into());
    }

    #[test]
    fn what_is_kept_is_bounded_and_who_is_silent_makes_room() {
        let rollout = Rollout::default();
        let [first, second] = [1, 2].map(|number| SecretId::new(Uuid::from_u128(number)));
        let all = u128::try_from(MAX_PAIRS).unwrap();
        for number in 0..all {
            rollout.acknowledged(gateway(number), first, 1, UnixTime(100));
        }
        rollout.acknowledged(gateway(0), second, 1, UnixTime(200));
        assert_eq!(rollout.running(gateway(0), second), None);
        // Those that are there go on.
        rollout.acknowledged(gateway(0), first, 2, UnixTime(200));
        assert_eq!(rollout.running(gateway(0), first).unwrap().version, 2);
        rollout.acknowledged(gateway(0), second, 1, UnixTime(100 + KEPT));
        assert!(rollout.running(gateway(0), second).is_some());
        assert!(rollout.running(gateway(0), first).is_some());
        assert_eq!(rollout.running(gateway(1), first), None);
    }
}

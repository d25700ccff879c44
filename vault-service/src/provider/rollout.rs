//! Which version of a secret each gateway runs, as it says itself: by the revisions it sends, and the
//! resources it accepts.
//!
//! In memory: a restart forgets it, and gateways say it again with their next call.

use std::collections::HashMap;
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

    /// What a gateway runs of a secret; `None` if it has not said so since the start.
    pub fn running(&self, gateway: ActorId, secret: SecretId) -> Option<Running> {
        let said = self.said.lock().unwrap_or_else(PoisonError::into_inner);
        said.running.get(&secret)?.get(&gateway).copied()
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
            gateways.retain(|_, running| now.0 < running.confirmed.0.saturating_add(KEPT));
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

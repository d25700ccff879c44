//! When to fetch next. A pure function of what happened, the time and a random number.

use sallyport_model::CrlRefresh;
use sallyport_pki::UnixTime;

/// How often a distributor's lists are fetched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Schedule {
    /// Seconds between two successful fetches.
    period: i64,
}

impl Schedule {
    /// Seconds until a fetch that has failed is tried again, doubled with every failure.
    const RETRY: i64 = 60;

    /// The schedule of a distributor.
    pub fn new(frequency: CrlRefresh) -> Self {
        Self {
            period: i64::from(frequency.minutes()) * 60,
        }
    }

    /// After a fetch: the period; after failures in a row, a minute, then twice as long each time, and at
    /// most the period. `chance`, any number, takes up to a tenth off, so that distributors that were made
    /// together are not fetched together.
    pub fn next(self, now: UnixTime, failures: u32, chance: u32) -> UnixTime {
        let wait = match failures.checked_sub(1) {
            None => self.period,
            Some(doublings) => self.period.min(Self::RETRY << doublings.min(16)),
        };
        let early = i128::from(wait / 10) * i128::from(chance) / i128::from(u32::MAX);
        let early = i64::try_from(early).unwrap_or(0);
        UnixTime(now.0.saturating_add(wait).saturating_sub(early))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const NOW: UnixTime = UnixTime(1_800_000_000);

    fn schedule(minutes: u64) -> Schedule {
        Schedule::new(CrlRefresh::try_from(minutes).unwrap())
    }

    fn wait(minutes: u64, failures: u32, chance: u32) -> i64 {
        schedule(minutes).next(NOW, failures, chance).0 - NOW.0
    }

    #[test]
    fn a_list_is_fetched_at_its_frequency_or_a_tenth_earlier() {
        assert_eq!(wait(60, 0, 0), 3600);
        assert_eq!(wait(60, 0, u32::MAX), 3240);
        assert_eq!(wait(60, 0, u32::MAX / 2), 3421);
    }

    #[test]
    fn failures_are_retried_after_a_minute_and_then_ever_more_rarely() {
        let waits = [1, 2, 3, 4, 5, 6, 7, 20, u32::MAX].map(|failures| wait(60, failures, 0));
        assert_eq!(waits, [60, 120, 240, 480, 960, 1920, 3600, 3600, 3600]);
        assert_eq!(wait(2, 3, 0), 120);
    }

    proptest! {
        #[test]
        fn the_next_fetch_is_ahead_and_within_the_period(
            minutes in 2_u64..=1000, failures: u32, chance: u32,
        ) {
            let wait = wait(minutes, failures, chance);
            prop_assert!(wait >= 54);
            prop_assert!(wait <= i64::try_from(minutes).unwrap() * 60);
        }
    }
}

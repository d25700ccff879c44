//! The watch on the vault: one call at a time, open until something changes.
//!
//! The first call, and every call after a failure, asks without waiting; when all is fresh the
//! calls wait. Failures are followed by a pause that doubles up to a second.

use std::time::Duration;

const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

/// How much later than its own timeout a call is given up by the filter itself.
const GRACE: Duration = Duration::from_secs(1);

/// Names one call; a late answer to another one is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CallId(pub(crate) u64);

/// The state of the watch.
#[derive(Debug)]
pub(crate) struct Watch {
    phase: Phase,
    calls: u64,
    pauses: u32,
    /// Whether the next call asks without waiting, to learn what still holds.
    renew: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Idle {
        until: Duration,
    },
    Open {
        call: CallId,
        since: Duration,
        wait: Duration,
        give_up: Duration,
    },
}

/// What the watch wants at a moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wanted {
    /// A new call.
    Call,
    /// Nothing before this moment.
    Nothing(Duration),
}

/// A call to be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Opened {
    /// Which.
    pub(crate) call: CallId,
    /// How long it may stay open for a change, in seconds.
    pub(crate) wait: u32,
    /// When the host gives up on it.
    pub(crate) timeout: Duration,
}

impl Watch {
    /// A watch that wants its first call at once.
    pub(crate) const fn new() -> Self {
        Self::after(0)
    }

    /// The same after so many calls of an earlier one, whose answers may still come.
    pub(crate) const fn after(calls: u64) -> Self {
        Self {
            phase: Phase::Idle {
                until: Duration::ZERO,
            },
            calls,
            pauses: 0,
            renew: true,
        }
    }

    /// What is to be done at `uptime`.
    pub(crate) fn wanted(&self, uptime: Duration) -> Wanted {
        match self.phase {
            Phase::Idle { until } if uptime >= until => Wanted::Call,
            Phase::Idle { until } => Wanted::Nothing(until),
            Phase::Open { give_up, .. } => Wanted::Nothing(give_up),
        }
    }

    /// Makes a call that waits for `wait` at most, and no longer than everything is fresh; `timeout`
    /// is for the answer itself.
    pub(crate) fn open(
        &mut self,
        uptime: Duration,
        wait: Duration,
        fresh_for: Duration,
        timeout: Duration,
    ) -> Opened {
        // The answer should be there a second before anything is stale.
        let fresh_for = match fresh_for.as_secs() {
            seconds @ 0..=1 => seconds,
            seconds => seconds - 1,
        };
        let wait = match self.renew {
            true => 0,
            false => u32::try_from(wait.as_secs().min(fresh_for)).unwrap_or(0),
        };
        self.calls += 1;
        let call = CallId(self.calls);
        let open_for = Duration::from_secs(wait.into());
        let timeout = open_for + timeout;
        self.phase = Phase::Open {
            call,
            since: uptime,
            wait: open_for,
            give_up: uptime + timeout + GRACE,
        };
        Opened {
            call,
            wait,
            timeout,
        }
    }

    /// How many calls there were.
    pub(crate) const fn calls(&self) -> u64 {
        self.calls
    }

    /// Gives up the open call, if there is one, for one that asks more.
    pub(crate) const fn restart(&mut self, uptime: Duration) {
        if let Phase::Open { .. } = self.phase {
            self.phase = Phase::Idle { until: uptime };
        }
    }

    /// Whether `call` is the open one.
    pub(crate) fn is_open(&self, call: CallId) -> bool {
        matches!(self.phase, Phase::Open { call: open, .. } if open == call)
    }

    /// Whether the open call is overdue: the host lost it.
    pub(crate) fn is_lost(&self, uptime: Duration) -> bool {
        matches!(self.phase, Phase::Open { give_up, .. } if uptime >= give_up)
    }

    /// The open call was answered. Without news it should have stayed open, and left all fresh;
    /// otherwise the next one comes after a pause, lest the vault be asked in a tight loop.
    pub(crate) fn answered(&mut self, uptime: Duration, news: bool, fresh: bool) {
        let early = match self.phase {
            Phase::Open { since, wait, .. } => uptime.saturating_sub(since) < wait / 2,
            Phase::Idle { .. } => false,
        };
        self.renew = false;
        if news || (fresh && !early) {
            self.pauses = 0;
            self.phase = Phase::Idle { until: uptime };
        } else {
            self.pause(uptime);
        }
    }

    /// The open call failed.
    pub(crate) fn failed(&mut self, uptime: Duration) {
        self.renew = true;
        self.pause(uptime);
    }

    fn pause(&mut self, uptime: Duration) {
        let pause = FIRST_PAUSE
            .saturating_mul(1 << self.pauses.min(4))
            .min(LONGEST_PAUSE);
        self.pauses = self.pauses.saturating_add(1);
        self.phase = Phase::Idle {
            until: uptime + pause,
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TIMEOUT: Duration = Duration::from_secs(2);
    const WAIT: Duration = Duration::from_secs(25);

    fn at(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    fn open(watch: &mut Watch, uptime: Duration) -> Opened {
        watch.open(uptime, WAIT, Duration::MAX, TIMEOUT)
    }

    fn pause(watch: &Watch) -> u128 {
        match watch.wanted(at(0)) {
            Wanted::Nothing(until) => until.as_millis(),
            Wanted::Call => 0,
        }
    }

    #[test]
    fn the_first_call_is_wanted_at_once_and_does_not_wait() {
        let mut watch = Watch::new();
        assert_eq!(watch.wanted(Duration::ZERO), Wanted::Call);
        let opened = open(&mut watch, at(0));
        assert_eq!((opened.wait, opened.timeout), (0, TIMEOUT));
    }

    #[test]
    fn only_one_call_is_open_at_a_time() {
        let mut watch = Watch::new();
        let opened = open(&mut watch, at(0));
        assert!(watch.is_open(opened.call));
        assert_eq!(watch.wanted(at(2999)), Wanted::Nothing(at(3000)));
        assert!(!watch.is_lost(at(2999)) && watch.is_lost(at(3000)));
    }

    #[test]
    fn after_news_the_next_call_comes_at_once_and_waits_while_all_is_fresh() {
        for (fresh_for, wait) in [
            (Duration::MAX, 25),
            (at(10_900), 9),
            (at(1000), 1),
            (at(999), 0),
        ] {
            let mut watch = Watch::new();
            open(&mut watch, at(0));
            watch.answered(at(5), true, true);
            assert_eq!(watch.wanted(at(5)), Wanted::Call);
            let opened = watch.open(at(5), WAIT, fresh_for, TIMEOUT);
            assert_eq!(opened.wait, wait);
            assert_eq!(opened.timeout, TIMEOUT + Duration::from_secs(wait.into()));
        }
    }

    #[test]
    fn pauses_after_failures_double_up_to_a_second_and_end_with_an_answer() {
        let mut watch = Watch::new();
        let mut pauses = Vec::new();
        for _ in 0..7 {
            open(&mut watch, at(0));
            watch.failed(at(0));
            pauses.push(pause(&watch));
        }
        assert_eq!(pauses, [100, 200, 400, 800, 1000, 1000, 1000]);
        assert_eq!(open(&mut watch, at(0)).wait, 0);
        watch.answered(at(0), false, true);
        assert_eq!(open(&mut watch, at(0)).wait, 25);
    }

    #[test]
    fn a_vault_that_does_not_hold_the_call_is_not_asked_in_a_tight_loop() {
        let mut watch = Watch::new();
        open(&mut watch, at(0));
        watch.answered(at(0), true, true);
        for expected in [100, 200, 400, 800, 1000] {
            assert_eq!(open(&mut watch, at(0)).wait, 25);
            watch.answered(at(0), false, true);
            assert_eq!(pause(&watch), expected);
        }
        open(&mut watch, at(0));
        watch.answered(at(25_000), false, true);
        assert_eq!(watch.wanted(at(25_000)), Wanted::Call);
    }

    #[test]
    fn material_that_is_never_fresh_is_polled_with_pauses() {
        let mut watch = Watch::new();
        for expected in [100, 200, 400] {
            assert_eq!(watch.open(at(0), WAIT, at(0), TIMEOUT).wait, 0);
            watch.answered(at(0), false, false);
            assert_eq!(pause(&watch), expected);
        }
    }

    #[test]
    fn an_answer_to_an_older_call_is_recognised() {
        let mut watch = Watch::new();
        let late = open(&mut watch, at(0)).call;
        watch.failed(at(3000));
        assert!(!watch.is_open(late));
        let current = open(&mut watch, at(3100)).call;
        assert!(watch.is_open(current) && !watch.is_open(late));
    }
}

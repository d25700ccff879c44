//! What the soak showed.

use serde::Serialize;

/// Memory is compared from here on, in rounds: buffers and caches have their size by then.
const WARM: usize = 60;

#[derive(Default, Serialize)]
pub(super) struct Report {
    pub(super) seconds: u64,
    /// Rotations that were tried, and the load beside them: a second each, or until the new value was seen.
    pub(super) rounds: u64,
    pub(super) requests: usize,
    /// Requests of a client that may come in without a good answer, while no filter died.
    pub(super) refused: usize,
    /// The same in the seconds after a filter died on purpose.
    pub(super) cut: usize,
    /// The longest time from a death to a request that it cut, in milliseconds.
    pub(super) slowest_recovery: f64,
    /// Requests slower than five seconds.
    pub(super) hung: usize,
    /// The same, but a filter died while they waited in it: Envoy's time-out for idle streams ended them.
    pub(super) stranded: usize,
    pub(super) slowest_request: f64,
    /// Requests of a client that may not come in, how many of them passed, and how many had no answer.
    pub(super) strangers: u64,
    pub(super) strangers_passed: u64,
    pub(super) strangers_unanswered: u64,
    /// Filters that were told to die, and those of them whose request passed all the same.
    pub(super) deaths: usize,
    pub(super) trapped_passed: u64,
    /// VMs that Envoy says it built again.
    pub(super) reloads: u64,
    /// Times that the filter got another configuration, and how often Envoy says so.
    pub(super) configurations: u64,
    pub(super) reconfigured: u64,
    pub(super) rotations: u64,
    /// The longest time from the Manager's answer to the first request with the new value, in milliseconds.
    pub(super) slowest_rotation: f64,
    /// The same in the seconds after a death, which may be that of the one who watches.
    pub(super) slowest_rotation_after_death: f64,
    pub(super) vault_kills: u64,
    /// Resident memory of Envoy, in KiB, once per round.
    pub(super) memory: Vec<u64>,
}

impl Report {
    pub(super) fn print(&self) {
        println!(
            "\n{} s, {} rounds, {} requests",
            self.seconds, self.rounds, self.requests
        );
        println!(
            "good client: {} refused, {} hung, slowest {:.1} ms",
            self.refused, self.hung, self.slowest_request
        );
        println!(
            "{} filters died on purpose, {} VMs were built again; {} of their requests passed; {} requests \
             were cut, the last {:.1} ms after a death; {} stranded",
            self.deaths,
            self.reloads,
            self.trapped_passed,
            self.cut,
            self.slowest_recovery,
            self.stranded
        );
        println!(
            "{} other configurations, of which Envoy took {}",
            self.configurations, self.reconfigured
        );
        println!(
            "unpinned client: {} of {} passed, {} had no answer",
            self.strangers_passed, self.strangers, self.strangers_unanswered
        );
        println!(
            "{} rotations, slowest {:.1} ms, after a death {:.1} ms; the vault was killed {} times",
            self.rotations,
            self.slowest_rotation,
            self.slowest_rotation_after_death,
            self.vault_kills
        );
        let [start, middle, end] = self.memory();
        println!(
            "memory after the first minute: {start:.0} KiB, in the middle: {middle:.0} KiB, at the end: {end:.0} KiB \
             ({:+.1} %)",
            (end / start - 1.0) * 100.0
        );
    }

    /// Means of the first, the middle and the last tenth: single samples jump.
    fn memory(&self) -> [f64; 3] {
        let steady = self.memory.get(WARM..).unwrap_or(&self.memory);
        let tenth = (steady.len() / 10).max(1);
        let last = steady.len().saturating_sub(tenth);
        [0, last / 2, last].map(|from| {
            let part = steady.get(from..from + tenth).unwrap_or_default();
            part.iter().sum::<u64>() as f64 / part.len().max(1) as f64
        })
    }
}

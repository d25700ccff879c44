//! The age of what is held.

use std::time::Duration;

use sallyport_model::Freshness;
use serde::{Deserialize, Serialize};

/// When the vault last said that something is current, and how long that holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Confirmation {
    pub(crate) freshness: Freshness,
    /// On the process's monotonic clock.
    pub(crate) at: Duration,
}

impl Confirmation {
    /// Time until it should be asked for again.
    pub(crate) fn fresh_for(self, uptime: Duration) -> Duration {
        (self.at + Duration::from_secs(self.freshness.ttl.into())).saturating_sub(uptime)
    }

    /// Whether it may not be used any more.
    pub(crate) fn is_past(self, uptime: Duration) -> bool {
        let usable = u64::from(self.freshness.ttl) + u64::from(self.freshness.stale_for);
        uptime >= self.at + Duration::from_secs(usable)
    }
}

//! Time, always an argument: this crate has no clock.

use std::time::Duration;

use sallyport_pki::UnixTime;

/// One reading of both clocks of the host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Now {
    /// Wall clock: what certificates are judged by.
    pub wall: UnixTime,
    /// Time since some fixed moment, never going back: what waiting and freshness are judged by,
    /// so that a corrected wall clock neither prolongs nor ends them.
    pub uptime: Duration,
}

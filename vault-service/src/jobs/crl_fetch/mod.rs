//! Fetches the lists of CRL distributors, each at its frequency.
//!
//! Data path: due ([`schedule`]) -> claimed in the store ([`turn`]) -> downloaded ([`download`]: bounded, from
//! public addresses only) -> the path of a list that is published by hand -> noted ([`progress`]).
//! What is refused spoils nothing: the last good list stays in force, and the note says why.

mod addresses;
mod download;
mod failure;
mod fetch;
mod gauge;
mod job;
mod location;
mod progress;
mod resolver;
mod schedule;
mod turn;

pub use addresses::AddressRules;
pub use download::{DownloadLimits, Downloader};
pub use failure::FetchFailure;
pub use gauge::CrlGauge;
pub use job::{CrlFetching, FetchRules, FetchedNow, JOB};
pub use progress::{Attempted, CrlProgress, LastFailure, UnderWay};
pub use resolver::{Resolver, SystemResolver};
pub use schedule::Schedule;

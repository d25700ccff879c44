//! The brain of the filter: events in, effects out. No host, no clock, no sockets.
//!
//! [`step`] takes an [`Event`] and the time and returns [`Effect`]s; the shell around it only
//! translates. A verdict is a pure function ([`decide::decide`]) of what the vault said
//! ([`Snapshot`]), what Envoy shows of the connection ([`Facts`]) and the time, so enforcing,
//! observing and replaying a recorded incident are the same code.

#![forbid(unsafe_code)]

mod attribute;
mod call_failure;
mod choice;
pub mod config;
pub mod decide;
mod direction;
mod duration;
mod effect;
mod event;
mod facts;
mod head;
mod header_name;
mod inject;
mod json;
mod known_peers;
mod machine;
mod material;
mod metric;
mod mode;
mod ordered;
pub mod policy;
mod reason;
#[cfg(any(test, feature = "recording"))]
mod recording;
mod shared;
pub mod signatures;
mod snapshot;
mod streams;
mod time;
mod usable;
mod verdict_cache;
mod watch;
mod word;
mod xfcc;

#[cfg(test)]
#[cfg(not(target_arch = "wasm32"))]
mod fixtures;

pub use attribute::{Attribute, CLIENT_NAMES};
pub use config::{Config, ConfigError};
pub use direction::Direction;
pub use duration::{DurationError, Written};
pub use effect::{Call, Effect, Level, Line, Message, Reply, Rewrite};
pub use event::{CallAnswer, Event, Reading, Speaker, StreamId};
pub use facts::{DownstreamFacts, Facts, UpstreamFacts};
pub use head::Head;
pub use header_name::{HeaderName, HeaderNameError};
pub use known_peers::PeerId;
pub use machine::{MAX_CONNECTIONS, MAX_WAITING, State, step};
pub use material::{MaterialError, Prepared, TlsContext, Verification};
pub use metric::{BUCKET_READS, Counter, Gauge};
pub use mode::Mode;
pub use reason::{Reason, Unavailable};
#[cfg(any(test, feature = "recording"))]
pub use recording::Recorder;
pub use shared::{SharedData, Watcher, Writing};
pub use signatures::Signatures;
pub use snapshot::{Availability, Snapshot, Unusable};
pub use streams::Streams;
pub use time::Now;
pub use watch::CallId;
pub use xfcc::forwarded as forwarded_client_certificate;

pub use sallyport_pki::{ReadBucket, UnixTime};

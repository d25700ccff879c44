//! SDS: the gateway's own TLS stack takes certificates, trust, pins, revocation lists and values from
//! the vault, and Envoy decides by them in the handshake.
//!
//! Data path: credential -> [`Conversation`] -> names ([`name`]) -> [`look`] (grants, versions; shared
//! by all streams) -> [`protocol`] (what is due) -> [`secret`] (open, write for Envoy) -> audit entry
//! -> response. Whatever Envoy could not be told in full is not served at all; who has rules of before
//! gets such that nobody passes.

mod conversation;
mod look;
mod name;
mod outstanding;
mod protocol;
mod secret;
mod validation;
pub mod wire;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use sallyport_model::ActorId;
use tokio::sync::watch;

use self::look::Memo;
use self::name::Part;
use self::wire::Secret;
use super::Provider;
use crate::crowd::Crowd;

pub use self::conversation::{Conversation, Ended};
pub use self::name::{ResourceName, ResourceNameError};
pub use self::protocol::{
    Breach, Delta, Found, Heard, MAX_NAMES, Protocol, StateOfTheWorld, Verdict,
};

/// Largest request, in bytes.
pub const MAX_REQUEST: usize = 640 * 1024;

/// Most streams of one gateway: Envoy opens one for each name.
pub const MAX_STREAMS: usize = 1_000;

/// Short names that stand for resources, as those of SPIRE: `default`, `ROOTCA`, `ALL`.
pub type Aliases = BTreeMap<String, ResourceName>;

/// The SDS server.
pub struct Sds {
    provider: Arc<Provider>,
    aliases: Aliases,
    memo: Memo,
    streams: Crowd<ActorId>,
    rejected: AtomicU64,
    closing: watch::Sender<bool>,
}

impl Sds {
    /// A server over a provider.
    pub fn new(provider: Arc<Provider>, aliases: Aliases) -> Self {
        Self {
            provider,
            aliases,
            memo: Memo::default(),
            streams: Crowd::default(),
            rejected: AtomicU64::new(0),
            closing: watch::channel(false).0,
        }
    }

    /// Ends every stream, and those that are opened later.
    pub fn close(&self) {
        self.closing.send_replace(true);
    }

    /// The resource that a text names, whatever may be there.
    fn name(&self, text: &str) -> Result<ResourceName, ResourceNameError> {
        match self.aliases.get(text) {
            Some(name) => Ok(name.clone()),
            None => text.parse(),
        }
    }

    fn is_name(&self, text: &str) -> bool {
        self.name(text).is_ok()
    }

    /// Whether a text names rules by which peers are verified.
    fn is_of_validation(&self, text: &str) -> bool {
        self.name(text)
            .is_ok_and(|name| matches!(name.part, Part::Validation(_)))
    }

    /// The rules that nobody passes, for who has others of a name that stands for none any more: Envoy keeps the last
    /// that it was sent.
    fn nobody(&self) -> Secret {
        Secret {
            validation_context: Some(validation::nobody(self.provider.ca.certificate())),
            ..Secret::default()
        }
    }

    /// How many responses gateways have rejected since the start.
    pub fn rejected(&self) -> u64 {
        self.rejected.load(std::sync::atomic::Ordering::Relaxed)
    }
}

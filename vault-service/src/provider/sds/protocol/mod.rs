//! The rules of xDS, without a socket or a clock: requests in, what is wanted out; what there is in,
//! responses out.
//!
//! A stream settles a name when it has told the client what there is of it: the material, or that
//! there is none. It speaks of it again when its revision changes, never because the client did not
//! like what it got.

mod delta;
#[cfg(test)]
mod properties;
mod sotw;

use std::collections::{BTreeMap, BTreeSet};

use prost::bytes::Bytes;
use sallyport_model::Revision;
use thiserror::Error;

pub use delta::Delta;
pub use sotw::StateOfTheWorld;

use super::wire::{AnySecret, Rejection, SECRET_TYPE};

/// Most names of one stream. Envoy has one stream for each name.
pub const MAX_NAMES: usize = 256;

/// Longest name, in bytes: more than the longest reference.
const MAX_NAME_LENGTH: usize = 2048;

/// Longest text of a client that is repeated, in characters.
const MAX_REJECTION: usize = 256;

/// One of the two ways in which a stream speaks.
pub trait Protocol: Default + Send + 'static {
    /// What a client says.
    type Request: prost::Message + Default + 'static;
    /// What it is told.
    type Response: prost::Message + Default + 'static;

    /// Takes a request in.
    ///
    /// # Errors
    /// The stream cannot go on.
    fn hear(&mut self, request: Self::Request) -> Result<Heard, Breach>;

    /// What the client wants.
    fn names(&self) -> &BTreeSet<String>;

    /// The names that the client has to be told about, given what there is of every name now.
    fn due(&self, now: &BTreeMap<String, Revision>) -> BTreeSet<String>;

    /// What to tell it of those, if anything.
    fn tell(&mut self, found: BTreeMap<String, Found>) -> Option<Self::Response>;

    /// Whether the client has something of a name, from this stream or from one before.
    fn has(&self, name: &str) -> bool;

    /// Names of which the client has said that it has them already, since this was asked last.
    fn kept(&mut self) -> BTreeSet<String> {
        BTreeSet::new()
    }

    /// The nonce of a response.
    fn nonce(response: &Self::Response) -> &str;

    /// The nonce of the response that a request answers, and how.
    fn answer(request: &Self::Request) -> Option<(&str, Verdict)>;
}

/// What a client says of a response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It uses what it brought.
    Accepted,
    /// It stays with what it has.
    Rejected,
}

/// What there is of a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// Changes whenever what there is of it changes.
    pub revision: Revision,
    /// The encoded secret; `None` if the client gets none.
    pub secret: Option<Bytes>,
}

/// What came of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Heard {
    /// A subscription.
    Fine,
    /// The client has accepted the last response, maybe not for the first time.
    Accepted,
    /// About a response that is not the last one: not looked at.
    Stale,
    /// The client does not accept the last response.
    Rejected {
        /// Its reason, shortened, without control characters.
        reason: String,
    },
}

/// What ends a stream.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Breach {
    /// Another kind of resource.
    #[error("there are no resources but secrets here")]
    Type,
    /// Too many names.
    #[error("a stream has at most {MAX_NAMES} names")]
    Names,
    /// A name that cannot be one.
    #[error("the name of a resource has at most {MAX_NAME_LENGTH} bytes")]
    NameLength,
}

fn check_type(type_url: &str) -> Result<(), Breach> {
    match type_url {
        "" | SECRET_TYPE => Ok(()),
        _ => Err(Breach::Type),
    }
}

fn check_names<'a>(names: impl IntoIterator<Item = &'a String>) -> Result<(), Breach> {
    match names.into_iter().all(|name| name.len() <= MAX_NAME_LENGTH) {
        true => Ok(()),
        false => Err(Breach::NameLength),
    }
}

/// What a request says about the last response, which its nonce names, if any.
fn opinion(nonce: &str, rejection: Option<&Rejection>) -> Heard {
    let Some(rejection) = rejection else {
        return match nonce {
            "" => Heard::Fine,
            _ => Heard::Accepted,
        };
    };
    let reason = rejection.message.chars().take(MAX_REJECTION);
    let reason = reason.map(|character| match character.is_control() {
        true => ' ',
        false => character,
    });
    Heard::Rejected {
        reason: reason.collect(),
    }
}

/// The response that is answered, if one is: the first request of a stream is about none.
fn answer<'a>(nonce: &'a str, rejection: Option<&Rejection>) -> Option<(&'a str, Verdict)> {
    let verdict = match rejection {
        None => Verdict::Accepted,
        Some(_) => Verdict::Rejected,
    };
    (!nonce.is_empty()).then_some((nonce, verdict))
}

fn any(secret: Bytes) -> AnySecret {
    AnySecret {
        type_url: SECRET_TYPE.to_owned(),
        value: secret,
    }
}

/// Nonces of one stream: numbers from 1.
#[derive(Default)]
struct Nonces(u64);

impl Nonces {
    fn next(&mut self) -> String {
        self.0 = self.0.saturating_add(1);
        self.0.to_string()
    }

    /// Whether it is about the last response, or about none.
    fn is_current(&self, nonce: &str) -> bool {
        nonce.is_empty() || (self.0 > 0 && nonce == self.0.to_string())
    }
}

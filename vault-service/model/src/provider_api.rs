//! The wire format of the internal door: `POST /provider/v1/resolve`.
//!
//! One call names every reference a gateway uses and what it already knows about each; the answer
//! has one entry per reference, in the same order. With `wait` the call stays open until at least
//! one entry differs from what the gateway knows.

use serde::{Deserialize, Serialize};

use crate::id::Scope;
use crate::material::Material;

/// Path of the call.
pub const RESOLVE_PATH: &str = "/provider/v1/resolve";

/// Header on every answer of the Provider. Without it an answer is not the vault's: Envoy answers
/// 503 and 504 itself when the vault is away.
pub const MARKER_HEADER: &str = "x-sallyport-provider";

/// Value of [`MARKER_HEADER`]: the version of this wire format.
pub const MARKER_VALUE: &str = "1";

/// Most references in one call: those of all filters of a gateway.
pub const MAX_REFERENCES: usize = 1024;

/// Longest wait, in seconds.
pub const MAX_WAIT_SECONDS: u32 = 60;

/// What a gateway asks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ResolveRequest {
    /// Organization and environment of short references.
    pub scope: Scope,
    /// The references, at most [`MAX_REFERENCES`].
    pub references: Vec<Known>,
    /// Seconds to wait for a change, at most [`MAX_WAIT_SECONDS`]; 0 answers at once.
    #[serde(default)]
    pub wait: u32,
}

/// A reference and what the gateway knows about it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Known {
    /// The reference, as text: one that does not parse is refused by itself, not with the call.
    pub reference: String,
    /// The revision of the last answer, absent if there was none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revision: Option<Revision>,
}

/// An opaque token that changes whenever the answer to a reference changes, refusals included.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Revision(pub String);

/// What the Provider answers.
#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ResolveResponse<S> {
    /// One answer per reference, in the order of the request.
    pub answers: Vec<Answer<S>>,
}

/// The answer to one reference.
#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Answer<S> {
    /// The reference as asked.
    pub reference: String,
    /// What to send as `revision` next time.
    pub revision: Revision,
    /// What came out.
    pub outcome: Outcome<S>,
}

/// What came out for one reference.
#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum Outcome<S> {
    /// New or changed material.
    Current {
        /// Version of the referenced secret; counts from 1.
        version: u64,
        /// What else it was made of, such as the truststore of a TLS context: references with the versions
        /// that were in force, and for revocation lists `:` and their edition. For people.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        parts: Vec<String>,
        /// How long it may be used.
        freshness: Freshness,
        /// The material.
        material: Material<S>,
    },
    /// The gateway's revision is still the right one.
    Unchanged {
        /// How long it may be used from now on.
        freshness: Freshness,
    },
    /// A tombstone: the secret was deleted. Drop it at once.
    Withdrawn {},
    /// The gateway does not get it. Drop what is held of it at once.
    Refused {
        /// Why, stable.
        reason: Refusal,
        /// For people: names the place.
        detail: String,
    },
}

/// How long material may be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Freshness {
    /// Seconds until it should be asked for again.
    pub ttl: u32,
    /// Seconds after `ttl` during which it may still be used when the vault does not answer.
    pub stale_for: u32,
}

/// Why a reference is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Refusal {
    /// The text is not a reference.
    MalformedReference,
    /// The gateway holds no read grant that reaches this; says nothing about what is there.
    NotGranted,
    /// The group is granted, but has no such secret, field or version.
    NotFound,
    /// This kind is not served here: private keys never go to a filter.
    NotServed,
    /// The stored secret cannot be opened or prepared. The vault's log says more.
    Unavailable,
    /// A reason of a newer vault.
    #[serde(other)]
    Unknown,
}

impl Refusal {
    /// The word on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::MalformedReference => "malformed_reference",
            Self::NotGranted => "not_granted",
            Self::NotFound => "not_found",
            Self::NotServed => "not_served",
            Self::Unavailable => "unavailable",
            Self::Unknown => "unknown",
        }
    }
}

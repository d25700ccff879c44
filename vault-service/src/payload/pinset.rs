//! Pins.

use sallyport_model::{Der, PinMaterial};
use serde::{Deserialize, Serialize};

/// A certificate pinset, by digest of the public keys and of the certificates.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PinsetPayload {
    /// SHA-256 of SubjectPublicKeyInfo (32 bytes each), sorted, as in RFC 7469 section 2.4: active
    /// pins without dates.
    pub spki_sha256: Vec<Der>,
    /// SHA-256 of the uploaded certificates (32 bytes each), in the order given. They are no pins.
    /// Pinsets of the first release have none.
    #[serde(default)]
    pub certificate_sha256: Vec<Der>,
    /// All other pins. Pinsets of the first release have none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub pins: Vec<PinMaterial>,
}

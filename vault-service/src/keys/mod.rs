//! Root key -> group key -> data key.
//!
//! [`seal`] is all the Manager has: public keys. It draws a fresh AES-256-GCM data key for each
//! version of each secret, seals the payload with it, seals the data key to the group's public key
//! with HPKE (RFC 9180) and forgets it. [`open`] is for the Provider: the root private key opens a
//! group's private key, which opens data keys. What is sealed for one place opens in no other: the
//! place is associated data ([`binding`]).

pub mod audit;
pub mod binding;
mod envelope;
pub mod open;
pub mod seal;

use hpke::aead::AesGcm256;
use hpke::kdf::HkdfSha256;
use hpke::kem::X25519HkdfSha256;
use thiserror::Error;

/// DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, AES-256-GCM: RFC 9180 suite 0x0020/0x0001/0x0002.
type Kem = X25519HkdfSha256;
type Kdf = HkdfSha256;
type HpkeAead = AesGcm256;

/// What a sealed thing is for; the `info` of HPKE, so that one purpose never opens as another.
const DATA_KEY: &[u8] = b"sallyport/1/data-key";
const GROUP_KEY: &[u8] = b"sallyport/1/group-key";
const GATEWAY_CA_KEY: &[u8] = b"sallyport/1/gateway-ca-key";
const AUDIT_KEYS: &[u8] = b"sallyport/1/audit-keys";

/// Why something could not be sealed or opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum KeyError {
    /// The bytes are not a public key of the suite.
    #[error("not an X25519 public key")]
    PublicKey,
    /// The bytes are not a private key of the suite.
    #[error("not an X25519 private key")]
    PrivateKey,
    /// The bytes are not the keys of an audit log.
    #[error("not the keys of an audit log")]
    AuditKeys,
    /// The envelope is shorter than its header.
    #[error("the envelope is truncated")]
    Truncated,
    /// An envelope of a newer format.
    #[error("unknown envelope format {0}")]
    Format(u8),
    /// An envelope sealed with an algorithm this program does not know.
    #[error("unknown envelope algorithm {0}")]
    Algorithm(u8),
    /// Sealing failed.
    #[error("cannot seal")]
    Seal,
    /// The key does not fit, the place is another one, or the bytes were changed.
    #[error("does not open: wrong key, wrong place or changed bytes")]
    Open,
    /// The operating system gave no randomness.
    #[error("no randomness from the operating system")]
    Randomness,
}

//! The public half of the key that signs checkpoints.

use ed25519_dalek::pkcs8::{
    DecodePublicKey as _, EncodePublicKey as _, spki::der::pem::LineEnding,
};
use ed25519_dalek::{Signature, VerifyingKey};
use sallyport_pki::Digest;

/// What a signature is for, so that one made for anything else never passes.
const PURPOSE: &[u8] = b"sallyport/1/audit-checkpoint\0";

/// An Ed25519 signature (RFC 8032), 64 bytes.
pub type AuditSignature = [u8; 64];

/// An Ed25519 public key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditPublicKey(VerifyingKey);

/// Not a public key for an audit log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an Ed25519 public key in PEM (BEGIN PUBLIC KEY)")]
pub struct AuditPublicKeyError;

impl AuditPublicKey {
    /// Reads `-----BEGIN PUBLIC KEY-----` (RFC 8410).
    pub fn from_pem(pem: &str) -> Result<Self, AuditPublicKeyError> {
        VerifyingKey::from_public_key_pem(pem.trim())
            .map(Self)
            .map_err(|_| AuditPublicKeyError)
    }

    /// Reads the 32 bytes of the key.
    pub fn from_bytes(bytes: &[u8; 32]) -> Result<Self, AuditPublicKeyError> {
        VerifyingKey::from_bytes(bytes)
            .map(Self)
            .map_err(|_| AuditPublicKeyError)
    }

    /// Writes what [`Self::from_pem`] reads.
    pub fn to_pem(&self) -> Result<String, AuditPublicKeyError> {
        self.0
            .to_public_key_pem(LineEnding::LF)
            .map_err(|_| AuditPublicKeyError)
    }

    /// The digest of the key, which its checkpoints name.
    pub fn id(&self) -> Digest {
        Digest::of(self.0.as_bytes())
    }

    /// Whether the signature vouches for an entry of this hash.
    pub fn vouches(&self, hash: &Digest, signature: &AuditSignature) -> bool {
        let signature = Signature::from_bytes(signature);
        self.0
            .verify_strict(&signed_message(hash), &signature)
            .is_ok()
    }
}

/// What is signed for an entry of this hash.
pub fn signed_message(hash: &Digest) -> Vec<u8> {
    [PURPOSE, hash.as_bytes()].concat()
}

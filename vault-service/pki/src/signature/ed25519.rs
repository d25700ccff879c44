//! Ed25519 (RFC 8032).

use ed25519_dalek::{Signature, VerifyingKey};
use rustls_pki_types::InvalidSignature;

/// Strict verification: small order keys and points are refused, so that a signature belongs to one
/// key and one message.
pub(super) fn strict(
    public_key: &[u8],
    message: &[u8],
    signature: &[u8],
) -> Result<(), InvalidSignature> {
    let public_key = public_key.try_into().map_err(|_| InvalidSignature)?;
    let key = VerifyingKey::from_bytes(public_key).map_err(|_| InvalidSignature)?;
    let signature = Signature::from_slice(signature).map_err(|_| InvalidSignature)?;
    key.verify_strict(message, &signature)
        .map_err(|_| InvalidSignature)
}

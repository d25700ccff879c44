//! RSA signatures (RFC 8017 section 8).

use ::rsa::pkcs1::RsaPublicKeyRef;
use ::rsa::pkcs1::der::Decode as _;
use ::rsa::pkcs1::der::oid::AssociatedOid;
use ::rsa::{BoxedUint, PublicKey};
use rustls_pki_types::InvalidSignature;
use sha2::Digest;
use sha2::digest::FixedOutputReset;

use crate::public_key::{RSA_BITS, RSA_EXPONENT_BYTES, bit_length};

/// RSASSA-PKCS1-v1_5.
pub(super) fn pkcs1v15<D: Digest + AssociatedOid>(
    public_key: &[u8],
    message: &[u8],
    signature: &[u8],
) -> Result<(), InvalidSignature> {
    read_key(public_key)?
        .pkcs1v15_verify::<D>(message, signature)
        .map_err(|_| InvalidSignature)
}

/// RSASSA-PSS with MGF1 over the same hash and a salt as long as the hash.
pub(super) fn pss<D: Digest + FixedOutputReset>(
    public_key: &[u8],
    message: &[u8],
    signature: &[u8],
) -> Result<(), InvalidSignature> {
    read_key(public_key)?
        .pss_verify::<D>(message, signature)
        .map_err(|_| InvalidSignature)
}

/// Sizes are checked before any arithmetic is done with the numbers.
pub(super) fn parse_key(public_key: &[u8]) -> Result<RsaPublicKeyRef<'_>, InvalidSignature> {
    let key = RsaPublicKeyRef::from_der(public_key).map_err(|_| InvalidSignature)?;
    let (modulus, exponent) = (key.modulus.as_bytes(), key.public_exponent.as_bytes());
    if !RSA_BITS.contains(&bit_length(modulus)) || exponent.len() > RSA_EXPONENT_BYTES {
        return Err(InvalidSignature);
    }
    Ok(key)
}

fn read_key(public_key: &[u8]) -> Result<PublicKey, InvalidSignature> {
    let key = parse_key(public_key)?;
    PublicKey::new_with_size_limits(
        BoxedUint::from_be_slice_vartime(key.modulus.as_bytes()),
        BoxedUint::from_be_slice_vartime(key.public_exponent.as_bytes()),
        RSA_BITS,
    )
    .map_err(|_| InvalidSignature)
}

//! How JKS protects a private key: `sun.security.provider.KeyProtector`.
//!
//! The key is XORed with a chain of SHA-1 digests that begins with a salt, and followed by a digest
//! of passphrase and key. One hash per guess: JKS is read at import and never written.

use pkcs8::der::asn1::ObjectIdentifier;
use sha1::Sha1;
use sha2::Digest as _;
use subtle::ConstantTimeEq as _;
use zeroize::Zeroizing;

use super::passphrase::Passphrase;
use super::protection::{ProtectionError, malformed};

/// Sun's identifier of it.
pub(super) const OID: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.42.2.17.1.1");

/// Length of the salt before the key and of the digest after it.
const DIGEST_BYTES: usize = 20;

/// The key, whose digest has to match.
pub(super) fn recover(
    data: &[u8],
    passphrase: Passphrase<'_>,
) -> Result<Zeroizing<Vec<u8>>, ProtectionError> {
    let parts = || {
        let (salt, rest) = data.split_at_checked(DIGEST_BYTES)?;
        let (masked, digest) = rest.split_at_checked(rest.len().checked_sub(DIGEST_BYTES)?)?;
        Some((salt, masked, digest))
    };
    let (salt, masked, digest) = parts().ok_or_else(|| malformed("a JKS key is too short"))?;

    let passphrase = passphrase.utf16();
    let mut key = Zeroizing::new(masked.to_vec());
    let mut previous = Zeroizing::new(salt.to_vec());
    for block in key.chunks_mut(DIGEST_BYTES) {
        previous = digest_of(&passphrase, &previous);
        for (byte, mask) in block.iter_mut().zip(&*previous) {
            *byte ^= mask;
        }
    }
    if bool::from(digest_of(&passphrase, &key).ct_eq(digest)) {
        Ok(key)
    } else {
        Err(ProtectionError::WrongPassphrase)
    }
}

fn digest_of(passphrase: &[u8], data: &[u8]) -> Zeroizing<Vec<u8>> {
    let sha1 = Sha1::new_with_prefix(passphrase).chain_update(data);
    Zeroizing::new(sha1.finalize().to_vec())
}

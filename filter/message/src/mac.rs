//! HMAC (RFC 2104) with the SHA-2 hashes. Tags are compared in constant time.

use hmac::digest::Digest;
use hmac::digest::block_api::EagerHash;
use hmac::digest::common::Key as Block;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::{Sha256, Sha384, Sha512};
use zeroize::{Zeroize as _, Zeroizing};

use crate::key::Key;

/// The hash below an HMAC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Hash {
    Sha256,
    Sha384,
    Sha512,
}

/// HMAC-SHA-256 with a key that was taken in: half of the work for a short message. Zeroed when dropped.
#[derive(Clone)]
pub(crate) struct Keyed(Hmac<Sha256>);

impl Keyed {
    pub(crate) fn new(key: &[u8]) -> Self {
        Self(keyed(key))
    }

    /// The HMAC of a message.
    pub(crate) fn tag(&self, message: &[u8]) -> Zeroizing<[u8; 32]> {
        let mac = self.0.clone().chain_update(message);
        Zeroizing::new(mac.finalize().into_bytes().into())
    }

    /// Whether `tag` is the whole HMAC of `message`.
    pub(crate) fn verify(&self, message: &[u8], tag: &[u8]) -> bool {
        let mac = self.0.clone().chain_update(message);
        mac.verify_slice(tag).is_ok()
    }
}

/// HMAC-SHA-256.
pub(crate) fn sha256(key: &[u8], message: &[u8]) -> Zeroizing<[u8; 32]> {
    Keyed::new(key).tag(message)
}

/// Whether `tag` is the whole HMAC of `message`.
pub(crate) fn verify(hash: Hash, key: &Key, message: &[u8], tag: &[u8]) -> bool {
    match hash {
        Hash::Sha256 => key.mac().verify(message, tag),
        Hash::Sha384 => verify_with::<Sha384>(key.bytes(), message, tag),
        Hash::Sha512 => verify_with::<Sha512>(key.bytes(), message, tag),
    }
}

fn verify_with<D: EagerHash + Digest>(key: &[u8], message: &[u8], tag: &[u8]) -> bool {
    keyed::<D>(key)
        .chain_update(message)
        .verify_slice(tag)
        .is_ok()
}

/// Section 2: longer keys are hashed, shorter ones filled up with zeros to a block.
fn keyed<D: EagerHash + Digest>(key: &[u8]) -> Hmac<D> {
    let mut block = Block::<Hmac<D>>::default();
    if key.len() > block.len() {
        let mut hashed = D::digest(key);
        block
            .iter_mut()
            .zip(&hashed)
            .for_each(|(to, from)| *to = *from);
        hashed.zeroize();
    } else {
        block.iter_mut().zip(key).for_each(|(to, from)| *to = *from);
    }
    let mac = Hmac::new(&block);
    block.zeroize();
    mac
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 4231 sections 4.3 and 4.7.
    const SHORT: (&[u8], &[u8], &str) = (
        b"Jefe",
        b"what do ya want for nothing?",
        "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
    );
    const LONG: (&[u8], &[u8], &str) = (
        &[0xaa; 131],
        b"Test Using Larger Than Block-Size Key - Hash Key First",
        "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54",
    );

    fn of_bytes(key: &[u8]) -> Key {
        Key::from(Zeroizing::new(key.to_vec()))
    }

    #[test]
    fn keys_shorter_and_longer_than_a_block_give_the_tags_of_rfc_4231() {
        for (key, message, tag) in [SHORT, LONG] {
            assert_eq!(hex::encode(*sha256(key, message)), tag);
            assert!(verify(
                Hash::Sha256,
                &of_bytes(key),
                message,
                &hex::decode(tag).unwrap()
            ));
        }
    }

    #[test]
    fn a_part_of_a_tag_is_no_tag() {
        let (key, tag) = (of_bytes(SHORT.0), hex::decode(SHORT.2).unwrap());
        for cut in 0..tag.len() {
            assert!(!verify(Hash::Sha256, &key, SHORT.1, &tag[..cut]));
        }
    }
}

//! SHA-256 of a body, chunk by chunk as it comes.

use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

/// A hash that is being made. What was hashed so far is kept, the chunks are not.
#[derive(Clone, Default)]
pub struct BodyHash(Sha256);

/// SHA-256 of a whole body.
#[derive(Clone, Copy, Debug, Eq)]
pub struct BodyDigest([u8; 32]);

impl BodyHash {
    /// Takes the next chunk.
    pub fn update(&mut self, chunk: &[u8]) {
        self.0.update(chunk);
    }

    /// The digest of all chunks; that of nothing for a message without a body.
    pub fn finish(self) -> BodyDigest {
        BodyDigest(self.0.finalize().into())
    }
}

impl BodyDigest {
    /// Of a body that is there as a whole.
    pub fn of(body: &[u8]) -> Self {
        Self(Sha256::digest(body).into())
    }

    /// The 32 bytes.
    pub const fn bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl From<[u8; 32]> for BodyDigest {
    fn from(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }
}

/// In constant time: a digest may be what a signature vouches for.
impl PartialEq for BodyDigest {
    fn eq(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chunks_make_no_difference() {
        let body = b"{\"amount\": 100}";
        for cut in 0..body.len() {
            let mut hash = BodyHash::default();
            hash.update(&body[..cut]);
            hash.update(&body[cut..]);
            assert_eq!(hash.finish(), BodyDigest::of(body));
        }
        assert_ne!(BodyHash::default().finish(), BodyDigest::of(body));
    }
}

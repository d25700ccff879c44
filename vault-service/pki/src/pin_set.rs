//! Pins: public keys by digest.

use crate::certificate::Certificate;
use crate::digest::Digest;
use crate::path::VerifiedPath;

/// Most pins in one set.
pub const MAX_PINS: usize = 1000;

/// A non-empty set of pins. A pin is the SHA-256 digest of a SubjectPublicKeyInfo (RFC 7469
/// section 2.4).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PinSet {
    /// Sorted, without duplicates.
    digests: Vec<Digest>,
}

/// Why digests are not a pin set.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PinSetError {
    /// No pin at all: such a set would let nobody pass, or everybody, depending on the reader.
    #[error("a pin set needs at least one pin")]
    Empty,
    /// More pins than [`MAX_PINS`].
    #[error("{count} pins: at most {limit} are allowed")]
    TooMany {
        /// How many there were, duplicates included.
        count: usize,
        /// [`MAX_PINS`].
        limit: usize,
    },
}

impl PinSet {
    /// A set of SubjectPublicKeyInfo digests; duplicates are dropped.
    ///
    /// # Errors
    /// No digest, or more than [`MAX_PINS`].
    pub fn new(mut digests: Vec<Digest>) -> Result<Self, PinSetError> {
        if digests.is_empty() {
            return Err(PinSetError::Empty);
        }
        if digests.len() > MAX_PINS {
            return Err(PinSetError::TooMany {
                count: digests.len(),
                limit: MAX_PINS,
            });
        }
        digests.sort_unstable();
        digests.dedup();
        Ok(Self { digests })
    }

    /// The pin that a public key on the path matches, nearest to the peer first. Only a *verified*
    /// path is looked at, never the chain that a peer presented (RFC 7469 section 2.6).
    pub fn match_path(&self, path: &VerifiedPath) -> Option<Digest> {
        path.spki_sha256s()
            .iter()
            .copied()
            .find(|digest| self.contains(digest))
    }

    /// The pin that the certificate's own public key matches.
    pub fn match_certificate(&self, certificate: &Certificate) -> Option<Digest> {
        Some(certificate.spki_sha256()).filter(|digest| self.contains(digest))
    }

    /// The pins, sorted, without duplicates.
    pub fn digests(&self) -> &[Digest] {
        &self.digests
    }

    fn contains(&self, digest: &Digest) -> bool {
        self.digests.binary_search(digest).is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::{MAX_PINS, PinSet, PinSetError};
    use crate::digest::Digest;

    fn pins(count: usize) -> Vec<Digest> {
        (0..count)
            .map(|index| Digest::of(&index.to_be_bytes()))
            .collect()
    }

    #[test]
    fn empty_pin_set_is_refused() {
        assert_eq!(PinSet::new(Vec::new()), Err(PinSetError::Empty));
    }

    #[test]
    fn pin_count_is_limited() {
        assert_eq!(PinSet::new(pins(MAX_PINS)).unwrap().digests().len(), 1000);
        assert_eq!(
            PinSet::new(pins(MAX_PINS + 1)),
            Err(PinSetError::TooMany {
                count: 1001,
                limit: 1000
            })
        );
    }

    #[test]
    fn duplicate_pins_are_dropped() {
        let pin = Digest::of(b"key");
        assert_eq!(PinSet::new(vec![pin, pin]).unwrap().digests(), [pin]);
    }
}

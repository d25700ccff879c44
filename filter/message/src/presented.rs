//! What a caller presents, held against what is accepted: in constant time, and against all of it
//! however early something fits.

use subtle::{Choice, ConditionallySelectable as _, ConstantTimeEq as _};

use crate::body_hash::BodyHash;

/// SHA-256 of a credential: all of the same length, so that not even the length is told.
pub(crate) type Digest = [u8; 32];

/// Digest of the parts, each behind its length so that no two lists of parts look the same.
pub(crate) fn digest(parts: &[&[u8]]) -> Digest {
    let mut hash = BodyHash::default();
    for part in parts {
        hash.update(&(part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    *hash.finish().bytes()
}

/// The place of the first accepted digest that is the presented one.
pub(crate) fn position(accepted: &[Digest], presented: &Digest) -> Option<usize> {
    let (mut place, mut found) = (0_u64, Choice::from(0));
    for (index, digest) in (0_u64..).zip(accepted) {
        let this = digest.ct_eq(presented) & !found;
        place.conditional_assign(&index, this);
        found |= this;
    }
    usize::try_from(place).ok().filter(|_| bool::from(found))
}

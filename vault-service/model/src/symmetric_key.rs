//! Symmetric keys: bytes behind base64.

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use thiserror::Error;
use zeroize::Zeroizing;

/// Longest symmetric key, in bytes.
pub const MAX_SYMMETRIC_KEY_BYTES: usize = 64 * 1024;

const ANY_PADDING: GeneralPurposeConfig =
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
const STANDARD: GeneralPurpose = GeneralPurpose::new(&alphabet::STANDARD, ANY_PADDING);
const URL_SAFE: GeneralPurpose = GeneralPurpose::new(&alphabet::URL_SAFE, ANY_PADDING);

/// Why a text is no symmetric key. Nothing of it is repeated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum SymmetricKeyError {
    /// Neither alphabet, or both mixed, or bits left over at the end.
    #[error("is base64 of the key (standard or URL-safe alphabet, padding optional)")]
    Base64,
    /// Nothing behind the base64.
    #[error("is base64 of 1 to {MAX_SYMMETRIC_KEY_BYTES} bytes, this is the base64 of none")]
    Empty,
    /// More than [`MAX_SYMMETRIC_KEY_BYTES`].
    #[error("is base64 of 1 to {MAX_SYMMETRIC_KEY_BYTES} bytes, these are more")]
    TooLong,
}

/// The key of a `SymmetricKey` secret: 1 to [`MAX_SYMMETRIC_KEY_BYTES`] bytes, from standard or
/// URL-safe base64, with or without padding.
///
/// # Errors
/// See [`SymmetricKeyError`]. The length is looked at before anything is decoded.
pub fn symmetric_key_bytes(text: &str) -> Result<Zeroizing<Vec<u8>>, SymmetricKeyError> {
    if text.len() > MAX_SYMMETRIC_KEY_BYTES.div_ceil(3) * 4 {
        return Err(SymmetricKeyError::TooLong);
    }
    let engine = if text.contains(['-', '_']) {
        URL_SAFE
    } else {
        STANDARD
    };
    // decode_slice may need room for a whole last quantum.
    let mut bytes = Zeroizing::new(vec![0; text.len() / 4 * 3 + 3]);
    let length = engine
        .decode_slice(text, &mut bytes)
        .map_err(|_| SymmetricKeyError::Base64)?;
    bytes.truncate(length);
    match length {
        0 => Err(SymmetricKeyError::Empty),
        1..=MAX_SYMMETRIC_KEY_BYTES => Ok(bytes),
        _ => Err(SymmetricKeyError::TooLong),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn both_alphabets_are_read_with_and_without_padding() {
        for text in [
            "+/8A", "-_8A", "c2VjcmV0", "c2VjcmU=", "c2VjcmU", "AA", "AA==",
        ] {
            assert!(symmetric_key_bytes(text).is_ok(), "{text}");
        }
        assert_eq!(*symmetric_key_bytes("-_8").unwrap(), [0xfb, 0xff]);
    }

    #[test]
    fn what_is_not_base64_is_refused_without_being_repeated() {
        for text in [
            "+_8A",
            "hunter2!",
            "c2Vj cmV0",
            "A",
            "AB==",
            "c2VjcmU==",
            "=",
            "ключ",
        ] {
            assert_eq!(
                symmetric_key_bytes(text).err(),
                Some(SymmetricKeyError::Base64),
                "{text}"
            );
        }
        assert_eq!(
            symmetric_key_bytes("").err(),
            Some(SymmetricKeyError::Empty)
        );
    }

    #[test]
    fn keys_are_limited_in_length() {
        let key = |bytes: usize| STANDARD.encode(vec![7; bytes]);
        for (bytes, accepted) in [(65_536, true), (65_537, false), (80_000, false)] {
            assert_eq!(
                symmetric_key_bytes(&key(bytes)).is_ok(),
                accepted,
                "{bytes}"
            );
        }
    }

    proptest! {
        #[test]
        fn every_key_reads_back(key in proptest::collection::vec(any::<u8>(), 1..200)) {
            for engine in [&STANDARD, &URL_SAFE] {
                let text = engine.encode(&key);
                prop_assert_eq!(&*symmetric_key_bytes(&text).unwrap(), &key);
                prop_assert_eq!(&*symmetric_key_bytes(text.trim_end_matches('=')).unwrap(), &key);
            }
        }

        #[test]
        fn no_text_makes_it_panic(text in ".{0,200}") {
            let _ = symmetric_key_bytes(&text);
        }
    }
}

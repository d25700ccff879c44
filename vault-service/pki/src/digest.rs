//! SHA-256 digests: the identity of a certificate or of a public key.

use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::Digest as _;

/// A SHA-256 digest. Digests of certificates and public keys are public, so comparing them needs no
/// constant time.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digest([u8; 32]);

/// Not a digest as text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a SHA-256 digest has 64 hexadecimal digits, or sha256/ and 44 characters of base64")]
pub struct DigestError;

impl Digest {
    /// The digest of `bytes`.
    pub fn of(bytes: &[u8]) -> Self {
        Self(sha2::Sha256::digest(bytes).into())
    }

    /// A digest that was computed elsewhere.
    pub const fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// A digest that was computed elsewhere; `None` unless there are exactly 32 bytes.
    pub fn from_slice(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self)
    }

    /// The 32 bytes.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl FromStr for Digest {
    type Err = DigestError;

    /// What [`fmt::Display`] writes, also in upper case, or base64 behind `sha256/` or `sha256//`, as
    /// pins are written in RFC 7469's wake and by curl.
    fn from_str(text: &str) -> Result<Self, DigestError> {
        let Some(base64) = text.strip_prefix("sha256/") else {
            return from_hex(text).ok_or(DigestError);
        };
        let base64 = base64.strip_prefix('/').unwrap_or(base64);
        // Both prefixes end alike: 44 characters tell a digest that begins with a slash from one
        // with the longer prefix.
        let base64 = match base64.len() {
            43 => text.get("sha256/".len()..).unwrap_or_default(),
            _ => base64,
        };
        let bytes = (base64.len() == 44).then(|| STANDARD.decode(base64));
        bytes
            .and_then(Result::ok)
            .and_then(|bytes| Self::from_slice(&bytes))
            .ok_or(DigestError)
    }
}

fn from_hex(text: &str) -> Option<Digest> {
    let mut octets = [0; 32];
    hex::decode_to_slice(text, &mut octets).ok()?;
    Some(Digest(octets))
}

impl fmt::Display for Digest {
    /// 64 lower case hexadecimal digits.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut digits = [0; 64];
        hex::encode_to_slice(self.0, &mut digits).map_err(|_| fmt::Error)?;
        f.write_str(str::from_utf8(&digits).map_err(|_| fmt::Error)?)
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Digest({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::{Digest, DigestError, STANDARD};
    use base64::Engine as _;

    #[test]
    fn digest_is_sha_256_in_lower_hex() {
        // FIPS 180-4 example "abc".
        let text = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(Digest::of(b"abc").to_string(), text);
    }

    #[test]
    fn only_32_bytes_make_a_digest() {
        let digest = Digest::of(b"x");
        assert_eq!(Digest::from_slice(digest.as_bytes()), Some(digest));
        assert_eq!(Digest::from_slice(&[0; 31]), None);
        assert_eq!(Digest::from_slice(&[0; 33]), None);
    }

    #[test]
    fn a_digest_is_read_as_hexadecimal_or_as_a_pin() {
        // One whose base64 begins with a slash: the prefix must not swallow it.
        for digest in [
            Digest::of(b"x"),
            Digest::new([0xff; 32]),
            Digest::new([0; 32]),
        ] {
            let base64 = STANDARD.encode(digest.as_bytes());
            for text in [
                digest.to_string(),
                digest.to_string().to_uppercase(),
                format!("sha256/{base64}"),
                format!("sha256//{base64}"),
            ] {
                assert_eq!(text.parse(), Ok(digest), "{text}");
            }
        }
        let base64 = STANDARD.encode([1; 32]);
        let hex = "0".repeat(63);
        for text in [
            String::new(),
            hex.clone(),
            format!("{hex}00"),
            format!("{hex}g"),
            format!("{}\u{e9}", "0".repeat(62)),
            base64.clone(),
            format!("sha1/{base64}"),
            format!("sha256/{base64}="),
            format!("sha256///{base64}"),
            format!("sha256/{}", STANDARD.encode([1; 31])),
            format!("sha256/ {}", &base64[1..]),
            "sha256/".to_owned() + &"A".repeat(100_000),
        ] {
            assert_eq!(text.parse::<Digest>(), Err(DigestError), "{text:.80}");
        }
    }
}

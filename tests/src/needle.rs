//! Looking for a secret in everything that was written, in every form in which it could be there.

use std::ops::Range;

use base64::Engine as _;
use base64::alphabet::{Alphabet, STANDARD, URL_SAFE};
use base64::engine::general_purpose::{self, GeneralPurpose, NO_PAD};
use memchr::memmem;

use crate::{Error, Result};

/// Where a P-256 key in PKCS#8 (RFC 5958 around RFC 5915) has its private number, in bytes.
const PRIVATE_NUMBER: Range<usize> = 36..68;

/// Lines of its PEM form that hold part of that number. The rest of the lines is the public key,
/// which certificates hold too.
const SECRET_LINES: usize = 2;

/// Some bytes nobody else would write.
#[derive(Clone)]
pub struct Needle {
    /// What it is; never the value.
    pub name: String,
    /// The bytes.
    pub bytes: Vec<u8>,
}

impl Needle {
    /// These bytes as they are.
    pub fn new(name: impl Into<String>, bytes: impl Into<Vec<u8>>) -> Self {
        Self {
            name: name.into(),
            bytes: bytes.into(),
        }
    }

    /// The secret raw, and as base64 (both alphabets, wherever in a longer text it starts), hex and
    /// percent-encoded.
    pub fn forms(name: &str, secret: &[u8]) -> Vec<Self> {
        let mut forms = vec![
            Self::new(name, secret),
            Self::new(format!("{name} as hex"), hex(secret, "")),
            Self::new(
                format!("{name} as HEX"),
                hex(secret, "").to_ascii_uppercase(),
            ),
            Self::new(format!("{name} percent-encoded"), hex(secret, "%")),
            Self::new(
                format!("{name} percent-encoded"),
                hex(secret, "%").to_ascii_uppercase(),
            ),
        ];
        for alphabet in [STANDARD, URL_SAFE] {
            for offset in 0..3 {
                forms.push(Self::new(
                    format!("{name} as base64"),
                    base64_within(&alphabet, secret, offset),
                ));
            }
        }
        forms
    }

    /// A P-256 private key (PKCS#8 PEM): its secret lines, its DER, and every form of its number.
    pub fn of_private_key(name: &str, pem: &str) -> Result<Vec<Self>> {
        let body: Vec<&str> = pem
            .lines()
            .filter(|line| !line.starts_with("-----"))
            .collect();
        let der = general_purpose::STANDARD
            .decode(body.concat())
            .map_err(Error::Base64)?;
        let number = der.get(PRIVATE_NUMBER).unwrap_or(&der);
        let mut needles = Self::forms(&format!("the private number of {name}"), number);
        for line in body.iter().take(SECRET_LINES) {
            needles.push(Self::new(format!("a line of {name}"), *line));
        }
        needles.push(Self::new(format!("{name} as DER"), der));
        Ok(needles)
    }

    /// Whether it is in there.
    pub fn is_in(&self, haystack: &[u8]) -> bool {
        !self.bytes.is_empty() && memmem::find(haystack, &self.bytes).is_some()
    }
}

fn hex(bytes: &[u8], before: &str) -> String {
    bytes
        .iter()
        .map(|byte| format!("{before}{byte:02x}"))
        .collect()
}

/// What of the base64 of a longer text depends on `secret` alone, when it starts `offset` bytes
/// after a multiple of three.
fn base64_within(alphabet: &Alphabet, secret: &[u8], offset: usize) -> String {
    let mut padded = vec![0; offset];
    padded.extend_from_slice(secret);
    let first = (offset * 8).div_ceil(6);
    let end = padded.len() * 8 / 6;
    GeneralPurpose::new(alphabet, NO_PAD)
        .encode(&padded)
        .get(first..end)
        .unwrap_or_default()
        .to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(secret: &str, haystack: &str) -> bool {
        Needle::forms("it", secret.as_bytes())
            .iter()
            .any(|form| form.is_in(haystack.as_bytes()))
    }

    #[test]
    fn a_needle_is_found_at_the_start_in_the_middle_and_at_the_end() {
        let needle = Needle::new("n", "abc");
        for haystack in ["abcxx", "xabcx", "aabc"] {
            assert!(needle.is_in(haystack.as_bytes()), "{haystack}");
        }
        for haystack in ["", "ab", "abxc", "ABC"] {
            assert!(!needle.is_in(haystack.as_bytes()), "{haystack}");
        }
    }

    #[test]
    fn a_secret_is_found_in_base64_wherever_it_starts() {
        let secret = "kj8s-secret?~\u{ff}-8sdh3";
        for before in ["", "u", "us", "use", "user:"] {
            let text = format!("{before}{secret}:after");
            let encoded = general_purpose::STANDARD.encode(&text);
            assert!(found(secret, &format!("Basic {encoded}")), "{encoded}");
            assert!(found(secret, &general_purpose::URL_SAFE.encode(&text)));
        }
    }

    #[test]
    fn a_secret_is_found_in_hex_and_percent_encoded_and_another_is_not() {
        assert!(found("secret/1", "x7365637265742f31"));
        assert!(found("secret/1", "%73%65%63%72%65%74%2F%31"));
        assert!(!found("secret/1", "7365637266742f31 secrft/1 c2VjcmZ0LzE="));
    }
}

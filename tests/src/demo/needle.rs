//! What is searched for in everything that was written.

use std::ops::Range;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::{Stage, USERNAME, basic};
use crate::{Error, Result};

/// Where a P-256 key in PKCS#8 (RFC 5958 around RFC 5915) has its private number, in bytes.
const PRIVATE_NUMBER: Range<usize> = 36..68;

/// Lines of its PEM form that hold part of that number.
const SECRET_LINES: usize = 2;

/// A secret value in one of the forms in which it could have got out.
pub(super) struct Needle {
    /// What it is; never the value.
    pub(super) name: String,
    /// The bytes.
    pub(super) bytes: Vec<u8>,
}

/// Every secret value of the scene: passwords, the credential as it is injected, the private key
/// in the keystore, the administrator's client secret.
pub(super) fn needles(stage: &Stage) -> Result<Vec<Needle>> {
    let mut needles = Vec::new();
    let mut add = |name: String, bytes: &[u8]| {
        needles.push(Needle {
            name,
            bytes: bytes.to_vec(),
        });
    };
    for (index, password) in stage.passwords().iter().enumerate() {
        let header = basic(USERNAME, password);
        let encoded = header.trim_start_matches("Basic ");
        add(format!("password {}", index + 1), password.as_bytes());
        add(format!("credential {}", index + 1), encoded.as_bytes());
    }
    let body: Vec<&str> = stage
        .server()
        .key
        .lines()
        .filter(|line| !line.starts_with("-----"))
        .collect();
    // The rest of the lines is the public key, which certificates in the store hold too.
    for line in body.iter().take(SECRET_LINES) {
        add(
            "a line of the keystore's private key".to_owned(),
            line.as_bytes(),
        );
    }
    let der = STANDARD.decode(body.concat()).map_err(Error::Base64)?;
    add("the keystore's private key as DER".to_owned(), &der);
    let number = der.get(PRIVATE_NUMBER).unwrap_or(&der);
    add(
        "the private number of the keystore's key".to_owned(),
        number,
    );
    add(
        "the administrator's client secret".to_owned(),
        stage.vault.account().client_secret.as_bytes(),
    );
    Ok(needles)
}

impl Needle {
    /// Whether it is in there.
    pub(super) fn is_in(&self, haystack: &[u8]) -> bool {
        let Some(first) = self.bytes.first() else {
            return false;
        };
        haystack
            .iter()
            .enumerate()
            .filter(|(_, byte)| *byte == first)
            .any(|(at, _)| haystack.get(at..at + self.bytes.len()) == Some(&self.bytes))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_needle_is_found_at_the_start_in_the_middle_and_at_the_end() {
        let needle = Needle {
            name: "n".to_owned(),
            bytes: b"abc".to_vec(),
        };
        for haystack in ["abcxx", "xabcx", "aabc"] {
            assert!(needle.is_in(haystack.as_bytes()), "{haystack}");
        }
        for haystack in ["", "ab", "abxc", "ABC"] {
            assert!(!needle.is_in(haystack.as_bytes()), "{haystack}");
        }
    }
}

//! Requests as their callers sign them, with the key of the scene.

use std::time::{SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::{Digest as _, Sha256};

use crate::demo::HMAC_KEY;

/// Seconds since 1970.
pub fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| since.as_secs())
}

/// HMAC-SHA-256 with [`HMAC_KEY`].
fn hmac(text: &str) -> Vec<u8> {
    let key = STANDARD.decode(HMAC_KEY).unwrap_or_default();
    match Hmac::<Sha256>::new_from_slice(&key) {
        Ok(mut mac) => {
            mac.update(text.as_bytes());
            mac.finalize().into_bytes().to_vec()
        }
        // Keys of HMAC may have any length.
        Err(_) => Vec::new(),
    }
}

/// A bearer token (RFC 7515 section 3.1, RFC 6750).
pub fn token(header: &str, claims: &str) -> String {
    let [header, claims] = [header, claims].map(|part| URL_SAFE_NO_PAD.encode(part));
    let signed = format!("{header}.{claims}");
    let tag = URL_SAFE_NO_PAD.encode(hmac(&signed));
    format!("Bearer {signed}.{tag}")
}

/// RFC 9421 section 3.1: `signature-input`, `signature`, `content-digest`.
pub fn signed(target: &str, nonce: &str, body: &[u8]) -> [(&'static str, String); 3] {
    let created = now();
    let digest = format!("sha-256=:{}:", STANDARD.encode(Sha256::digest(body)));
    let input = format!(
        "(\"@method\" \"@target-uri\" \"content-digest\");created={created};nonce=\"{nonce}\""
    );
    let base = format!(
        "\"@method\": POST\n\"@target-uri\": https://gateway.test{target}\n\
         \"content-digest\": {digest}\n\"@signature-params\": {input}"
    );
    let tag = STANDARD.encode(hmac(&base));
    [
        ("signature-input", format!("sig={input}")),
        ("signature", format!("sig=:{tag}:")),
        ("content-digest", digest),
    ]
}

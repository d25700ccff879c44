//! Client secrets: 256 random bits, kept as argon2id hashes (RFC 9106).

use argon2::Argon2;
use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sallyport_model::SecretString;
use thiserror::Error;
use zeroize::Zeroizing;

/// Longest client secret that is hashed, in bytes.
const MAX_LENGTH: usize = 512;

/// A hash no secret is known for; checked for unknown clients so that they take as long.
const NOBODY: &str = "$argon2id$v=19$m=19456,t=2,p=1$c2FsbHlwb3J0LW5vYm9keQ$jVTE6ZvgCzbF2wAT1WFyzCWcMSFGYqXdRvZNqnkqGs8";

/// Why a client secret could not be made or checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum ClientSecretError {
    /// The operating system gave no randomness.
    #[error("no randomness from the operating system")]
    Randomness,
    /// The hash could not be computed, or the stored one does not read.
    #[error("the client secret cannot be hashed")]
    Hash,
}

/// A new client secret and the hash to keep.
pub fn new_client_secret() -> Result<(SecretString, String), ClientSecretError> {
    let mut bytes = Zeroizing::new([0_u8; 32]);
    getrandom::fill(bytes.as_mut()).map_err(|_| ClientSecretError::Randomness)?;
    let secret = SecretString::new(URL_SAFE_NO_PAD.encode(bytes.as_ref()));
    let hash = Argon2::default()
        .hash_password(secret.expose().as_bytes())
        .map_err(|_| ClientSecretError::Hash)?;
    Ok((secret, hash.to_string()))
}

/// Whether a secret fits a hash; always `false`, after the same work, without a hash.
pub(super) fn fits(secret: &SecretString, hash: Option<&str>) -> Result<bool, ClientSecretError> {
    if secret.expose().len() > MAX_LENGTH {
        return Ok(false);
    }
    let parsed = PasswordHash::new(hash.unwrap_or(NOBODY)).map_err(|_| ClientSecretError::Hash)?;
    let fits = Argon2::default()
        .verify_password(secret.expose().as_bytes(), &parsed)
        .is_ok();
    Ok(fits && hash.is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_fits_its_own_hash_only() {
        let (one, one_hash) = new_client_secret().unwrap();
        let (two, _) = new_client_secret().unwrap();
        assert_eq!(fits(&one, Some(&one_hash)), Ok(true));
        assert_eq!(fits(&two, Some(&one_hash)), Ok(false));
        assert!(one_hash.starts_with("$argon2id$"));
        assert!(!one_hash.contains(one.expose()));
    }

    #[test]
    fn nothing_fits_an_unknown_client() {
        let (secret, _) = new_client_secret().unwrap();
        assert_eq!(fits(&secret, None), Ok(false));
    }

    #[test]
    fn an_overlong_secret_is_refused_before_it_is_hashed() {
        let long = SecretString::new("x".repeat(MAX_LENGTH + 1));
        assert_eq!(fits(&long, Some("not even a hash")), Ok(false));
    }
}

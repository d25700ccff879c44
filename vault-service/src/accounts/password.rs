//! Passwords that may be chosen.

use sallyport_model::SecretString;
use serde::Deserialize;
use thiserror::Error;

use super::hashing::MAX_LENGTH;

/// Fewest characters of a password.
pub(crate) const MIN_CHARACTERS: usize = 12;

/// A password of acceptable length, on its way to be hashed. Nothing is trimmed or normalised.
#[derive(Clone, Deserialize)]
#[serde(try_from = "SecretString")]
pub struct NewPassword(SecretString);

/// A password that may not be chosen; it is not repeated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("a password has {MIN_CHARACTERS} characters or more, and {MAX_LENGTH} bytes at most")]
pub struct PasswordError;

impl NewPassword {
    /// The password, for the hashing room.
    pub fn into_secret(self) -> SecretString {
        self.0
    }
}

impl TryFrom<SecretString> for NewPassword {
    type Error = PasswordError;

    fn try_from(password: SecretString) -> Result<Self, PasswordError> {
        let text = password.expose();
        if text.len() > MAX_LENGTH || text.chars().count() < MIN_CHARACTERS {
            return Err(PasswordError);
        }
        Ok(Self(password))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_has_a_shortest_and_a_longest_length() {
        let accepted = |text: String| NewPassword::try_from(SecretString::new(text)).is_ok();
        assert!(!accepted("x".repeat(11)));
        assert!(accepted("x".repeat(12)));
        assert!(accepted("ü".repeat(12)));
        assert!(accepted("x".repeat(MAX_LENGTH)));
        assert!(!accepted("x".repeat(MAX_LENGTH + 1)));
    }
}

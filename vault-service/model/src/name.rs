//! Names people choose, valid by construction.

use std::str::FromStr;

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// Name of a secret group: 3 to 35 letters, digits and dashes, starting with a letter, not ending
/// with a dash (Anypoint's documented rule); not a UUID.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct GroupName(String);

/// Name of a secret: 1 to 128 characters, no control characters, no leading or trailing space; not a
/// UUID.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct SecretName(String);

/// Why a name is refused.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum NameError {
    /// Length outside the allowed range, in characters.
    #[error("a name has {min} to {max} characters, this one has {length}")]
    Length {
        /// Characters found.
        length: usize,
        /// Fewest allowed.
        min: usize,
        /// Most allowed.
        max: usize,
    },
    /// A character that may not stand where it stands.
    #[error("character {character:?} is not allowed at position {position}: {rule}")]
    Character {
        /// The character.
        character: char,
        /// Zero-based position, in characters.
        position: usize,
        /// The rule it breaks.
        rule: &'static str,
    },
    /// A word with a meaning of its own.
    #[error("{word:?} is a reserved word")]
    Reserved {
        /// The word.
        word: &'static str,
    },
    /// A name that could only be read as an id: wherever one is named, either may stand.
    #[error("a name is not a UUID, because it would be taken for an id")]
    Id,
}

impl GroupName {
    const MIN: usize = 3;
    const MAX: usize = 35;

    /// The name of what is there already. The first release took UUIDs as names: what has one has
    /// to stay readable, or it could not even be renamed.
    ///
    /// # Errors
    /// It breaks another rule.
    pub fn stored(text: &str) -> Result<Self, NameError> {
        check_length(text, Self::MIN, Self::MAX)?;
        let last = text.chars().count().saturating_sub(1);
        for (position, character) in text.chars().enumerate() {
            let rule = match character {
                'a'..='z' | 'A'..='Z' => continue,
                '0'..='9' | '-' if position == 0 => "a group name starts with a letter",
                '-' if position == last => "a group name does not end with a dash",
                '0'..='9' | '-' => continue,
                _ => "a group name has letters, digits and dashes",
            };
            return Err(NameError::Character {
                character,
                position,
                rule,
            });
        }
        Ok(Self(text.to_owned()))
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for GroupName {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        check_no_id(text)?;
        Self::stored(text)
    }
}

impl SecretName {
    const MIN: usize = 1;
    const MAX: usize = 128;

    /// The name of what is there already. The first release took UUIDs as names: what has one has
    /// to stay readable, or it could not even be renamed.
    ///
    /// # Errors
    /// It breaks another rule.
    pub fn stored(text: &str) -> Result<Self, NameError> {
        check_length(text, Self::MIN, Self::MAX)?;
        let last = text.chars().count().saturating_sub(1);
        for (position, character) in text.chars().enumerate() {
            let rule = match character {
                _ if character.is_control() => "a name has no control characters",
                _ if character.is_whitespace() && (position == 0 || position == last) => {
                    "a name does not start or end with a space"
                }
                _ => continue,
            };
            return Err(NameError::Character {
                character,
                position,
                rule,
            });
        }
        Ok(Self(text.to_owned()))
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for SecretName {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        check_no_id(text)?;
        Self::stored(text)
    }
}

pub(crate) fn check_length(text: &str, min: usize, max: usize) -> Result<(), NameError> {
    let length = text.chars().count();
    if (min..=max).contains(&length) {
        return Ok(());
    }
    Err(NameError::Length { length, min, max })
}

fn check_no_id(text: &str) -> Result<(), NameError> {
    match text.parse::<uuid::Uuid>() {
        Ok(_) => Err(NameError::Id),
        Err(_) => Ok(()),
    }
}

macro_rules! text_conversions {
    ($($name:ident),+) => {$(
        impl TryFrom<String> for $name {
            type Error = NameError;

            fn try_from(text: String) -> Result<Self, NameError> {
                text.parse()
            }
        }

        impl From<$name> for String {
            fn from(name: $name) -> Self {
                name.0
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(&self.0)
            }
        }
    )+};
}

pub(crate) use text_conversions;

text_conversions!(GroupName, SecretName);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn documented_group_names_are_accepted() {
        for name in [
            "abc",
            "payments",
            "Team-7-prod",
            "a2345678901234567890123456789012345",
        ] {
            assert_eq!(name.parse::<GroupName>().unwrap().as_str(), name);
        }
    }

    #[test]
    fn group_names_outside_the_rule_are_refused() {
        for name in [
            "",
            "ab",
            "7abc",
            "-abc",
            "abc-",
            "a b c",
            "päyments",
            "a_b_c",
            "abc\0",
        ] {
            assert!(name.parse::<GroupName>().is_err(), "{name:?}");
        }
        let long = "a".repeat(36);
        assert_eq!(
            long.parse::<GroupName>(),
            Err(NameError::Length {
                length: 36,
                min: 3,
                max: 35
            })
        );
    }

    #[test]
    fn a_name_is_no_id_in_any_spelling() {
        for id in [
            "0a3d6c52-7f3a-4a54-8f42-9f5d1d9be4a1",
            "A0000000000040008000000000000001",
            "{0a3d6c52-7f3a-4a54-8f42-9f5d1d9be4a1}",
        ] {
            assert_eq!(id.parse::<SecretName>(), Err(NameError::Id), "{id}");
        }
        let simple = "a0000000000040008000000000000001";
        assert_eq!(simple.parse::<GroupName>(), Err(NameError::Id));
        assert!(
            "0a3d6c52-7f3a-4a54-8f42-9f5d1d9be4a"
                .parse::<SecretName>()
                .is_ok()
        );
    }

    #[test]
    fn secret_names_may_hold_spaces_and_unicode_but_no_control_characters() {
        assert!("API key, Zürich".parse::<SecretName>().is_ok());
        for name in ["", " x", "x ", "a\nb", "a\u{0}b"] {
            assert!(name.parse::<SecretName>().is_err(), "{name:?}");
        }
    }
}

//! Names of users, organizations and environments, valid by construction.

use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::name::{NameError, check_length, text_conversions};

/// Name of a user: 2 to 64 ASCII letters, digits and `.` `_` `-` `@` `+`, starting with a letter or
/// digit. Nothing is trimmed, folded or mapped: what is not written like this is no username, so no
/// two spellings are the same user but for their case.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Username(String);

/// Name of an organization or environment: 1 to 64 letters, digits, single spaces and `-` `_` `.`,
/// starting and ending with a letter or digit; not one of the words that clients give a meaning.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PlaceName(String);

impl Username {
    const MIN: usize = 2;
    const MAX: usize = 64;

    /// The name as it was written.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The name under which it is unique, and looked for.
    pub fn key(&self) -> String {
        self.0.to_ascii_lowercase()
    }
}

impl FromStr for Username {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        check_length(text, Self::MIN, Self::MAX)?;
        for (position, character) in text.chars().enumerate() {
            let rule = match character {
                'a'..='z' | 'A'..='Z' | '0'..='9' => continue,
                '.' | '_' | '-' | '@' | '+' if position > 0 => continue,
                '.' | '_' | '-' | '@' | '+' => "a username starts with a letter or digit",
                _ => "a username has ASCII letters, digits and . _ - @ +",
            };
            return Err(NameError::Character {
                character,
                position,
                rule,
            });
        }
        Ok(Self(text.to_owned()))
    }
}

impl PlaceName {
    const MIN: usize = 1;
    const MAX: usize = 64;

    /// `unclassified` is a word of Anypoint's command line; the others mean everything or nothing.
    const RESERVED: [&str; 7] = ["all", "me", "null", "root", "sys", "system", "unclassified"];

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for PlaceName {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        check_length(text, Self::MIN, Self::MAX)?;
        let last = text.chars().count().saturating_sub(1);
        let mut before = None;
        for (position, character) in text.chars().enumerate() {
            let at_edge = position == 0 || position == last;
            let rule = match character {
                _ if character.is_alphanumeric() => None,
                ' ' if before == Some(' ') => Some("a name has single spaces"),
                ' ' | '-' | '_' | '.' if at_edge => {
                    Some("a name starts and ends with a letter or digit")
                }
                ' ' | '-' | '_' | '.' => None,
                _ => Some("a name has letters, digits, spaces and - _ ."),
            };
            if let Some(rule) = rule {
                return Err(NameError::Character {
                    character,
                    position,
                    rule,
                });
            }
            before = Some(character);
        }
        match Self::RESERVED
            .into_iter()
            .find(|word| text.eq_ignore_ascii_case(word))
        {
            Some(word) => Err(NameError::Reserved { word }),
            None => Ok(Self(text.to_owned())),
        }
    }
}

text_conversions!(Username, PlaceName);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_username_is_the_same_in_any_case() {
        let one: Username = "Ada.Lovelace@example.org".parse().unwrap();
        let other: Username = "ada.lovelace@EXAMPLE.org".parse().unwrap();
        assert_ne!(one, other);
        assert_eq!(one.key(), other.key());
    }

    #[test]
    fn other_spellings_are_no_usernames() {
        for name in [
            "",
            "a",
            " ada",
            "ada ",
            "ada\0",
            "ada\n",
            "a da",
            ".ada",
            "@ada",
            "аda",
            "ada\u{200b}",
            "ａda",
            "ada\u{301}",
            "ada/../root",
            "ada%20",
        ] {
            assert!(name.parse::<Username>().is_err(), "{name:?}");
        }
        assert!("a".repeat(64).parse::<Username>().is_ok());
        assert!("a".repeat(65).parse::<Username>().is_err());
    }

    #[test]
    fn places_have_names_a_path_or_a_command_line_cannot_mistake() {
        for name in ["Sandbox", "Kontor Süd", "EU-West 1", "v2.1", "7"] {
            assert_eq!(name.parse::<PlaceName>().unwrap().as_str(), name);
        }
        for name in [
            "",
            ".",
            "..",
            " x",
            "x ",
            "a  b",
            "a/b",
            "a\0b",
            "a\u{202e}b",
            "root",
            "Unclassified",
            "SYS",
            "-x",
            "x.",
        ] {
            assert!(name.parse::<PlaceName>().is_err(), "{name:?}");
        }
    }
}

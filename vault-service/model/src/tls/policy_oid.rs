//! Object identifiers of certificate policies.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// A certificate policy (RFC 5280 section 4.2.1.4) by its dotted object identifier.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PolicyOid(String);

/// A text that is no object identifier.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error(
    "an object identifier is 2 to 20 numbers with dots between them, such as 2.23.140.1.2.2; the \
     first is 0, 1 or 2, the second below 40 unless the first is 2"
)]
pub struct PolicyOidError;

impl PolicyOid {
    const MAX_ARCS: usize = 20;

    /// Dotted, such as `2.23.140.1.2.2`.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for PolicyOid {
    type Err = PolicyOidError;

    fn from_str(text: &str) -> Result<Self, PolicyOidError> {
        let arcs: Vec<u32> = text
            .split('.')
            .take(Self::MAX_ARCS + 1)
            .map(arc)
            .collect::<Option<_>>()
            .ok_or(PolicyOidError)?;
        match arcs.as_slice() {
            [0 | 1, 0..40, ..] | [2, _, ..] if arcs.len() <= Self::MAX_ARCS => {
                Ok(Self(text.to_owned()))
            }
            _ => Err(PolicyOidError),
        }
    }
}

/// A number in its only spelling: no sign, no zeros before it.
fn arc(text: &str) -> Option<u32> {
    let plain = text.bytes().all(|byte| byte.is_ascii_digit());
    let shortest = text == "0" || !text.starts_with('0');
    if plain && shortest {
        text.parse().ok()
    } else {
        None
    }
}

impl TryFrom<String> for PolicyOid {
    type Error = PolicyOidError;

    fn try_from(text: String) -> Result<Self, PolicyOidError> {
        text.parse()
    }
}

impl From<PolicyOid> for String {
    fn from(oid: PolicyOid) -> Self {
        oid.0
    }
}

impl fmt::Display for PolicyOid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dotted_numbers_are_object_identifiers() {
        for text in ["2.5.29.32.0", "1.3.6.1.4.1.311.21.10", "2.999", "0.0"] {
            assert_eq!(text.parse::<PolicyOid>().unwrap().as_str(), text);
        }
    }

    #[test]
    fn anything_else_is_refused() {
        let long = vec!["1"; 21].join(".");
        for text in [
            "",
            "1",
            "1.",
            ".1.2",
            "1..2",
            "1.40",
            "3.1",
            "1.2.03",
            "1.2.+3",
            "1.2.4294967296",
            "anyPolicy",
            long.as_str(),
        ] {
            assert_eq!(text.parse::<PolicyOid>(), Err(PolicyOidError), "{text}");
        }
    }
}

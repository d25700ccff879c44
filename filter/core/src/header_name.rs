//! Names of headers that a credential may be put into.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use thiserror::Error;

/// Longest name, in bytes.
const MAX_LENGTH: usize = 128;

/// Headers that belong to the connection or to the gateway: RFC 9110 section 7.6.1, what HTTP
/// framing and routing are made of, and the gateway's own statement about its client.
pub(crate) const RESERVED: [&str; 11] = [
    "connection",
    "content-length",
    "host",
    "keep-alive",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "expect",
    "x-forwarded-client-cert",
];

/// The name of an end-to-end header, in lower case. Cloning costs no allocation.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct HeaderName(Arc<str>);

/// Why a text cannot name such a header.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum HeaderNameError {
    /// Empty or too long.
    #[error("a header name has 1 to {MAX_LENGTH} bytes, this one has {0}")]
    Length(usize),
    /// HTTP/2 control data, not a header.
    #[error("a name that starts with ':' is no header")]
    Pseudo,
    /// RFC 9110 section 5.6.2: not a `tchar`.
    #[error("character {0:?} is not allowed in a header name")]
    Character(char),
    /// Of the connection or of the gateway itself.
    #[error("{0} belongs to the connection or the gateway, nothing can be injected there")]
    Reserved(&'static str),
}

impl HeaderName {
    /// `authorization`.
    pub(crate) fn authorization() -> Self {
        Self::ours("authorization")
    }

    /// One that the filter sets on its own account, in lower case.
    pub(crate) fn ours(name: &'static str) -> Self {
        Self(name.into())
    }

    /// The name, in lower case.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for HeaderName {
    type Err = HeaderNameError;

    fn from_str(text: &str) -> Result<Self, HeaderNameError> {
        if text.is_empty() || text.len() > MAX_LENGTH {
            return Err(HeaderNameError::Length(text.len()));
        }
        if text.starts_with(':') {
            return Err(HeaderNameError::Pseudo);
        }
        if let Some(character) = text.chars().find(|&character| !is_token(character)) {
            return Err(HeaderNameError::Character(character));
        }
        let name = text.to_ascii_lowercase();
        match RESERVED.into_iter().find(|reserved| *reserved == name) {
            Some(reserved) => Err(HeaderNameError::Reserved(reserved)),
            None => Ok(Self(name.into())),
        }
    }
}

impl fmt::Display for HeaderName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

const fn is_token(character: char) -> bool {
    character.is_ascii_alphanumeric()
        || matches!(
            character,
            '!' | '#'
                | '$'
                | '%'
                | '&'
                | '\''
                | '*'
                | '+'
                | '-'
                | '.'
                | '^'
                | '_'
                | '`'
                | '|'
                | '~'
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_kept_in_lower_case() {
        assert_eq!(
            "X-Api-Key".parse::<HeaderName>().unwrap().as_str(),
            "x-api-key"
        );
    }

    #[test]
    fn what_belongs_to_the_connection_or_the_gateway_is_refused_in_any_spelling() {
        for name in RESERVED {
            assert_eq!(
                name.to_ascii_uppercase().parse::<HeaderName>(),
                Err(HeaderNameError::Reserved(name))
            );
        }
        assert_eq!(":path".parse::<HeaderName>(), Err(HeaderNameError::Pseudo));
    }

    #[test]
    fn characters_that_could_end_the_name_are_refused() {
        for text in ["a b", "a:", "a\r\nb", "a\0", "ä"] {
            assert!(
                matches!(
                    text.parse::<HeaderName>(),
                    Err(HeaderNameError::Character(_))
                ),
                "{text:?}"
            );
        }
        assert_eq!("".parse::<HeaderName>(), Err(HeaderNameError::Length(0)));
    }
}

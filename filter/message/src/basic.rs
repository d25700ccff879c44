//! `Authorization: Basic` (RFC 7617).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sallyport_model::SecretString;
use thiserror::Error;
use zeroize::Zeroizing;

use crate::key::MAX_KEYS;
use crate::presented::{Digest, digest, position};
use crate::request::Request;

/// Longest header value that is looked at, in bytes.
pub const MAX_BYTES: usize = 4 * 1024;

/// Why a caller is not let in, or nobody could be. Says nothing of what was presented.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum BasicError {
    /// The request has no `authorization`.
    #[error("no credentials")]
    Absent,
    /// More than one: which one other hops look at cannot be known.
    #[error("{0} headers with credentials")]
    Repeated(usize),
    /// Longer than [`MAX_BYTES`].
    #[error("credentials of {0} bytes, at most {MAX_BYTES} are looked at")]
    TooLong(usize),
    /// Another scheme.
    #[error("credentials of another scheme than Basic")]
    Scheme,
    /// Section 2: not base64 of user name, colon, password in UTF-8.
    #[error("credentials that are no base64 of user name, colon and password")]
    Syntax,
    /// Section 2: a control character.
    #[error("a control character in the credentials")]
    Control,
    /// None of the accepted pairs. Whether the user name exists is not told, not even by the time.
    #[error("user name and password are none of the accepted ones")]
    Wrong,
    /// Nothing is accepted, a pair that could not be presented, or more than [`MAX_KEYS`].
    #[error(
        "1 to {MAX_KEYS} pairs can be accepted, with a password, without a colon in the user name, without control characters"
    )]
    Accepted,
}

/// User name and password of one caller.
pub struct BasicCredentials {
    text: Zeroizing<String>,
    /// Where the colon is.
    colon: usize,
}

impl BasicCredentials {
    /// Reads the value of an `authorization` header.
    ///
    /// # Errors
    /// See [`BasicError`].
    pub fn parse(value: &[u8]) -> Result<Self, BasicError> {
        if value.len() > MAX_BYTES {
            return Err(BasicError::TooLong(value.len()));
        }
        let (scheme, rest) = value.split_at_checked(5).ok_or(BasicError::Scheme)?;
        if !scheme.eq_ignore_ascii_case(b"basic") || !rest.starts_with(b" ") {
            return Err(BasicError::Scheme);
        }
        let decoded = STANDARD
            .decode(rest.trim_ascii())
            .map(Zeroizing::new)
            .map_err(|_| BasicError::Syntax)?;
        let text = std::str::from_utf8(&decoded).map_err(|_| BasicError::Syntax)?;
        let colon = text.find(':').ok_or(BasicError::Syntax)?;
        if text.chars().any(char::is_control) {
            return Err(BasicError::Control);
        }
        Ok(Self {
            text: Zeroizing::new(text.to_owned()),
            colon,
        })
    }

    /// Up to the first colon.
    pub fn username(&self) -> &str {
        self.text.get(..self.colon).unwrap_or_default()
    }

    fn password(&self) -> &str {
        self.text.get(self.colon + 1..).unwrap_or_default()
    }
}

/// The pairs that are accepted, as digests.
#[derive(Clone)]
pub struct BasicPairs(Vec<Digest>);

impl BasicPairs {
    /// Takes the digests of user names and passwords, for example of `UsernamePassword` secrets in
    /// their current and previous versions.
    ///
    /// # Errors
    /// [`BasicError::Accepted`].
    pub fn new<'a>(
        pairs: impl IntoIterator<Item = (&'a str, &'a SecretString)>,
    ) -> Result<Self, BasicError> {
        let mut digests = Vec::new();
        for (username, password) in pairs {
            let password = password.expose();
            let refused = username.contains(':')
                || password.is_empty()
                || username
                    .chars()
                    .chain(password.chars())
                    .any(char::is_control);
            if refused || digests.len() == MAX_KEYS {
                return Err(BasicError::Accepted);
            }
            digests.push(digest(&[username.as_bytes(), password.as_bytes()]));
        }
        match digests.is_empty() {
            true => Err(BasicError::Accepted),
            false => Ok(Self(digests)),
        }
    }

    /// Which of the pairs the request's `authorization` holds.
    ///
    /// # Errors
    /// See [`BasicError`].
    pub fn check(&self, request: &Request<'_>) -> Result<usize, BasicError> {
        let mut values = request.values("authorization");
        let value = values.next().ok_or(BasicError::Absent)?;
        match values.count() {
            0 => self.check_credentials(&BasicCredentials::parse(value)?),
            more => Err(BasicError::Repeated(more + 1)),
        }
    }

    /// Which of the pairs these are.
    ///
    /// # Errors
    /// [`BasicError::Wrong`].
    pub fn check_credentials(&self, presented: &BasicCredentials) -> Result<usize, BasicError> {
        let presented = digest(&[
            presented.username().as_bytes(),
            presented.password().as_bytes(),
        ]);
        position(&self.0, &presented).ok_or(BasicError::Wrong)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pairs(pairs: &[(&str, &str)]) -> Result<BasicPairs, BasicError> {
        let pairs: Vec<_> = pairs
            .iter()
            .map(|(name, password)| (*name, SecretString::new((*password).to_owned())))
            .collect();
        BasicPairs::new(pairs.iter().map(|(name, password)| (*name, password)))
    }

    fn check(pairs: &BasicPairs, value: &str) -> Result<usize, BasicError> {
        pairs.check_credentials(&BasicCredentials::parse(value.as_bytes())?)
    }

    fn basic(text: &str) -> String {
        format!("Basic {}", STANDARD.encode(text))
    }

    /// RFC 7617 sections 2 and 2.1.
    #[test]
    fn the_examples_of_rfc_7617_are_let_in() {
        let pairs = pairs(&[("Aladdin", "open sesame"), ("test", "123\u{a3}")]).unwrap();
        assert_eq!(check(&pairs, "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="), Ok(0));
        assert_eq!(check(&pairs, "bAsIc   dGVzdDoxMjPCow=="), Ok(1));
    }

    #[test]
    fn only_whole_pairs_are_let_in() {
        let pairs = pairs(&[("anna", "a:1"), ("bert", "b2"), ("", "nameless")]).unwrap();
        assert_eq!(check(&pairs, &basic("anna:a:1")), Ok(0));
        assert_eq!(check(&pairs, &basic(":nameless")), Ok(2));
        for wrong in [
            "anna:b2",
            "bert:a:1",
            "anna:a:",
            "Anna:a:1",
            "anna:",
            ":",
            "anna:a:1 ",
        ] {
            assert_eq!(
                check(&pairs, &basic(wrong)),
                Err(BasicError::Wrong),
                "{wrong}"
            );
        }
    }

    #[test]
    fn what_is_no_basic_header_is_refused() {
        for (value, error) in [
            ("", BasicError::Scheme),
            ("Basic", BasicError::Scheme),
            ("BasicQTpi", BasicError::Scheme),
            ("Bearer QTpi", BasicError::Scheme),
            ("Basic ", BasicError::Syntax),
            ("Basic QTpi QTpi", BasicError::Syntax),
            ("Basic QTp", BasicError::Syntax),
            ("Basic QTpj=", BasicError::Syntax),
            ("Basic /w==", BasicError::Syntax),
            ("Basic QUI=", BasicError::Syntax),
        ] {
            assert_eq!(
                BasicCredentials::parse(value.as_bytes()).err(),
                Some(error),
                "{value}"
            );
        }
        assert_eq!(
            BasicCredentials::parse(basic("a\0:b").as_bytes()).err(),
            Some(BasicError::Control)
        );
        let long = basic(&"a:".repeat(MAX_BYTES));
        assert_eq!(
            BasicCredentials::parse(long.as_bytes()).err(),
            Some(BasicError::TooLong(long.len()))
        );
    }

    #[test]
    fn pairs_that_nobody_could_present_are_refused() {
        for accepted in [&[][..], &[("a", "")], &[("a:b", "c")], &[("a", "b\n")]] {
            assert_eq!(pairs(accepted).err(), Some(BasicError::Accepted));
        }
    }
}

//! Where certificate revocation lists come from, and how often.

use std::fmt;
use std::str::FromStr;

use http::Uri;
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// An `http` or `https` address without user name or password, valid by construction.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct CrlUrl(String);

/// Why a text is no such address. It is not repeated: it may hold a password.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum CrlUrlError {
    /// More bytes than allowed.
    #[error("is a URL of at most {} bytes", CrlUrl::MAX_LENGTH)]
    TooLong,
    /// Not a URL with a host.
    #[error("is a URL such as http://crl.example.com/ca.crl, in ASCII")]
    Malformed,
    /// Another scheme.
    #[error("is a URL that starts with http:// or https://")]
    Scheme,
    /// User name or password in front of the host.
    #[error("is a URL without a user name or password")]
    UserInfo,
    /// `#` and something.
    #[error("is a URL without a fragment (#)")]
    Fragment,
    /// A port that is no port.
    #[error("is a URL whose port, if any, is 1 to 65535")]
    Port,
}

/// Minutes between two downloads of a list, 2 to 1000.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "u64", into = "u16")]
pub struct CrlRefresh(u16);

/// A number of minutes outside the range.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error(
    "is a number of minutes from {} to {}",
    CrlRefresh::MIN,
    CrlRefresh::MAX
)]
pub struct CrlRefreshError;

impl CrlUrl {
    const MAX_LENGTH: usize = 2048;

    /// The address as it was given.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for CrlUrl {
    type Err = CrlUrlError;

    fn from_str(text: &str) -> Result<Self, CrlUrlError> {
        if text.len() > Self::MAX_LENGTH {
            return Err(CrlUrlError::TooLong);
        }
        if !text.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(CrlUrlError::Malformed);
        }
        if text.contains('#') {
            return Err(CrlUrlError::Fragment);
        }
        let uri: Uri = text.parse().map_err(|_| CrlUrlError::Malformed)?;
        match uri.scheme_str() {
            Some("http" | "https") => {}
            Some(_) => return Err(CrlUrlError::Scheme),
            None => return Err(CrlUrlError::Malformed),
        }
        let authority = uri.authority().ok_or(CrlUrlError::Malformed)?;
        if authority.as_str().contains('@') {
            return Err(CrlUrlError::UserInfo);
        }
        if authority.host().is_empty() {
            return Err(CrlUrlError::Malformed);
        }
        // A port that is none reads as no port; what is left of the authority shows it.
        let port = authority.as_str().len() > authority.host().len();
        if port && authority.port_u16().is_none_or(|port| port == 0) {
            return Err(CrlUrlError::Port);
        }
        Ok(Self(text.to_owned()))
    }
}

impl CrlRefresh {
    const MIN: u64 = 2;
    const MAX: u64 = 1000;

    /// The number of minutes.
    pub const fn minutes(self) -> u16 {
        self.0
    }
}

impl TryFrom<u64> for CrlRefresh {
    type Error = CrlRefreshError;

    fn try_from(minutes: u64) -> Result<Self, CrlRefreshError> {
        match u16::try_from(minutes) {
            Ok(short) if (Self::MIN..=Self::MAX).contains(&minutes) => Ok(Self(short)),
            _ => Err(CrlRefreshError),
        }
    }
}

impl From<CrlRefresh> for u16 {
    fn from(refresh: CrlRefresh) -> Self {
        refresh.0
    }
}

impl TryFrom<String> for CrlUrl {
    type Error = CrlUrlError;

    fn try_from(text: String) -> Result<Self, CrlUrlError> {
        text.parse()
    }
}

impl From<CrlUrl> for String {
    fn from(url: CrlUrl) -> Self {
        url.0
    }
}

impl fmt::Display for CrlUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn addresses_of_lists_are_accepted() {
        for text in [
            "http://crl.example.com/ca.crl",
            "https://10.0.0.7:8443/crl?ca=1&part=2",
            "HTTP://[2001:db8::1]/x",
            "http://[2001:db8::1]:80",
        ] {
            assert_eq!(text.parse::<CrlUrl>().unwrap().as_str(), text);
        }
    }

    #[test]
    fn other_addresses_are_refused_with_the_reason() {
        let long = format!("http://a/{}", "x".repeat(2048));
        for (text, error) in [
            ("", CrlUrlError::Malformed),
            ("crl.example.com/ca.crl", CrlUrlError::Malformed),
            ("/ca.crl", CrlUrlError::Malformed),
            ("http://", CrlUrlError::Malformed),
            ("http:///ca.crl", CrlUrlError::Malformed),
            ("http://a b/", CrlUrlError::Malformed),
            ("http://a/\u{e4}", CrlUrlError::Malformed),
            ("http://a/\r\nx", CrlUrlError::Malformed),
            ("ldap://a/cn=x", CrlUrlError::Scheme),
            ("file://host/etc/passwd", CrlUrlError::Scheme),
            ("http://me:secret@a/", CrlUrlError::UserInfo),
            ("http://me@a/", CrlUrlError::UserInfo),
            ("http://a/#x", CrlUrlError::Fragment),
            ("http://a:0/", CrlUrlError::Port),
            ("http://a:99999/", CrlUrlError::Port),
            ("http://a:/", CrlUrlError::Port),
            (&long, CrlUrlError::TooLong),
        ] {
            assert_eq!(text.parse::<CrlUrl>(), Err(error), "{text}");
        }
    }

    #[test]
    fn lists_are_refreshed_every_2_to_1000_minutes() {
        for (minutes, accepted) in [
            (0, false),
            (1, false),
            (2, true),
            (1000, true),
            (1001, false),
        ] {
            assert_eq!(CrlRefresh::try_from(minutes).is_ok(), accepted, "{minutes}");
        }
        assert_eq!(CrlRefresh::try_from(65_536 + 2), Err(CrlRefreshError));
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in ".{0,200}") {
            let _ = text.parse::<CrlUrl>();
        }
    }
}

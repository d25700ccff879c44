//! Where a list is: the parts of a URL that a client needs, and where a redirect may lead.

use std::fmt;

use axum::http::Uri;
use sallyport_model::CrlUrl;

use super::failure::FetchFailure;

/// With or without TLS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scheme {
    Http,
    Https,
}

/// A place on a host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Location {
    pub(super) scheme: Scheme,
    /// In lower case; an IPv6 address without brackets.
    pub(super) host: String,
    pub(super) port: u16,
    /// Path and query, in origin form.
    pub(super) target: String,
}

impl Scheme {
    const fn port(self) -> u16 {
        match self {
            Self::Http => 80,
            Self::Https => 443,
        }
    }

    const fn as_str(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Https => "https",
        }
    }
}

impl Location {
    /// The place of a URL. `None` for none that a distributor can have.
    pub(super) fn of(url: &CrlUrl) -> Option<Self> {
        let uri: Uri = url.as_str().parse().ok()?;
        let scheme = match uri.scheme_str()? {
            "http" => Scheme::Http,
            "https" => Scheme::Https,
            _ => return None,
        };
        let host = uri.host()?.to_ascii_lowercase();
        let host = host.trim_start_matches('[').trim_end_matches(']');
        Some(Self {
            scheme,
            host: host.to_owned(),
            port: uri.port_u16().unwrap_or(scheme.port()),
            target: uri
                .path_and_query()
                .map_or("/", |target| target.as_str())
                .to_owned(),
        })
    }

    /// Where a redirect leads: to another place on the same host and port, or to its standard port for
    /// TLS. Everything else is refused.
    pub(super) fn redirected(&self, to: &str) -> Result<Self, FetchFailure> {
        let refused = || FetchFailure::Redirect;
        let url = if let Some(rest) = to.strip_prefix("//") {
            format!("{}://{rest}", self.scheme.as_str())
        } else if to.starts_with('/') {
            format!("{self}{to}")
        } else if to.contains("://") {
            to.to_owned()
        } else {
            return Err(refused());
        };
        let url: CrlUrl = url.parse().map_err(|_| refused())?;
        let next = Self::of(&url).ok_or_else(refused)?;
        let upgraded = (self.scheme, next.scheme) == (Scheme::Http, Scheme::Https)
            && (self.port, next.port) == (Scheme::Http.port(), Scheme::Https.port());
        let stays = (self.scheme, self.port) == (next.scheme, next.port);
        match next.host == self.host && (stays || upgraded) {
            true => Ok(next),
            false => Err(refused()),
        }
    }

    /// What the Host field says.
    pub(super) fn authority(&self) -> String {
        let host = match self.host.contains(':') {
            true => format!("[{}]", self.host),
            false => self.host.clone(),
        };
        match self.port == self.scheme.port() {
            true => host,
            false => format!("{host}:{}", self.port),
        }
    }
}

impl fmt::Display for Location {
    /// Scheme and authority, without the target.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}", self.scheme.as_str(), self.authority())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(url: &str) -> Location {
        Location::of(&url.parse().unwrap()).unwrap()
    }

    #[test]
    fn a_url_is_a_place_on_a_host() {
        for (url, host, port, target, authority) in [
            ("http://A.example/x?y", "a.example", 80, "/x?y", "a.example"),
            ("HTTPS://a", "a", 443, "/", "a"),
            ("https://[::1]:8443/x", "::1", 8443, "/x", "[::1]:8443"),
            (
                "http://10.0.0.7:8080/x",
                "10.0.0.7",
                8080,
                "/x",
                "10.0.0.7:8080",
            ),
            ("http://a:443/", "a", 443, "/", "a:443"),
        ] {
            let found = at(url);
            assert_eq!(
                (found.host.as_str(), found.port, found.target.as_str()),
                (host, port, target)
            );
            assert_eq!(found.authority(), authority);
        }
    }

    #[test]
    fn a_redirect_stays_on_the_host() {
        let from = at("http://crl.example/old/ca.crl");
        for (to, there) in [
            ("/new.crl", "http://crl.example/new.crl"),
            ("http://CRL.example/new.crl", "http://crl.example/new.crl"),
            ("//crl.example/new.crl", "http://crl.example/new.crl"),
            ("https://crl.example/new.crl", "https://crl.example/new.crl"),
        ] {
            assert_eq!(from.redirected(to).unwrap(), at(there), "{to}");
        }
    }

    #[test]
    fn a_redirect_to_anywhere_else_is_refused() {
        let from = at("https://crl.example/ca.crl");
        for to in [
            "",
            "new.crl",
            "https://other.example/ca.crl",
            "//other.example/ca.crl",
            "https://crl.example.evil.test/",
            "https://crl.example:8443/ca.crl",
            "https://crl.example@evil.test/",
            "http://crl.example/ca.crl",
            "ldap://crl.example/cn=ca",
            "file:///etc/passwd",
            "gopher://crl.example/",
            "https://crl.example/#x",
            "https://crl.example/a b",
            "/x\r\nHost: evil",
            "http://169.254.169.254/latest",
        ] {
            assert!(from.redirected(to).is_err(), "{to}");
        }
        let odd = at("http://crl.example:8080/ca.crl");
        assert!(odd.redirected("https://crl.example/ca.crl").is_err());
    }

    proptest! {
        #[test]
        fn no_redirect_leaves_the_host(to in ".{0,80}") {
            let from = at("http://crl.example/ca.crl");
            if let Ok(next) = from.redirected(&to) {
                prop_assert_eq!(next.host, from.host);
            }
        }
    }
}

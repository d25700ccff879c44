//! Patterns that names are held against.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use super::dns_name::{DnsName, DnsNameError};
use super::email_address::{EmailAddress, EmailAddressError};
use super::peer_name::PeerName;
use super::spiffe_id::{SpiffeIdError, SpiffePattern};

/// Longest URI, in bytes.
const MAX_URI_BYTES: usize = 2048;

/// One name, or names of one form. Never a regular expression: every character stands for itself,
/// but a `*` in place of the first label of a host name or of the rest of a SPIFFE path.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum NamePattern {
    /// `dns:partner.example`: this host name.
    Dns(DnsName),
    /// `dns:*.partner.example`: this name below exactly one label.
    DnsBelow(DnsName),
    /// `uri:https://partner.example/app`: this URI, byte for byte.
    Uri(String),
    /// `spiffe://td/ns/app` or `spiffe://td/ns/*`: workloads.
    Spiffe(SpiffePattern),
    /// `email:app@partner.example`: this address.
    Email(EmailAddress),
    /// `ip:192.0.2.1`: this address.
    Ip(IpAddr),
}

/// Why a text is not a pattern.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NamePatternError {
    /// No type in front.
    #[error("a name starts with dns:, uri:, spiffe://, email: or ip:")]
    Type,
    /// Not a host name.
    #[error(transparent)]
    Dns(#[from] DnsNameError),
    /// A wildcard that would stand for other people's names.
    #[error("a wildcard stands for the first label, before at least two more")]
    Wildcard,
    /// Not a URI.
    #[error("a URI has a scheme and at most {MAX_URI_BYTES} visible ASCII characters")]
    Uri,
    /// A SPIFFE ID that would escape the rules for SPIFFE IDs.
    #[error("a SPIFFE ID is written without uri: in front")]
    SpiffeUri,
    /// Not a SPIFFE ID, nor a pattern for some.
    #[error(transparent)]
    Spiffe(#[from] SpiffeIdError),
    /// Not an e-mail address.
    #[error(transparent)]
    Email(#[from] EmailAddressError),
    /// Not an address.
    #[error("an IPv4 or IPv6 address is wanted behind ip:")]
    Ip,
}

impl NamePattern {
    /// Whether the name is meant. SPIFFE patterns are about whole certificates, not about a name:
    /// see [`super::AllowedNames`].
    pub(super) fn matches(&self, name: &PeerName) -> bool {
        match (self, name) {
            (Self::Dns(wanted), PeerName::Dns(name)) => wanted == name,
            (Self::DnsBelow(parent), PeerName::Dns(name)) => name.parent() == Some(parent.as_str()),
            (Self::Uri(wanted), PeerName::Uri(uri)) => wanted == uri,
            (Self::Email(wanted), PeerName::Email(address)) => wanted == address,
            (Self::Ip(wanted), PeerName::Ip(address)) => wanted == address,
            _ => false,
        }
    }
}

impl FromStr for NamePattern {
    type Err = NamePatternError;

    fn from_str(text: &str) -> Result<Self, NamePatternError> {
        if text.starts_with("spiffe:") {
            return Ok(Self::Spiffe(text.parse()?));
        }
        let (kind, name) = text.split_once(':').ok_or(NamePatternError::Type)?;
        match kind {
            "dns" => dns(name),
            "uri" => uri(name),
            "email" => Ok(Self::Email(name.parse()?)),
            "ip" => {
                let address = name.parse();
                address.map(Self::Ip).map_err(|_| NamePatternError::Ip)
            }
            _ => Err(NamePatternError::Type),
        }
    }
}

fn dns(name: &str) -> Result<NamePattern, NamePatternError> {
    let Some(parent) = name.strip_prefix("*.") else {
        return if name.contains('*') {
            Err(NamePatternError::Wildcard)
        } else {
            Ok(NamePattern::Dns(name.parse()?))
        };
    };
    if parent.contains('*') {
        return Err(NamePatternError::Wildcard);
    }
    let parent: DnsName = parent.parse()?;
    // `*.com` would be everybody's.
    match parent.parent() {
        Some(_) => Ok(NamePattern::DnsBelow(parent)),
        None => Err(NamePatternError::Wildcard),
    }
}

fn uri(text: &str) -> Result<NamePattern, NamePatternError> {
    let (scheme, rest) = text.split_once(':').ok_or(NamePatternError::Uri)?;
    let in_scheme = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.');
    let well_formed = scheme.starts_with(|first: char| first.is_ascii_alphabetic())
        && scheme.bytes().all(in_scheme)
        && !rest.is_empty()
        && text.len() <= MAX_URI_BYTES
        && text.bytes().all(|byte| byte.is_ascii_graphic());
    if !well_formed {
        Err(NamePatternError::Uri)
    } else if scheme.eq_ignore_ascii_case("spiffe") {
        Err(NamePatternError::SpiffeUri)
    } else {
        Ok(NamePattern::Uri(text.to_owned()))
    }
}

impl fmt::Display for NamePattern {
    /// What [`FromStr`] reads.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Dns(name) => write!(f, "dns:{name}"),
            Self::DnsBelow(parent) => write!(f, "dns:*.{parent}"),
            Self::Uri(uri) => write!(f, "uri:{uri}"),
            Self::Spiffe(pattern) => pattern.fmt(f),
            Self::Email(address) => write!(f, "email:{address}"),
            Self::Ip(address) => write!(f, "ip:{address}"),
        }
    }
}

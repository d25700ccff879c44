//! The names in a certificate.

use std::fmt;
use std::net::IpAddr;

use super::dns_name::DnsName;
use super::email_address::EmailAddress;
use crate::certificate::Certificate;
use crate::extensions::AltName;

/// A name a certificate vouches for. Names of different types are never the same name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PeerName {
    /// dNSName.
    Dns(DnsName),
    /// uniformResourceIdentifier, exactly as it is written.
    Uri(String),
    /// rfc822Name.
    Email(EmailAddress),
    /// iPAddress.
    Ip(IpAddr),
}

impl PeerName {
    /// The subject alternative names that name somebody, in order. What does not is left out:
    /// wildcards (they stand for many), host names with odd characters or a trailing dot, quoted
    /// mailboxes, and the types nobody is named by (otherName, directoryName).
    pub fn all_of(certificate: &Certificate) -> Vec<Self> {
        let names = certificate.extensions().subject_alt_name.iter();
        names
            .flat_map(|names| &names.value)
            .filter_map(|name| match name {
                AltName::Dns(name) => name.parse().ok().map(Self::Dns),
                AltName::Uri(uri) => Some(Self::Uri(uri.clone())),
                AltName::Email(address) => address.parse().ok().map(Self::Email),
                AltName::Ip(address) => Some(Self::Ip(*address)),
                _ => None,
            })
            .collect()
    }
}

impl fmt::Display for PeerName {
    /// The type in front, as OpenSSL prints it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Dns(name) => write!(f, "DNS:{name}"),
            Self::Uri(uri) => write!(f, "URI:{uri}"),
            Self::Email(address) => write!(f, "email:{address}"),
            Self::Ip(address) => write!(f, "IP:{address}"),
        }
    }
}

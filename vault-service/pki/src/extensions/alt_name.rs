//! Subject alternative names.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use x509_parser::extensions::GeneralName;

use crate::certificate::CertificateError;
use crate::distinguished_name::{self, DirectoryName};

/// One subject alternative name (RFC 5280 section 4.2.1.6).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum AltName {
    Dns(String),
    Email(String),
    Uri(String),
    Ip(IpAddr),
    Directory {
        name: DirectoryName,
        text: String,
    },
    /// A form that is not looked into.
    Other {
        /// Number of the alternative in `GeneralName`.
        form: u8,
        text: String,
    },
}

impl AltName {
    pub(super) fn read(name: &GeneralName<'_>) -> Result<Self, CertificateError> {
        let other = |form, text| Self::Other { form, text };
        Ok(match name {
            GeneralName::DNSName(name) => Self::Dns(ia5_string(name)?),
            GeneralName::URI(uri) => Self::Uri(ia5_string(uri)?),
            GeneralName::RFC822Name(address) => Self::Email(ia5_string(address)?),
            GeneralName::IPAddress(octets) => Self::Ip(ip_address(octets)?),
            GeneralName::DirectoryName(name) => Self::Directory {
                name: DirectoryName::read(name),
                text: distinguished_name::to_rfc4514(name),
            },
            GeneralName::OtherName(oid, _) => other(0, format!("otherName:{}", oid.to_id_string())),
            GeneralName::X400Address(_) => other(3, "x400Address".to_owned()),
            GeneralName::EDIPartyName(_) => other(5, "ediPartyName".to_owned()),
            GeneralName::RegisteredID(oid) => other(8, format!("RID:{}", oid.to_id_string())),
            GeneralName::Invalid(..) => return Err(CertificateError::MalformedSubjectAltName),
        })
    }

    /// Whether it is this DNS name or IP address, written the same way but for case.
    pub(crate) fn is_host(&self, host: &str) -> bool {
        match self {
            Self::Dns(name) => name.eq_ignore_ascii_case(host),
            Self::Ip(address) => address.to_string() == host,
            Self::Email(_) | Self::Uri(_) | Self::Directory { .. } | Self::Other { .. } => false,
        }
    }

    /// The name with its kind in front, as OpenSSL prints it.
    pub(crate) fn text(&self) -> String {
        match self {
            Self::Dns(name) => format!("DNS:{name}"),
            Self::Email(address) => format!("email:{address}"),
            Self::Uri(uri) => format!("URI:{uri}"),
            Self::Ip(address) => format!("IP:{address}"),
            Self::Directory { text, .. } => format!("dirName:{text}"),
            Self::Other { text, .. } => text.clone(),
        }
    }
}

/// Only printable ASCII: an embedded NUL or line break has made other validators read another name
/// than the one that was signed (CVE-2026-47778 in Envoy).
fn ia5_string(text: &str) -> Result<String, CertificateError> {
    if text.bytes().all(|byte| (0x20..0x7f).contains(&byte)) {
        Ok(text.to_owned())
    } else {
        Err(CertificateError::MalformedSubjectAltName)
    }
}

fn ip_address(octets: &[u8]) -> Result<IpAddr, CertificateError> {
    if let Ok(octets) = <[u8; 4]>::try_from(octets) {
        return Ok(Ipv4Addr::from(octets).into());
    }
    match <[u8; 16]>::try_from(octets) {
        Ok(octets) => Ok(Ipv6Addr::from(octets).into()),
        Err(_) => Err(CertificateError::MalformedSubjectAltName),
    }
}

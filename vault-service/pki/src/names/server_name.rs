//! Is this server the one we meant? (RFC 6125, RFC 9525)

use std::net::IpAddr;

use rustls_pki_types::{CertificateDer, ServerName};
use webpki::EndEntityCert;

use super::dns_name::DnsName;
use crate::certificate::Certificate;
use crate::extensions::AltName;

/// Why a certificate does not belong to a server name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ServerNameError {
    /// The wanted name is neither a DNS name nor an IP address.
    #[error("`{name}` is neither a DNS name nor an IP address")]
    InvalidName {
        /// What was wanted.
        name: String,
    },
    /// No subject alternative name matches.
    #[error("the certificate is not for `{name}` but for {}", presented.join(", "))]
    Mismatch {
        /// What was wanted.
        name: String,
        /// What the certificate has, each with its kind; empty if it has no names.
        presented: Vec<String>,
    },
}

impl ServerNameError {
    /// Stable name of the reason, `snake_case`.
    pub fn code(&self) -> &'static str {
        match self {
            Self::InvalidName { .. } => "invalid_server_name",
            Self::Mismatch { .. } => "server_name_mismatch",
        }
    }
}

/// Whether `name` (a DNS name or an IP address) is among the subject alternative names. The common
/// name is never looked at; a wildcard stands for exactly one, leftmost label.
///
/// This says nothing about trust: verify the path as well.
///
/// # Errors
/// The name is invalid or the certificate is for somebody else.
pub fn verify_server_name(peer: &Certificate, name: &str) -> Result<(), ServerNameError> {
    let server_name = ServerName::try_from(name).map_err(|_| ServerNameError::InvalidName {
        name: name.to_owned(),
    })?;
    let der = CertificateDer::from(peer.der());
    let named = match EndEntityCert::try_from(&der) {
        Ok(end_entity) => end_entity
            .verify_is_valid_for_subject_name(&server_name)
            .is_ok(),
        // Critical certificate policies, which webpki does not read and path validation does.
        Err(_) => is_named(peer, &server_name),
    };
    named
        .then_some(())
        .ok_or_else(|| ServerNameError::Mismatch {
            name: name.to_owned(),
            presented: peer.details().subject_alternative_name,
        })
}

fn is_named(peer: &Certificate, wanted: &ServerName<'_>) -> bool {
    let names = peer.extensions().subject_alt_name.iter();
    let mut names = names.flat_map(|names| &names.value);
    match wanted {
        ServerName::DnsName(wanted) => wanted.as_ref().parse::<DnsName>().is_ok_and(|wanted| {
            names.any(|name| matches!(name, AltName::Dns(name) if stands_for(name, &wanted)))
        }),
        ServerName::IpAddress(wanted) => {
            let wanted = IpAddr::from(*wanted);
            names.any(|name| matches!(name, AltName::Ip(address) if *address == wanted))
        }
        _ => false,
    }
}

/// Whether a name in a certificate is the wanted one, or the wildcard next to it. A wildcard stands
/// for the hosts of a domain, not for the domains of a suffix without a dot.
fn stands_for(presented: &str, wanted: &DnsName) -> bool {
    match presented.strip_prefix("*.") {
        None => presented.parse().as_ref() == Ok(wanted),
        Some(domain) => domain.parse::<DnsName>().is_ok_and(|domain| {
            domain.parent().is_some() && wanted.parent() == Some(domain.as_str())
        }),
    }
}

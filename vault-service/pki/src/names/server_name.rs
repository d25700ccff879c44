//! Is this server the one we meant? (RFC 6125, RFC 9525)

use rustls_pki_types::{CertificateDer, ServerName};
use webpki::EndEntityCert;

use crate::certificate::Certificate;

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
    /// The certificate cannot be used for TLS at all.
    #[error("the certificate cannot be used to authenticate a server")]
    Unusable,
}

impl ServerNameError {
    /// Stable name of the reason, `snake_case`.
    pub fn code(&self) -> &'static str {
        match self {
            Self::InvalidName { .. } => "invalid_server_name",
            Self::Mismatch { .. } => "server_name_mismatch",
            Self::Unusable => "unusable_certificate",
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
    let end_entity = EndEntityCert::try_from(&der).map_err(|_| ServerNameError::Unusable)?;
    end_entity
        .verify_is_valid_for_subject_name(&server_name)
        .map_err(|_| ServerNameError::Mismatch {
            name: name.to_owned(),
            presented: peer.details().subject_alternative_name,
        })
}

//! Why a path is refused for revocation.

use crate::path_error::PathError;
use crate::revocation::reason::RevocationReason;
use crate::unix_time::UnixTime;

/// A certificate of a path that is revoked, or not known not to be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("certificate `{subject}`: {cause}")]
pub struct RevocationError {
    /// Subject of the certificate.
    pub subject: String,
    /// What is the matter with it.
    pub cause: RevocationCause,
}

/// What is the matter with a certificate.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RevocationCause {
    /// A CRL lists it.
    #[error("serial number {serial} was revoked at {at} ({reason})")]
    Revoked {
        /// Lower case hexadecimal.
        serial: String,
        /// When it was revoked.
        at: UnixTime,
        /// Why.
        reason: RevocationReason,
    },
    /// No CRL of its issuer is about it.
    #[error("no CRL tells whether it is revoked")]
    Unknown,
    /// The CRLs about it are past their nextUpdate.
    #[error("the CRL about it expired at {next_update} (checked at {at})")]
    CrlExpired {
        /// When the first of them expired.
        next_update: UnixTime,
        /// Moment of the check.
        at: UnixTime,
    },
    /// The part of a CRL in which it would be listed cannot be read. No policy allows that.
    #[error("a part of the CRL about it cannot be read")]
    Unreadable,
    /// What it says about its CRLs cannot be read.
    #[error("its CRL distribution points are malformed")]
    Malformed,
}

impl RevocationError {
    /// Stable name of the reason, `snake_case`.
    pub fn code(&self) -> &'static str {
        match self.cause {
            RevocationCause::Revoked { .. } => "certificate_revoked",
            RevocationCause::Unknown => "revocation_unknown",
            RevocationCause::Unreadable => "revocation_unreadable",
            RevocationCause::CrlExpired { .. } => "crl_expired",
            RevocationCause::Malformed => "malformed_distribution_points",
        }
    }
}

impl From<RevocationError> for PathError {
    fn from(error: RevocationError) -> Self {
        Self::Further {
            code: error.code(),
            message: error.cause.to_string(),
            subject: error.subject,
        }
    }
}

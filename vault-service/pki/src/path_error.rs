//! Why a path was refused.

use webpki::Error;

use crate::path::Usage;
use crate::profile::Rule;
use crate::public_key::KeyError;
use crate::unix_time::UnixTime;

/// Why no path leads from a peer's certificate to a trust anchor.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PathError {
    /// No trust anchor, and no intermediate, is the issuer.
    #[error("no path to a trust anchor: the issuer `{issuer}` is not known")]
    UnknownIssuer {
        /// Issuer named by the peer's certificate.
        issuer: String,
    },
    /// A certificate on the path, the anchor included, is past its validity.
    #[error("a certificate on the path expired at {not_after} (checked at {at})")]
    Expired {
        /// Moment of the check.
        at: UnixTime,
        /// Last moment of validity.
        not_after: UnixTime,
    },
    /// A certificate on the path, the anchor included, is not valid yet.
    #[error("a certificate on the path is not valid before {not_before} (checked at {at})")]
    NotYetValid {
        /// Moment of the check.
        at: UnixTime,
        /// First moment of validity.
        not_before: UnixTime,
    },
    /// Validity that ends before it begins.
    #[error("the validity of a certificate on the path ends before it begins")]
    InvalidValidity,
    /// The extended key usage of a certificate on the path does not include the purpose.
    #[error("a certificate on the path is not for {usage}")]
    WrongUsage {
        /// What it was to be used for.
        usage: Usage,
    },
    /// A signature does not match the issuer's key.
    #[error("a signature on the path is not valid")]
    InvalidSignature,
    /// A signature algorithm that is not accepted (SHA-1, DSA, curves other than P-256, P-384,
    /// P-521 and Ed25519, or one that does not fit the issuer's key).
    #[error("a signature algorithm on the path is not supported")]
    UnsupportedSignatureAlgorithm,
    /// A public key that is known to be in wrong hands.
    #[error("a public key on the path is distrusted")]
    DistrustedKey,
    /// A public key that is too weak or of an unknown kind.
    #[error("public key of `{subject}`: {error}")]
    WeakKey {
        /// Whose key.
        subject: String,
        /// What is wrong with it.
        error: KeyError,
    },
    /// The peer's certificate is a CA's.
    #[error("the peer's certificate `{subject}` is a CA certificate")]
    CaAsPeer {
        /// Subject of the peer's certificate.
        subject: String,
    },
    /// A certificate that is not a CA's signed another one.
    #[error("a certificate on the path was issued by one that is not a CA")]
    IssuerNotCa,
    /// More intermediates than a CA on the path allows.
    #[error("the path is longer than a CA on it allows")]
    PathLength,
    /// More intermediates than the rules allow.
    #[error(
        "the path has {depth} intermediate CAs, self-issued ones not counted: at most {limit} are allowed"
    )]
    TooDeep {
        /// Intermediate CAs that count.
        depth: usize,
        /// [`crate::PathRules::max_depth`].
        limit: usize,
    },
    /// A name outside of a CA's name constraints.
    #[error("a name is outside of the name constraints of a CA on the path")]
    NameConstraint,
    /// No policy that is acceptable, although one is required.
    #[error("the path has no acceptable certificate policy at `{subject}`")]
    NoAcceptablePolicy {
        /// Subject of the certificate at which none was left.
        subject: String,
    },
    /// RFC 5280 section 6.1.4 (a).
    #[error("the CA `{subject}` maps anyPolicy")]
    AnyPolicyMapped {
        /// Subject of the CA.
        subject: String,
    },
    /// A critical extension that is not processed here.
    #[error("a certificate on the path has a critical extension that is not supported")]
    UnsupportedCriticalExtension,
    /// A rule of RFC 5280 (or of good practice) that a certificate on the path breaks.
    #[error("certificate `{subject}`: {rule}")]
    Profile {
        /// Subject of the certificate.
        subject: String,
        /// The rule.
        rule: Rule,
    },
    /// [`crate::PathRules::further`] refused the path, revocation for example.
    #[error("certificate `{subject}`: {message}")]
    Further {
        /// Subject of the certificate.
        subject: String,
        /// Stable name of the reason, `snake_case`.
        code: &'static str,
        /// The reason, with evidence.
        message: String,
    },
    /// More intermediates were given than are looked at.
    #[error("{count} intermediate certificates: at most {limit} are accepted")]
    TooManyIntermediates {
        /// How many were given.
        count: usize,
        /// [`crate::PathRules::max_intermediates`].
        limit: usize,
    },
    /// Path building exceeded a limit on its work.
    #[error("path building exceeded a limit on signatures, candidates, names, policies or depth")]
    TooComplex,
    /// A certificate on the path is malformed, or not of version 3.
    #[error("a certificate on the path is malformed or not an X.509 version 3 certificate")]
    Malformed,
    /// Any other reason.
    #[error("the path was refused")]
    Refused,
}

impl PathError {
    /// Stable name of the reason, `snake_case`.
    pub fn code(&self) -> &'static str {
        match self {
            Self::UnknownIssuer { .. } => "unknown_issuer",
            Self::Expired { .. } => "certificate_expired",
            Self::NotYetValid { .. } => "certificate_not_yet_valid",
            Self::InvalidValidity => "invalid_validity",
            Self::WrongUsage { .. } => "wrong_usage",
            Self::InvalidSignature => "invalid_signature",
            Self::UnsupportedSignatureAlgorithm => "unsupported_signature_algorithm",
            Self::DistrustedKey => "distrusted_key",
            Self::WeakKey { .. } => "weak_key",
            Self::CaAsPeer { .. } => "ca_as_peer",
            Self::IssuerNotCa => "issuer_not_ca",
            Self::PathLength => "path_length",
            Self::TooDeep { .. } => "path_too_deep",
            Self::NameConstraint => "name_constraint",
            Self::NoAcceptablePolicy { .. } => "policy_not_acceptable",
            Self::AnyPolicyMapped { .. } => "policy_mapping_of_any_policy",
            Self::UnsupportedCriticalExtension => "unsupported_critical_extension",
            Self::Profile { rule, .. } => rule.code(),
            Self::Further { code, .. } => code,
            Self::TooManyIntermediates { .. } => "too_many_intermediates",
            Self::TooComplex => "too_complex",
            Self::Malformed => "malformed_certificate",
            Self::Refused => "path_refused",
        }
    }

    /// What webpki's reason means here. `issuer` and `subject` are the peer's.
    pub(crate) fn from_webpki(error: &Error, issuer: &str, subject: &str, usage: Usage) -> Self {
        match error {
            Error::UnknownIssuer => Self::UnknownIssuer {
                issuer: issuer.to_owned(),
            },
            Error::CertExpired { time, not_after } => Self::Expired {
                at: from_webpki_time(*time),
                not_after: from_webpki_time(*not_after),
            },
            Error::CertNotValidYet { time, not_before } => Self::NotYetValid {
                at: from_webpki_time(*time),
                not_before: from_webpki_time(*not_before),
            },
            Error::InvalidCertValidity => Self::InvalidValidity,
            Error::RequiredEkuNotFoundContext(_) | Error::EmptyEkuExtension => {
                Self::WrongUsage { usage }
            }
            Error::InvalidSignatureForPublicKey => Self::InvalidSignature,
            Error::UnsupportedSignatureAlgorithmContext(_)
            | Error::UnsupportedSignatureAlgorithmForPublicKeyContext(_) => {
                Self::UnsupportedSignatureAlgorithm
            }
            Error::CertDistrusted => Self::DistrustedKey,
            Error::CaUsedAsEndEntity => Self::CaAsPeer {
                subject: subject.to_owned(),
            },
            Error::EndEntityUsedAsCa => Self::IssuerNotCa,
            Error::PathLenConstraintViolated => Self::PathLength,
            Error::NameConstraintViolation => Self::NameConstraint,
            Error::UnsupportedCriticalExtension => Self::UnsupportedCriticalExtension,
            Error::MaximumNameConstraintComparisonsExceeded
            | Error::MaximumPathBuildCallsExceeded
            | Error::MaximumPathDepthExceeded
            | Error::MaximumSignatureChecksExceeded => Self::TooComplex,
            Error::BadDer
            | Error::BadDerTime
            | Error::ExtensionValueInvalid
            | Error::InvalidNetworkMaskConstraint
            | Error::InvalidSerialNumber
            | Error::MalformedDnsIdentifier
            | Error::MalformedExtensions
            | Error::MalformedNameConstraint
            | Error::SignatureAlgorithmMismatch
            | Error::TrailingData(_)
            | Error::UnsupportedCertVersion => Self::Malformed,
            _ => Self::Refused,
        }
    }
}

fn from_webpki_time(time: rustls_pki_types::UnixTime) -> UnixTime {
    UnixTime(i64::try_from(time.as_secs()).unwrap_or(i64::MAX))
}

//! What can be wrong with a request to the Manager, with the place.

use sallyport_model::{NameError, TlsVersion, UnknownTlsWord};
use sallyport_pki::{CertificateError, PemError, PinSetError, PrivateKeyError, TrustAnchorError};
use thiserror::Error;

use crate::keys::KeyError;
use crate::store::StoreError;

/// Why the Manager did not do what was asked. Nothing was written.
#[derive(Debug, Error)]
pub enum ManagerError {
    /// The upload is wrong; every place that was found to be.
    #[error("{} of the request {}", count(.0), first(.0))]
    Invalid(Vec<Violation>),
    /// There is no such thing, or the caller may not know of it.
    #[error("no such {what}: {name}")]
    NoSuch {
        /// "secret group", "keystore", ...
        what: &'static str,
        /// The id or name that was asked for.
        name: String,
    },
    /// The name is in use.
    #[error("there is already a {what} named {name:?}")]
    Taken {
        /// "secret group", "keystore", ...
        what: &'static str,
        /// The name.
        name: String,
    },
    /// Somebody else replaced the secret at the same time.
    #[error(
        "the secret was replaced by somebody else (version {found} is current); read it and try again"
    )]
    Changed {
        /// The version that is current now.
        found: u64,
    },
    /// The store failed.
    #[error("the store failed")]
    Store(#[source] StoreError),
    /// Sealing failed.
    #[error("the secret could not be sealed")]
    Key(#[from] KeyError),
    /// The payload or its metadata could not be written as JSON.
    #[error("the secret could not be encoded")]
    Encode(#[from] serde_json::Error),
    /// The internal CA could not sign.
    #[error("the gateway certificate could not be issued")]
    Issue,
    /// The operating system gave no randomness.
    #[error("no randomness from the operating system")]
    Randomness,
}

/// A place and what is wrong there.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{place}: {problem}")]
pub struct Violation {
    /// JSON pointer (`/truststore/path`) or name of the form part (`certificate`).
    pub place: String,
    /// What is wrong.
    pub problem: Problem,
}

/// What can be wrong at a place.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Problem {
    /// A required value is absent.
    #[error("is missing")]
    Missing,
    /// The value does not read; `expected` says what would. The value itself is never repeated.
    #[error("{expected}")]
    Value {
        /// What would be right.
        expected: String,
    },
    /// A form part or field that does not belong there.
    #[error("does not belong here; there are: {known}")]
    Unknown {
        /// What would be known.
        known: &'static str,
    },
    /// The same form part twice.
    #[error("is there twice")]
    Twice,
    /// Larger than allowed.
    #[error("has more than {limit} bytes")]
    TooLarge {
        /// Most bytes allowed.
        limit: usize,
    },
    /// Not a valid name.
    #[error(transparent)]
    Name(#[from] NameError),
    /// Not a day.
    #[error("a date is YYYY-MM-DD and a day that exists")]
    Date,
    /// Not a word of TLS contexts.
    #[error(transparent)]
    TlsWord(#[from] UnknownTlsWord),
    /// Not certificates in PEM.
    #[error(transparent)]
    Pem(#[from] PemError),
    /// Not a certificate.
    #[error(transparent)]
    Certificate(#[from] CertificateError),
    /// Not a certificate to trust.
    #[error(transparent)]
    TrustAnchor(#[from] TrustAnchorError),
    /// Not a usable pinset.
    #[error(transparent)]
    PinSet(#[from] PinSetError),
    /// Not a private key, or a wrong passphrase.
    #[error(transparent)]
    PrivateKey(#[from] PrivateKeyError),
    /// The private key belongs to another certificate.
    #[error("the private key does not belong to the certificate of {subject}")]
    KeyMismatch {
        /// Subject of the certificate.
        subject: String,
    },
    /// The certificate has ended.
    #[error(
        "the certificate of {subject} expired on {not_after}; allowExpiredCert=true accepts it"
    )]
    Expired {
        /// Subject of the certificate.
        subject: String,
        /// Its last day.
        not_after: String,
    },
    /// A reference to something that is not in the group.
    #[error("there is no {what} with this id in the group")]
    NoSuchSecret {
        /// "keystore", "truststore".
        what: &'static str,
    },
    /// Something the API has but this version does not.
    #[error("is not supported by this version; there are: {supported}")]
    Unsupported {
        /// What is supported.
        supported: &'static str,
    },
    /// The kind of a secret cannot change.
    #[error("cannot be changed from {from}; make a new secret")]
    Fixed {
        /// What it is.
        from: String,
    },
    /// Oldest version above the newest.
    #[error("minTlsVersion {min} is above maxTlsVersion {max}")]
    TlsRange {
        /// Oldest version.
        min: TlsVersion,
        /// Newest version.
        max: TlsVersion,
    },
    /// No cipher suite for the oldest version.
    #[error("must name at least one cipher suite when minTlsVersion is below TLSv1.3")]
    CipherRequired,
    /// A cipher suite no allowed version can use.
    #[error("{suite} cannot be used with TLSv1.2")]
    CipherUnfit {
        /// The suite.
        suite: &'static str,
    },
    /// Client certificates are required but nothing says which are trusted.
    #[error("is required when inboundSettings.enableClientCertValidation is true")]
    TruststoreRequired,
    /// Neither keystore nor truststore.
    #[error("a TLS context has a keystore or a truststore or both")]
    NoMaterial,
    /// Not a certificate signing request.
    #[error("is not a PKCS#10 certificate signing request in PEM, or its signature is wrong")]
    SigningRequest,
}

impl Violation {
    /// A problem at a place.
    pub fn new(place: impl Into<String>, problem: impl Into<Problem>) -> Self {
        Self {
            place: place.into(),
            problem: problem.into(),
        }
    }
}

impl Problem {
    /// Stable word for programs.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::Value { .. } => "invalid_value",
            Self::Unknown { .. } => "unknown_field",
            Self::Twice => "duplicate",
            Self::TooLarge { .. } => "too_large",
            Self::Name(_) => "invalid_name",
            Self::Date => "invalid_date",
            Self::TlsWord(_) => "unknown_word",
            Self::Pem(_) | Self::Certificate(_) => "invalid_certificate",
            Self::TrustAnchor(_) => "invalid_trust_anchor",
            Self::PinSet(_) => "invalid_pinset",
            Self::PrivateKey(_) => "invalid_private_key",
            Self::KeyMismatch { .. } => "key_mismatch",
            Self::Expired { .. } => "expired_certificate",
            Self::NoSuchSecret { .. } => "no_such_secret",
            Self::Unsupported { .. } => "unsupported",
            Self::Fixed { .. } => "fixed",
            Self::TlsRange { .. } => "invalid_tls_range",
            Self::CipherRequired | Self::CipherUnfit { .. } => "invalid_cipher_suites",
            Self::TruststoreRequired => "truststore_required",
            Self::NoMaterial => "no_material",
            Self::SigningRequest => "invalid_signing_request",
        }
    }
}

impl From<Violation> for ManagerError {
    fn from(violation: Violation) -> Self {
        Self::Invalid(vec![violation])
    }
}

impl From<StoreError> for ManagerError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Stale { found, .. } => Self::Changed { found },
            error => Self::Store(error),
        }
    }
}

fn count(violations: &[Violation]) -> String {
    match violations.len() {
        1 => "one value".to_owned(),
        many => format!("{many} values"),
    }
}

fn first(violations: &[Violation]) -> String {
    match violations {
        [only] => format!("is not right: {only}"),
        [first, ..] => format!("are not right, first {first}"),
        [] => "are not right".to_owned(),
    }
}

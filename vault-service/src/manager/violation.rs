//! What can be wrong with a value in a request, with the place.

use sallyport_model::{
    NameError, StoreType, SymmetricKeyError, TlsTarget, TlsVersion, UnknownStoreType,
    UnknownTlsWord,
};
use sallyport_pki::{
    CertificateError, CrlError, KeyError as PublicKeyError, KeystoreError, PemError, PinSetError,
    PinnedCertificateError, PrivateKeyError, TrustAnchorError, UnixTime,
};
use thiserror::Error;

/// A place and what is wrong there.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{place}{}{problem}", if place.is_empty() { "" } else { ": " })]
pub struct Violation {
    /// JSON pointer (`/truststore/path`) or name of the form part (`certificate`); empty for the whole.
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
    /// A form part or field of another type or target.
    #[error("belongs to {owner}, not to {this}")]
    Misplaced {
        /// The types or targets that have it.
        owner: &'static str,
        /// The type or target of the upload.
        this: &'static str,
    },
    /// The same form part, or the same item of a list, twice.
    #[error("is there twice")]
    Twice,
    /// A text where a file belongs.
    #[error("has to be a file part, with a file name")]
    NotAFile,
    /// A file where a text belongs.
    #[error("has to be a text part, without a file name")]
    NotAText,
    /// A file of no bytes.
    #[error("is an empty file")]
    EmptyFile,
    /// More items than allowed.
    #[error("has more than {limit} {what}")]
    TooMany {
        /// Most items allowed.
        limit: usize,
        /// "cipher suites", "certificates", ...
        what: &'static str,
    },
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
    /// Not a format of keystores.
    #[error(transparent)]
    StoreType(#[from] UnknownStoreType),
    /// Not a symmetric key.
    #[error(transparent)]
    SymmetricKey(#[from] SymmetricKeyError),
    /// Not certificates in PEM.
    #[error(transparent)]
    Pem(#[from] PemError),
    /// Not a certificate.
    #[error(transparent)]
    Certificate(#[from] CertificateError),
    /// Not a keystore, a wrong passphrase, or an entry that is not there or cannot be used.
    #[error(transparent)]
    Keystore(#[from] KeystoreError),
    /// A keystore of another format than the upload says.
    #[error("is a {found} file, but the type is {declared}")]
    OtherStore {
        /// What it is.
        found: StoreType,
        /// What the upload says.
        declared: StoreType,
    },
    /// A certificate whose key is too weak or of an unknown kind.
    #[error("certificate of {subject}: {error}")]
    PublicKey {
        /// Subject of the certificate.
        subject: String,
        /// What is wrong with its key.
        error: PublicKeyError,
    },
    /// Several certificates, or none, where one is wanted.
    #[error("holds {count} certificates where exactly one is wanted")]
    CertificateCount {
        /// How many there are.
        count: usize,
    },
    /// A certificate that does not belong to a CA where one is wanted.
    #[error("the certificate of {subject} is not a CA certificate")]
    NotACa {
        /// Subject of the certificate.
        subject: String,
    },
    /// Not a certificate to trust.
    #[error(transparent)]
    TrustAnchor(#[from] TrustAnchorError),
    /// A certificate in a truststore that is not a CA's.
    #[error(
        "the certificate of {subject} is not a CA certificate; allowPinnedLeaves=true trusts it for \
         itself alone"
    )]
    LeafInTruststore {
        /// Subject of the certificate.
        subject: String,
    },
    /// Not a leaf certificate to trust as it is.
    #[error(transparent)]
    PinnedCertificate(#[from] PinnedCertificateError),
    /// Not a certificate revocation list, not one of the distributor, or an older one.
    #[error(transparent)]
    Crl(#[from] CrlError),
    /// A newer list without certificates that were revoked so lately that they cannot have expired.
    #[error(
        "lists {certificates} certificates no longer, the last of them revoked only at {last_revoked}"
    )]
    CrlDropped {
        /// How many it does not list any more.
        certificates: usize,
        /// When the last of them was revoked.
        last_revoked: UnixTime,
    },
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
    #[error("there is no such {what} in the group")]
    NoSuchSecret {
        /// "keystore", "truststore", ...
        what: &'static str,
    },
    /// A keystore or truststore in a format the consumer of the TLS context cannot read.
    #[error("this {what} is {found}; a TLS context of target {target} takes {fit}")]
    UnfitStore {
        /// "keystore", "truststore".
        what: &'static str,
        /// Its format.
        found: StoreType,
        /// The target of the context.
        target: TlsTarget,
        /// Formats the target takes.
        fit: &'static str,
    },
    /// Absent although another field asks for it.
    #[error("is required when {when}")]
    Required {
        /// The condition.
        when: &'static str,
    },
    /// Something the API has that could not be enforced, or that would let anybody pass.
    #[error("{reason}")]
    NotEnforceable {
        /// Why, and what to do instead.
        reason: &'static str,
    },
    /// Something the API has but this version does not.
    #[error("is not supported by this version; there are: {supported}")]
    Unsupported {
        /// What is supported.
        supported: &'static str,
    },
    /// Two secrets of a kind with one name.
    #[error("another {what} has this name")]
    SameName {
        /// "keystore", "truststore", ...
        what: &'static str,
    },
    /// A pending version has no name of its own.
    #[error("must be {name:?} as now; rename the secret with PATCH")]
    Renamed {
        /// What the secret is named.
        name: String,
    },
    /// The certificate ended between its upload and now.
    #[error("the certificate of {subject} expired on {not_after}, after it was uploaded")]
    ExpiredSince {
        /// Subject of the certificate.
        subject: String,
        /// Its last day.
        not_after: String,
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
    /// No cipher suite at all for versions that need one.
    #[error("must name at least one cipher suite when minTlsVersion is below TLSv1.3")]
    CipherRequired,
    /// A cipher suite none of the allowed versions can use.
    #[error("{suite} cannot be used with {versions}")]
    CipherUnfit {
        /// The suite.
        suite: &'static str,
        /// The version or versions.
        versions: &'static str,
    },
    /// An allowed version without any cipher suite.
    #[error("names no cipher suite for {version}, which is allowed")]
    CipherMissing {
        /// The version.
        version: TlsVersion,
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
            Self::Misplaced { .. } => "misplaced",
            Self::Twice => "duplicate",
            Self::NotAFile | Self::NotAText => "invalid_part",
            Self::EmptyFile => "empty_file",
            Self::TooMany { .. } => "too_many",
            Self::TooLarge { .. } => "too_large",
            Self::Name(_) => "invalid_name",
            Self::Date => "invalid_date",
            Self::TlsWord(_) => "unknown_word",
            Self::StoreType(_) => "unknown_type",
            Self::OtherStore { .. } => "other_store_type",
            Self::Keystore(error) => keystore_code(error),
            Self::SymmetricKey(_) => "invalid_symmetric_key",
            Self::Pem(_)
            | Self::Certificate(_)
            | Self::PublicKey { .. }
            | Self::CertificateCount { .. } => "invalid_certificate",
            Self::NotACa { .. } => "not_a_ca",
            Self::TrustAnchor(_) | Self::LeafInTruststore { .. } => "invalid_trust_anchor",
            Self::PinnedCertificate(_) => "invalid_certificate",
            Self::Crl(_) => "invalid_crl",
            Self::CrlDropped { .. } => "crl_dropped",
            Self::PinSet(_) => "invalid_pinset",
            Self::PrivateKey(_) => "invalid_private_key",
            Self::KeyMismatch { .. } => "key_mismatch",
            Self::Expired { .. } | Self::ExpiredSince { .. } => "expired_certificate",
            Self::NoSuchSecret { .. } => "no_such_secret",
            Self::UnfitStore { .. } => "unfit_store_type",
            Self::Required { .. } => "required",
            Self::NotEnforceable { .. } => "not_enforceable",
            Self::Unsupported { .. } => "unsupported",
            Self::Fixed { .. } | Self::Renamed { .. } => "fixed",
            Self::SameName { .. } => "name_taken",
            Self::TlsRange { .. } => "invalid_tls_range",
            Self::CipherRequired | Self::CipherUnfit { .. } | Self::CipherMissing { .. } => {
                "invalid_cipher_suites"
            }
            Self::TruststoreRequired => "truststore_required",
            Self::NoMaterial => "no_material",
            Self::SigningRequest => "invalid_signing_request",
        }
    }
}

/// One word per cause, so that a program can tell a wrong passphrase from a damaged file.
const fn keystore_code(error: &KeystoreError) -> &'static str {
    match error {
        KeystoreError::WrongPassphrase => "wrong_store_passphrase",
        KeystoreError::NotProtected => "store_not_protected",
        KeystoreError::WrongKeyPassphrase { .. } => "wrong_key_passphrase",
        KeystoreError::NoSuchAlias { .. } => "no_such_alias",
        KeystoreError::NotAKey { .. } => "not_a_key",
        KeystoreError::KeyMismatch { .. } => "key_mismatch",
        KeystoreError::KeyWithoutCertificate { .. } => "key_without_certificate",
        KeystoreError::UnsupportedCipher { .. } => "unsupported_cipher",
        KeystoreError::TooLarge { .. }
        | KeystoreError::TooManyEntries { .. }
        | KeystoreError::ChainTooLong { .. }
        | KeystoreError::PassphraseTooLong { .. }
        | KeystoreError::TooMuchWork { .. }
        | KeystoreError::TooMuchMemory { .. } => "too_large",
        KeystoreError::Certificate { .. } => "invalid_certificate",
        KeystoreError::Key { .. } => "invalid_private_key",
        _ => "invalid_keystore",
    }
}

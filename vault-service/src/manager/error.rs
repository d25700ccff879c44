//! What can be wrong with a request to the Manager, with the place.

use sallyport_model::{
    NameError, StoreType, SymmetricKeyError, TlsTarget, TlsVersion, UnknownStoreType,
    UnknownTlsWord,
};
use sallyport_pki::{
    CertificateError, CrlError, KeyError as PublicKeyError, KeystoreError, PemError, PinSetError,
    PinnedCertificateError, PrivateKeyError, TrustAnchorError,
};
use thiserror::Error;

use super::clone::CopyError;
use super::where_used::SecretUser;
use crate::access::Needed;
use crate::accounts::HashError;
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
    /// The caller may see it, but not do this.
    #[error("this is not allowed: it needs {needed}")]
    Forbidden {
        /// What would have been enough.
        needed: Needed,
    },
    /// Nobody would be left to administer.
    #[error("this is the last administrator of the organization; make another one first")]
    LastAdministrator,
    /// The name is in use.
    #[error("the name {name:?} is taken by another {what}")]
    Taken {
        /// "secret group", "keystore", ...
        what: &'static str,
        /// The name.
        name: String,
    },
    /// Somebody else changed the same thing at the same time.
    #[error("somebody else changed it at the same time; read it and try again")]
    Changed {
        /// The version that is there now.
        found: u64,
    },
    /// The version the caller named is not the current one.
    #[error("If-Match does not fit: version {found} is current")]
    PreconditionFailed {
        /// The version that is current.
        found: u64,
    },
    /// Somebody else has an edit session open on the group.
    #[error(
        "{holder:?} has an edit session open on the secret group; it has to be finished or cancelled \
         first"
    )]
    Locked {
        /// Name of who.
        holder: String,
    },
    /// The caller's own edit session is in the way.
    #[error(
        "this takes effect at once, and you have an edit session open on the secret group; finish or \
         cancel it first"
    )]
    SessionOpen,
    /// The caller's edit session has no room for one more change.
    #[error(
        "an edit session holds at most {changes} changes and {bytes} bytes; finish it and open \
         another"
    )]
    SessionFull {
        /// Most changes.
        changes: usize,
        /// Most bytes of sealed versions.
        bytes: usize,
    },
    /// Other secrets refer to the one to delete.
    #[error(
        "the {what} {name:?} is in use by {}; change them first, or delete it with force=true",
        users.len()
    )]
    InUse {
        /// "keystore", "truststore", ...
        what: &'static str,
        /// Its name.
        name: String,
        /// The others.
        users: Vec<SecretUser>,
    },
    /// A version that refers to deleted secrets cannot come into force or be copied.
    #[error("version {version} of the {what} {name:?} refers to a secret that was deleted")]
    RefersToDeleted {
        /// "TLS context", ...
        what: &'static str,
        /// Its name.
        name: String,
        /// The version.
        version: u64,
    },
    /// A secret could not be opened to be copied.
    #[error("the {what} {name:?} could not be copied")]
    Copy {
        /// "keystore", ...
        what: &'static str,
        /// Its name.
        name: String,
        /// Why.
        source: CopyError,
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
    /// A password or client secret could not be hashed.
    #[error(transparent)]
    Hash(#[from] HashError),
    /// The internal CA could not sign.
    #[error("the gateway certificate could not be issued")]
    Issue,
    /// The operating system gave no randomness.
    #[error("no randomness from the operating system")]
    Randomness,
}

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

impl From<Violation> for ManagerError {
    fn from(violation: Violation) -> Self {
        Self::Invalid(vec![violation])
    }
}

impl From<StoreError> for ManagerError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Stale { found, .. } => Self::Changed { found },
            StoreError::Locked { holder } => Self::Locked { holder },
            error => Self::Store(error),
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

/// What the store says about a name in use, with the name.
pub(super) fn taken(error: StoreError, what: &'static str, name: &str) -> ManagerError {
    match error {
        StoreError::Taken { .. } => ManagerError::Taken {
            what,
            name: name.to_owned(),
        },
        error => error.into(),
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

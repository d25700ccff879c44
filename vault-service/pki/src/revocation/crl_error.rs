//! Why a CRL is not taken.

use crate::revocation::crl_number::CrlNumber;
use crate::revocation::der::Malformed;
use crate::unix_time::UnixTime;

/// Why a certificate revocation list is not used. The lists that were taken before stay.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CrlError {
    /// Larger than [`crate::MAX_CRL_BYTES`].
    #[error("CRL of {bytes} bytes: at most {limit} are accepted")]
    TooLarge {
        /// Size of the input.
        bytes: usize,
        /// [`crate::MAX_CRL_BYTES`], half as much again for PEM.
        limit: usize,
    },
    /// More entries than [`crate::MAX_CRL_ENTRIES`].
    #[error("CRL of more than {limit} entries")]
    TooManyEntries {
        /// [`crate::MAX_CRL_ENTRIES`].
        limit: usize,
    },
    /// An indirect CRL about more issuers than are accepted.
    #[error("CRL about certificates of more than {limit} issuers")]
    TooManyIssuers {
        /// Most issuers.
        limit: usize,
    },
    /// More lists than [`crate::MAX_CRLS`].
    #[error("at most {limit} CRLs are kept")]
    TooManyLists {
        /// [`crate::MAX_CRLS`].
        limit: usize,
    },
    /// Not a PEM file with one CRL.
    #[error("not a PEM file with one block `X509 CRL`")]
    NotPem,
    /// Not the DER encoding of a CRL, whose part is named.
    #[error("not a DER encoded CRL: {part} is malformed")]
    Malformed {
        /// Name of the field or extension in RFC 5280.
        part: &'static str,
    },
    /// Something follows the CRL.
    #[error("{bytes} bytes follow the CRL")]
    TrailingData {
        /// How many bytes.
        bytes: usize,
    },
    /// Not of version 2: older ones have neither a number nor a scope.
    #[error("the CRL is not of version 2")]
    NotVersion2,
    /// RFC 5280 section 5.1.2.5.
    #[error("the CRL does not say when the next one comes (nextUpdate)")]
    NoNextUpdate,
    /// A validity that ends before it begins.
    #[error("the CRL's nextUpdate is not after its thisUpdate")]
    InvalidValidity,
    /// thisUpdate is in the future, by more than clocks differ.
    #[error("the CRL is of {this_update} (checked at {at})")]
    NotYetValid {
        /// Moment of the check.
        at: UnixTime,
        /// When the CRL says that it was made.
        this_update: UnixTime,
    },
    /// RFC 5280 section 5.2.3.
    #[error("the CRL has no number (cRLNumber)")]
    NoNumber,
    /// RFC 5280 section 5.2.3.
    #[error("the CRL's number (cRLNumber) is marked critical")]
    CriticalNumber,
    /// RFC 5280 sections 5.2.4 and 5.2.5.
    #[error("the extension {name} of the CRL is not marked critical")]
    NotCritical {
        /// Name of the extension.
        name: &'static str,
    },
    /// A critical extension, of the CRL or of an entry, that is not processed here.
    #[error("the CRL has the unknown critical extension {oid}")]
    UnknownCriticalExtension {
        /// Dotted object identifier.
        oid: String,
    },
    /// An extension, of the CRL or of an entry, that occurs twice.
    #[error("the extension {oid} occurs twice")]
    DuplicateExtension {
        /// Dotted object identifier.
        oid: String,
    },
    /// The serial number of an entry is not in its shortest encoding, or longer than 20 octets: it
    /// would not be found.
    #[error("a serial number in the CRL is not encoded as DER demands, or too long")]
    SerialNumber,
    /// A CRL for some reasons says of nobody that all is well.
    #[error("the CRL is for some reasons of revocation only")]
    OnlySomeReasons,
    /// It is about no certificate that is seen here.
    #[error("the CRL is for attribute certificates")]
    OnlyAttributeCertificates,
    /// Entries about other issuers in a CRL that does not say so.
    #[error("an entry names its issuer, but the CRL is not an indirect one")]
    NotIndirect,
    /// None of the certificates that were given is the issuer's.
    #[error("the issuer of the CRL is not known")]
    UnknownIssuer,
    /// The issuer's certificate has a key usage without cRLSign.
    #[error("the issuer of the CRL may not sign CRLs")]
    IssuerMayNotSign,
    /// The authority key identifier of the CRL is not that of the key that has signed it.
    #[error("the CRL names another key than the one that has signed it")]
    WrongKeyIdentifier,
    /// A signature algorithm that is not accepted, or does not fit the issuer's key.
    #[error("the signature algorithm of the CRL is not supported")]
    UnsupportedSignatureAlgorithm,
    /// The signature does not match the issuer's key.
    #[error("the signature of the CRL is not valid")]
    InvalidSignature,
    /// A list with a higher number is there already.
    #[error("the CRL has the number {number}, {known} is there already")]
    NumberWentBack {
        /// The CRL's number.
        number: CrlNumber,
        /// Number of the list that stays.
        known: CrlNumber,
    },
    /// A delta CRL whose complete CRL is not there, or too old.
    #[error("the delta CRL builds on number {base}, which is not there")]
    NoBase {
        /// The lowest number it can be added to.
        base: CrlNumber,
    },
}

impl CrlError {
    /// Stable name of the reason, `snake_case`.
    pub fn code(&self) -> &'static str {
        match self {
            Self::TooLarge { .. } => "crl_too_large",
            Self::TooManyEntries { .. } => "crl_too_many_entries",
            Self::TooManyIssuers { .. } => "crl_too_many_issuers",
            Self::TooManyLists { .. } => "too_many_crls",
            Self::NotPem => "crl_not_pem",
            Self::Malformed { .. } => "crl_malformed",
            Self::TrailingData { .. } => "crl_trailing_data",
            Self::NotVersion2 => "crl_not_version_2",
            Self::NoNextUpdate => "crl_without_next_update",
            Self::InvalidValidity => "crl_invalid_validity",
            Self::NotYetValid { .. } => "crl_not_yet_valid",
            Self::NoNumber => "crl_without_number",
            Self::CriticalNumber => "crl_number_critical",
            Self::NotCritical { .. } => "crl_extension_not_critical",
            Self::UnknownCriticalExtension { .. } => "crl_unknown_critical_extension",
            Self::DuplicateExtension { .. } => "crl_duplicate_extension",
            Self::SerialNumber => "crl_serial_number",
            Self::OnlySomeReasons => "crl_only_some_reasons",
            Self::OnlyAttributeCertificates => "crl_only_attribute_certificates",
            Self::NotIndirect => "crl_not_indirect",
            Self::UnknownIssuer => "crl_unknown_issuer",
            Self::IssuerMayNotSign => "crl_issuer_may_not_sign",
            Self::WrongKeyIdentifier => "crl_wrong_key_identifier",
            Self::UnsupportedSignatureAlgorithm => "crl_unsupported_signature_algorithm",
            Self::InvalidSignature => "crl_invalid_signature",
            Self::NumberWentBack { .. } => "crl_number_went_back",
            Self::NoBase { .. } => "crl_without_base",
        }
    }
}

/// Names the part of the CRL in which something was malformed.
pub(crate) fn malformed(part: &'static str) -> impl Fn(Malformed) -> CrlError {
    move |Malformed| CrlError::Malformed { part }
}

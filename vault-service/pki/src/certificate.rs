//! A certificate that has been read, not yet trusted.

use std::fmt;
use std::sync::Arc;

use x509_parser::certificate::X509Certificate;
use x509_parser::oid_registry::{OID_KEY_TYPE_EC_PUBLIC_KEY, OID_X509_COMMON_NAME};
use x509_parser::prelude::FromDer as _;
use x509_parser::x509::X509Version;

use crate::details::CertificateDetails;
use crate::digest::Digest;
use crate::distinguished_name::{self, DirectoryName};
use crate::extensions::{AltName, Extensions};
use crate::public_key::{KeyError, PublicKey};
use crate::unix_time::UnixTime;

/// Largest certificate, in bytes of DER.
pub const MAX_CERTIFICATE_BYTES: usize = 64 * 1024;

/// An X.509 certificate (RFC 5280): well formed, which says nothing about whether it is to be
/// trusted. Cheap to clone.
#[derive(Clone)]
pub struct Certificate {
    inner: Arc<Parsed>,
}

struct Parsed {
    der: Vec<u8>,
    subject: String,
    issuer: String,
    directory_name: DirectoryName,
    common_name: Option<String>,
    subject_der: Vec<u8>,
    issuer_der: Vec<u8>,
    is_v3: bool,
    serial: Vec<u8>,
    sha256: Digest,
    spki_sha256: Digest,
    not_before: UnixTime,
    not_after: UnixTime,
    public_key: PublicKey,
    extensions: Extensions,
    uri_names: Vec<String>,
    details: CertificateDetails,
}

/// Why bytes are not a certificate.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CertificateError {
    /// Larger than [`MAX_CERTIFICATE_BYTES`].
    #[error("certificate of {bytes} bytes: at most {limit} are accepted")]
    TooLarge {
        /// Size of the input.
        bytes: usize,
        /// [`MAX_CERTIFICATE_BYTES`].
        limit: usize,
    },
    /// Not the DER encoding of a certificate.
    #[error("not a DER encoded certificate")]
    Malformed,
    /// Something follows the certificate.
    #[error("{bytes} bytes follow the certificate")]
    TrailingData {
        /// How many bytes.
        bytes: usize,
    },
    /// An extension whose content is not what its identifier promises.
    #[error("certificate extension {oid} is malformed")]
    MalformedExtension {
        /// Dotted object identifier.
        oid: String,
    },
    /// An extension that occurs twice.
    #[error("certificate extension {oid} occurs twice")]
    DuplicateExtension {
        /// Dotted object identifier.
        oid: String,
    },
    /// A subject alternative name with control or non-ASCII characters, or of a wrong length.
    #[error("a subject alternative name is malformed")]
    MalformedSubjectAltName,
    /// A public key that does not have the structure of its algorithm.
    #[error("the public key is malformed")]
    MalformedPublicKey,
    /// A compressed (or hybrid) elliptic curve point: one key would have two digests.
    #[error("the public key is not an uncompressed elliptic curve point")]
    CompressedPoint,
}

impl Certificate {
    /// Reads a certificate. Versions 1 and 2 are read as well (so that they can be shown), but no
    /// path leads through them.
    ///
    /// # Errors
    /// Too large, not DER, followed by something, an extension that is malformed or occurs twice,
    /// or a public key that cannot be one.
    pub fn from_der(der: &[u8]) -> Result<Self, CertificateError> {
        if der.len() > MAX_CERTIFICATE_BYTES {
            return Err(CertificateError::TooLarge {
                bytes: der.len(),
                limit: MAX_CERTIFICATE_BYTES,
            });
        }
        let (rest, certificate) =
            X509Certificate::from_der(der).map_err(|_| CertificateError::Malformed)?;
        if !rest.is_empty() {
            return Err(CertificateError::TrailingData { bytes: rest.len() });
        }
        let inner = Arc::new(Parsed::read(der, &certificate)?);
        Ok(Self { inner })
    }

    /// The DER encoding, as it was given.
    pub fn der(&self) -> &[u8] {
        &self.inner.der
    }

    /// Subject in the style of RFC 4514, for example `CN=a.test,O=A`. For people, not for decisions.
    pub fn subject(&self) -> &str {
        &self.inner.subject
    }

    /// Issuer in the style of RFC 4514. For people, not for decisions.
    pub fn issuer(&self) -> &str {
        &self.inner.issuer
    }

    /// Digest of the whole certificate (its "fingerprint").
    pub fn sha256(&self) -> Digest {
        self.inner.sha256
    }

    /// Digest of the SubjectPublicKeyInfo (RFC 7469 section 2.4).
    pub fn spki_sha256(&self) -> Digest {
        self.inner.spki_sha256
    }

    /// First moment of validity.
    pub fn not_before(&self) -> UnixTime {
        self.inner.not_before
    }

    /// Last moment of validity.
    pub fn not_after(&self) -> UnixTime {
        self.inner.not_after
    }

    /// Whether basicConstraints says that it is a CA.
    pub fn is_ca(&self) -> bool {
        let constraints = self.inner.extensions.basic_constraints.as_ref();
        constraints.is_some_and(|found| found.value.ca)
    }

    /// Whether the public key is of a kind and size that may take part in a path.
    ///
    /// # Errors
    /// An algorithm that is not supported, or a size outside the limits.
    pub fn check_public_key(&self) -> Result<(), KeyError> {
        self.inner.public_key.check()
    }

    /// Serial number, lower case hexadecimal, two digits per octet, without a sign octet.
    pub fn serial_hex(&self) -> &str {
        &self.inner.details.serial_number
    }

    /// URI subject alternative names in order (printable ASCII, otherwise unchecked).
    pub fn uri_names(&self) -> &[String] {
        &self.inner.uri_names
    }

    /// The certificate described (Anypoint's CertificateDetails).
    pub fn details(&self) -> CertificateDetails {
        self.inner.details.clone()
    }

    pub(crate) fn is_v3(&self) -> bool {
        self.inner.is_v3
    }

    pub(crate) fn subject_is_empty(&self) -> bool {
        self.inner.directory_name.is_empty()
    }

    /// The subject, to be compared.
    pub(crate) fn directory_name(&self) -> &DirectoryName {
        &self.inner.directory_name
    }

    /// DER encoding of the subject.
    pub fn subject_der(&self) -> &[u8] {
        &self.inner.subject_der
    }

    /// DER encoding of the issuer's name.
    pub(crate) fn issuer_der(&self) -> &[u8] {
        &self.inner.issuer_der
    }

    /// The first common name of the subject.
    pub(crate) fn common_name(&self) -> Option<&str> {
        self.inner.common_name.as_deref()
    }

    /// Subject and issuer are the same name (RFC 5280 section 3.2), as in a self-signed certificate.
    pub fn is_self_issued(&self) -> bool {
        self.inner.subject_der == self.inner.issuer_der
    }

    /// Content octets of the serial number.
    pub(crate) fn serial(&self) -> &[u8] {
        &self.inner.serial
    }

    pub(crate) fn public_key(&self) -> &PublicKey {
        &self.inner.public_key
    }

    pub(crate) fn extensions(&self) -> &Extensions {
        &self.inner.extensions
    }
}

impl Parsed {
    fn read(der: &[u8], certificate: &X509Certificate<'_>) -> Result<Self, CertificateError> {
        let extensions = Extensions::read(certificate.extensions())?;
        let spki = certificate.public_key();
        let point = spki.subject_public_key.data.as_ref();
        if spki.algorithm.algorithm == OID_KEY_TYPE_EC_PUBLIC_KEY && point.first() != Some(&4) {
            return Err(CertificateError::CompressedPoint);
        }
        let public_key = PublicKey::from_spki(spki).ok_or(CertificateError::MalformedPublicKey)?;
        let serial = certificate.raw_serial().to_vec();
        let alt_names = extensions.subject_alt_name.iter();
        let uri_names = alt_names.flat_map(|names| &names.value);
        let uri_names = uri_names.filter_map(|name| match name {
            AltName::Uri(uri) => Some(uri.clone()),
            _ => None,
        });
        Ok(Self {
            der: der.to_vec(),
            subject: distinguished_name::to_rfc4514(certificate.subject()),
            issuer: distinguished_name::to_rfc4514(certificate.issuer()),
            directory_name: DirectoryName::read(certificate.subject()),
            common_name: distinguished_name::attribute_text(
                certificate.subject(),
                &OID_X509_COMMON_NAME,
            ),
            subject_der: certificate.subject().as_raw().to_vec(),
            issuer_der: certificate.issuer().as_raw().to_vec(),
            is_v3: certificate.version() == X509Version::V3,
            sha256: Digest::of(der),
            spki_sha256: Digest::of(spki.raw),
            not_before: UnixTime(certificate.validity().not_before.timestamp()),
            not_after: UnixTime(certificate.validity().not_after.timestamp()),
            uri_names: uri_names.collect(),
            details: CertificateDetails::describe(
                certificate,
                &extensions,
                serial_hex(&serial),
                public_key.name().to_owned(),
            ),
            serial,
            public_key,
            extensions,
        })
    }
}

/// DER puts a zero octet before a number whose first bit is set; it is not part of the number.
fn serial_hex(serial: &[u8]) -> String {
    let number = match serial {
        [0, rest @ ..] if !rest.is_empty() => rest,
        all => all,
    };
    number.iter().map(|octet| format!("{octet:02x}")).collect()
}

impl PartialEq for Certificate {
    /// Same bytes.
    fn eq(&self, other: &Self) -> bool {
        self.inner.der == other.inner.der
    }
}

impl Eq for Certificate {}

impl fmt::Debug for Certificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Certificate")
            .field("subject", &self.inner.subject)
            .field("sha256", &self.inner.sha256)
            .finish_non_exhaustive()
    }
}

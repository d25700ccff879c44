//! Material of the vault, prepared for deciding: parsed once, when the answer arrives.

use sallyport_model::{
    ClientCertificatePolicy, Collection, Material, Reference, SecretString,
    ServerCertificatePolicy, SharedSecret, TlsContextMaterial, TlsVersion, TruststoreMaterial,
};
use sallyport_pki::{
    Certificate, CertificateError, Digest, PinSet, PinSetError, TrustAnchorError, TrustAnchors,
};
use thiserror::Error;

/// What a reference stands for. No `Debug`: it may be a secret.
pub enum Prepared {
    /// A TLS context.
    TlsContext(Box<TlsContext>),
    /// Pins.
    CertificatePinset(PinSet),
    /// A whole shared secret.
    SharedSecret(SharedSecret<SecretString>),
    /// One field of a shared secret.
    Field(SecretString),
}

/// A TLS context, as far as a filter can enforce it. Cipher suites and application protocols are
/// enforced by Envoy's own TLS stack: a filter is not shown them.
#[derive(Clone, Debug)]
pub struct TlsContext {
    /// Oldest version allowed.
    pub min_version: TlsVersion,
    /// Newest version allowed.
    pub max_version: TlsVersion,
    /// Downstream: whether a client certificate is required.
    pub client_certificate: ClientCertificatePolicy,
    /// Upstream: whether the server's certificate is verified.
    pub server_certificate: ServerCertificatePolicy,
    /// Whom to trust.
    pub truststore: Option<TrustAnchors>,
}

/// Why material cannot be used.
#[derive(Debug, Error)]
pub enum MaterialError {
    /// The answer holds another kind than the reference names.
    #[error("the vault sent a {found} for a reference to {expected}")]
    Kind {
        /// What the reference names.
        expected: Collection,
        /// What came.
        found: &'static str,
    },
    /// The oldest version is newer than the newest.
    #[error("no TLS version lies between {min} and {max}")]
    Versions {
        /// Oldest allowed.
        min: TlsVersion,
        /// Newest allowed.
        max: TlsVersion,
    },
    /// A certificate of the truststore does not parse.
    #[error("trust anchor {position}: {error}")]
    Certificate {
        /// Counts from 1.
        position: usize,
        /// What is wrong with it.
        error: CertificateError,
    },
    /// The truststore is empty or holds something that is no CA.
    #[error("truststore: {0}")]
    Truststore(#[from] TrustAnchorError),
    /// A pin is not 32 bytes long.
    #[error("pin {position} is not a SHA-256 digest")]
    Pin {
        /// Counts from 1.
        position: usize,
    },
    /// The pinset is empty or too large.
    #[error("pinset: {0}")]
    Pinset(#[from] PinSetError),
}

impl Prepared {
    /// Checks and parses what the vault sent for `reference`.
    pub(crate) fn new(
        reference: &Reference,
        material: Material<SecretString>,
    ) -> Result<Self, MaterialError> {
        let expected = reference.collection;
        match (expected, reference.field.is_some(), material) {
            (Collection::TlsContexts, false, Material::TlsContext(context)) => {
                Ok(Self::TlsContext(Box::new(TlsContext::new(context)?)))
            }
            (Collection::CertificatePinsets, false, Material::CertificatePinset(pinset)) => {
                let pins = pinset.spki_sha256.iter().enumerate().map(|(index, pin)| {
                    let position = index + 1;
                    Digest::from_slice(&pin.0).ok_or(MaterialError::Pin { position })
                });
                let pins = pins.collect::<Result<_, _>>()?;
                Ok(Self::CertificatePinset(PinSet::new(pins)?))
            }
            (Collection::SharedSecrets, false, Material::SharedSecret(secret)) => {
                Ok(Self::SharedSecret(secret))
            }
            (Collection::SharedSecrets, true, Material::Field(value)) => Ok(Self::Field(value)),
            (expected, _, material) => Err(MaterialError::Kind {
                expected,
                found: kind(&material),
            }),
        }
    }
}

impl TlsContext {
    fn new(material: TlsContextMaterial) -> Result<Self, MaterialError> {
        let (min, max) = (material.min_version, material.max_version);
        if min > max {
            return Err(MaterialError::Versions { min, max });
        }
        Ok(Self {
            min_version: min,
            max_version: max,
            client_certificate: material.client_certificate,
            server_certificate: material.server_certificate,
            truststore: material.truststore.as_ref().map(anchors).transpose()?,
        })
    }
}

fn anchors(truststore: &TruststoreMaterial) -> Result<TrustAnchors, MaterialError> {
    let certificates = truststore.anchors.iter().enumerate().map(|(index, der)| {
        Certificate::from_der(&der.0).map_err(|error| MaterialError::Certificate {
            position: index + 1,
            error,
        })
    });
    Ok(TrustAnchors::new(certificates.collect::<Result<_, _>>()?)?)
}

const fn kind<S>(material: &Material<S>) -> &'static str {
    match material {
        Material::SharedSecret(_) => "shared secret",
        Material::Field(_) => "field",
        Material::Truststore(_) => "truststore",
        Material::CertificatePinset(_) => "certificate pinset",
        Material::TlsContext(_) => "TLS context",
    }
}

//! Material of the vault, prepared for deciding: parsed once, when the answer arrives.

mod derived;
mod verification;

use sallyport_model::{
    AcceptableTlsVersions, ClientCertificatePolicy, Collection, Der, Material, PinsetMaterialError,
    Reference, RevocationMaterialError, SecretString, ServerCertificatePolicy, SharedSecret,
    TlsContextMaterial, TlsVersion, TruststoreMaterial,
};
use sallyport_pki::{
    Certificate, CertificateError, InvalidPolicyId, PinSet, PinnedCertificateError,
    PinnedCertificates, ReadBucket, TrustAnchorError, TrustAnchors,
};
use thiserror::Error;

use crate::shared::ListedApart;
pub(crate) use derived::Derived;
pub use verification::Verification;

/// What a reference stands for. No `Debug`: it may be a secret.
pub enum Prepared {
    /// A TLS context.
    TlsContext(Box<TlsContext>),
    /// Pins.
    CertificatePinset(PinSet),
    /// A whole shared secret, and what requests had made of it.
    SharedSecret(SharedSecret<SecretString>, Box<Derived>),
    /// One field of a shared secret.
    Field(SecretString),
}

/// A TLS context, as far as a filter can enforce it. Cipher suites and application protocols are
/// enforced by Envoy's own TLS stack: a filter is not shown them.
#[derive(Clone, Debug)]
pub struct TlsContext {
    /// Versions allowed.
    pub versions: AcceptableTlsVersions,
    /// Downstream: whether a client certificate is required.
    pub client_certificate: ClientCertificatePolicy,
    /// Upstream: whether the server's certificate is verified.
    pub server_certificate: ServerCertificatePolicy,
    /// Whom to trust for what they issue.
    pub truststore: Option<TrustAnchors>,
    /// Whom to trust as they are.
    pub pinned: PinnedCertificates,
    /// What is asked of a peer's certificate beyond that.
    pub verification: Verification,
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
    /// The oldest version is newer than the newest, or the set is not between them.
    #[error("no TLS version lies between {min} and {max}")]
    Versions {
        /// Oldest allowed.
        min: TlsVersion,
        /// Newest allowed.
        max: TlsVersion,
    },
    /// A certificate of the truststore does not parse.
    #[error("{what} {position}: {error}")]
    Certificate {
        /// "trust anchor" or "pinned certificate".
        what: &'static str,
        /// Counts from 1.
        position: usize,
        /// What is wrong with it.
        error: CertificateError,
    },
    /// The truststore is empty or holds something that is no CA.
    #[error("truststore: {0}")]
    Truststore(#[from] TrustAnchorError),
    /// A pinned certificate of the truststore is a CA's or too weak.
    #[error("truststore: {0}")]
    Pinned(#[from] PinnedCertificateError),
    /// The pinset is empty, too large, or contradicts itself.
    #[error("pinset: {0}")]
    Pinset(#[from] PinsetMaterialError),
    /// A certificate policy that is none.
    #[error("certificate policy: {0}")]
    Policy(#[from] InvalidPolicyId),
    /// Not in the wire format. The parser's words are left out: they could repeat a value.
    #[error("the material is not in the wire format (line {line}, column {column})")]
    Json {
        /// Counts from 1.
        line: usize,
        /// Counts from 1.
        column: usize,
    },
    /// It was published in parts that do not belong together.
    #[error("a revocation list was published apart from a context that has no such list")]
    ListedApart,
    /// A revocation list that cannot be used.
    #[error("revocation lists: {0}")]
    Revocation(#[from] RevocationMaterialError),
}

impl From<serde_json::Error> for MaterialError {
    fn from(error: serde_json::Error) -> Self {
        Self::Json {
            line: error.line(),
            column: error.column(),
        }
    }
}

impl Prepared {
    /// Checks and parses what the vault sent for `reference`.
    ///
    /// # Errors
    /// It is of another kind, or something in it cannot be used.
    pub fn new(
        reference: &Reference,
        material: Material<SecretString>,
    ) -> Result<Self, MaterialError> {
        let expected = reference.collection;
        match (expected, reference.field.is_some(), material) {
            (Collection::TlsContexts, false, Material::TlsContext(context)) => {
                Ok(Self::TlsContext(Box::new(TlsContext::new(context)?)))
            }
            (Collection::CertificatePinsets, false, Material::CertificatePinset(pinset)) => {
                Ok(Self::CertificatePinset(PinSet::try_from(&pinset)?))
            }
            (Collection::SharedSecrets, false, Material::SharedSecret(secret)) => {
                Ok(Self::SharedSecret(secret, Box::default()))
            }
            (Collection::SharedSecrets, true, Material::Field(value)) => Ok(Self::Field(value)),
            (expected, _, material) => Err(MaterialError::Kind {
                expected,
                found: kind(&material),
            }),
        }
    }
}

impl Prepared {
    /// Lets a context look up elsewhere what was published apart from it.
    pub(crate) fn attach(
        &mut self,
        apart: &[ListedApart],
        (prefix, read): (&str, ReadBucket),
    ) -> Result<(), MaterialError> {
        for set in apart {
            let lists = match self {
                Self::TlsContext(context) => context.verification.revocation.as_mut(),
                _ => None,
            };
            if !lists.is_some_and(|(_, lists)| set.attach(lists, prefix, read)) {
                return Err(MaterialError::ListedApart);
            }
        }
        Ok(())
    }
}

impl TlsContext {
    /// Checks and parses the material of a context.
    ///
    /// # Errors
    /// Something in it cannot be used.
    pub fn new(material: TlsContextMaterial) -> Result<Self, MaterialError> {
        let versions = versions(&material)?;
        let (truststore, pinned) = match &material.truststore {
            None => (None, PinnedCertificates::default()),
            Some(truststore) => trusted(truststore)?,
        };
        Ok(Self {
            versions,
            client_certificate: material.client_certificate,
            server_certificate: material.server_certificate,
            truststore,
            pinned,
            verification: Verification::new(*material.verification)?,
        })
    }
}

fn versions(material: &TlsContextMaterial) -> Result<AcceptableTlsVersions, MaterialError> {
    let (min, max) = (material.min_version, material.max_version);
    let allowed = min..=max;
    let versions = material.versions.unwrap_or(AcceptableTlsVersions {
        v1_1: allowed.contains(&TlsVersion::V1_1),
        v1_2: allowed.contains(&TlsVersion::V1_2),
        v1_3: allowed.contains(&TlsVersion::V1_3),
    });
    if versions.range() == Some((min, max)) {
        Ok(versions)
    } else {
        Err(MaterialError::Versions { min, max })
    }
}

fn trusted(
    material: &TruststoreMaterial,
) -> Result<(Option<TrustAnchors>, PinnedCertificates), MaterialError> {
    let anchors = certificates("trust anchor", &material.anchors)?;
    let pinned = certificates("pinned certificate", &material.pinned)?;
    // One of both will do; none is a truststore that nobody meant.
    let only_pinned = anchors.is_empty() && !pinned.is_empty();
    let anchors = match only_pinned {
        true => None,
        false => Some(TrustAnchors::new(anchors)?),
    };
    Ok((anchors, PinnedCertificates::new(pinned)?))
}

fn certificates(what: &'static str, ders: &[Der]) -> Result<Vec<Certificate>, MaterialError> {
    let certificates = (1..).zip(ders).map(|(position, der)| {
        Certificate::from_der(&der.0).map_err(|error| MaterialError::Certificate {
            what,
            position,
            error,
        })
    });
    certificates.collect()
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

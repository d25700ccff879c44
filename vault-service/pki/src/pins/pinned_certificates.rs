//! Leaf certificates that are trusted as they are.

use crate::certificate::Certificate;
use crate::path::{Usage, VerifiedPath};
use crate::path_error::PathError;
use crate::public_key::KeyError;
use crate::unix_time::UnixTime;

/// Most pinned certificates in one set.
pub const MAX_PINNED_CERTIFICATES: usize = 1000;

/// Certificates that are trusted without an issuer. Each stands for itself alone, byte for byte: a
/// trust anchor would vouch for others, and a comparison by name, serial number or key would let in
/// what was never looked at (CVE-2024-2048 and CVE-2025-6037 in HashiCorp Vault). May be empty.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PinnedCertificates {
    /// Sorted by digest, without duplicates.
    certificates: Vec<Certificate>,
}

/// Why certificates cannot be pinned.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PinnedCertificateError {
    /// More than [`MAX_PINNED_CERTIFICATES`].
    #[error("{count} pinned certificates: at most {limit} are allowed")]
    TooMany {
        /// How many there were, duplicates included.
        count: usize,
        /// [`MAX_PINNED_CERTIFICATES`].
        limit: usize,
    },
    /// A CA is trusted for what it signs: it belongs to the trust anchors.
    #[error("`{subject}` is a CA certificate: it is trusted as an anchor, not pinned as a leaf")]
    Ca {
        /// Subject of the certificate.
        subject: String,
    },
    /// Not an X.509 version 3 certificate: older ones cannot say whether they are a CA's.
    #[error("`{subject}` is not an X.509 version 3 certificate")]
    NotVersion3 {
        /// Subject of the certificate.
        subject: String,
    },
    /// A critical extension that is not processed here.
    #[error("`{subject}` has the unknown critical extension {oid}")]
    UnknownCriticalExtension {
        /// Subject of the certificate.
        subject: String,
        /// Dotted object identifier.
        oid: String,
    },
    /// A public key that is too weak or of an unknown kind.
    #[error("public key of `{subject}`: {error}")]
    WeakKey {
        /// Subject of the certificate.
        subject: String,
        /// What is wrong with its key.
        error: KeyError,
    },
}

impl PinnedCertificates {
    /// Takes over certificates; duplicates are dropped.
    ///
    /// # Errors
    /// Too many, or one of them is a CA's or not fit to authenticate anybody.
    pub fn new(given: Vec<Certificate>) -> Result<Self, PinnedCertificateError> {
        if given.len() > MAX_PINNED_CERTIFICATES {
            return Err(PinnedCertificateError::TooMany {
                count: given.len(),
                limit: MAX_PINNED_CERTIFICATES,
            });
        }
        given.iter().try_for_each(check)?;
        // They are few; a sort is three kilobytes of WebAssembly for each kind of thing.
        let mut certificates: Vec<Certificate> = Vec::with_capacity(given.len());
        for certificate in given {
            let found =
                certificates.binary_search_by_key(&certificate.sha256(), Certificate::sha256);
            if let Err(place) = found {
                certificates.insert(place, certificate);
            }
        }
        Ok(Self { certificates })
    }

    /// Whether there is none.
    pub const fn is_empty(&self) -> bool {
        self.certificates.is_empty()
    }

    /// The certificates, sorted by digest.
    pub fn certificates(&self) -> &[Certificate] {
        &self.certificates
    }

    /// Whether exactly this certificate is pinned.
    pub fn contains(&self, certificate: &Certificate) -> bool {
        let index = self
            .certificates
            .binary_search_by_key(&certificate.sha256(), Certificate::sha256);
        // The digest finds it; the bytes decide.
        index.is_ok_and(|index| self.certificates.get(index) == Some(certificate))
    }

    /// The path of a pinned peer, which is its certificate alone; `None` if it is not pinned. Nobody
    /// vouches for the peer, but its own dates and purposes still count.
    pub fn verify(
        &self,
        peer: &Certificate,
        usage: Usage,
        at: UnixTime,
    ) -> Option<Result<VerifiedPath, PathError>> {
        self.contains(peer)
            .then(|| VerifiedPath::of_pinned(peer, usage, at))
    }
}

fn check(certificate: &Certificate) -> Result<(), PinnedCertificateError> {
    let subject = || certificate.subject().to_owned();
    if !certificate.is_v3() {
        return Err(PinnedCertificateError::NotVersion3 { subject: subject() });
    }
    if certificate.is_ca() {
        return Err(PinnedCertificateError::Ca { subject: subject() });
    }
    if let Some(oid) = certificate.extensions().unknown_critical.first() {
        return Err(PinnedCertificateError::UnknownCriticalExtension {
            subject: subject(),
            oid: oid.clone(),
        });
    }
    certificate
        .check_public_key()
        .map_err(|error| PinnedCertificateError::WeakKey {
            subject: subject(),
            error,
        })
}

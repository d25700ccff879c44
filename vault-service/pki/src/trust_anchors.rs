//! Whom we trust.

use rustls_pki_types::{CertificateDer, TrustAnchor};

use crate::certificate::Certificate;
use crate::profile::{self, Rule};
use crate::public_key::KeyError;

/// A non-empty list of CA certificates that are trusted as such.
///
/// A certificate that is not a CA's is refused: path building looks at an anchor's name and key
/// only, so it would become a CA (CVE-2024-2048 in HashiCorp Vault).
///
/// What a profile demands of an anchor is checked where a path ends at it: one root that is not as
/// the profile wants it would make a whole bundle useless.
#[derive(Clone, Debug)]
pub struct TrustAnchors {
    certificates: Vec<Certificate>,
    /// Of each certificate, at the same index.
    anchors: Vec<TrustAnchor<'static>>,
}

/// Why certificates are not trust anchors.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TrustAnchorError {
    /// No certificate at all.
    #[error("at least one trust anchor is needed")]
    Empty,
    /// Not an X.509 version 3 certificate: older ones cannot say that they are a CA.
    #[error("`{subject}` is not an X.509 version 3 certificate")]
    NotVersion3 {
        /// Subject of the certificate.
        subject: String,
    },
    /// basicConstraints is missing or says no.
    #[error("`{subject}` is not a CA certificate")]
    NotACa {
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
    /// A rule that a trust anchor has to keep whatever the profile.
    #[error("`{subject}`: {rule}")]
    Profile {
        /// Subject of the certificate.
        subject: String,
        /// The rule.
        rule: Rule,
    },
    /// A certificate that path building cannot read.
    #[error("`{subject}` cannot be used as a trust anchor: it is malformed")]
    Malformed {
        /// Subject of the certificate.
        subject: String,
    },
}

impl TrustAnchors {
    /// Takes over CA certificates; duplicates are dropped. Expired ones are taken (a truststore may
    /// hold old and new ones), but no path ends at them.
    ///
    /// # Errors
    /// The list is empty, or one of the certificates is not fit to be a trust anchor.
    pub fn new(certificates: Vec<Certificate>) -> Result<Self, TrustAnchorError> {
        let mut unique: Vec<Certificate> = Vec::with_capacity(certificates.len());
        for certificate in certificates {
            if !unique.contains(&certificate) {
                unique.push(certificate);
            }
        }
        if unique.is_empty() {
            return Err(TrustAnchorError::Empty);
        }
        let anchors = unique.iter().map(read_anchor);
        Ok(Self {
            anchors: anchors.collect::<Result<_, _>>()?,
            certificates: unique,
        })
    }

    /// The certificates, in the order given, without duplicates.
    pub fn certificates(&self) -> &[Certificate] {
        &self.certificates
    }

    pub(crate) fn anchors(&self) -> &[TrustAnchor<'static>] {
        &self.anchors
    }

    /// The certificate behind one of [`Self::anchors`]. By identity: two anchors may share name and
    /// key and differ in validity.
    pub(crate) fn certificate_of(&self, anchor: &TrustAnchor<'_>) -> Option<&Certificate> {
        let known = self.anchors.iter();
        let index = known
            .map(std::ptr::from_ref)
            .position(|known| std::ptr::eq(known, std::ptr::from_ref(anchor).cast()))?;
        self.certificates.get(index)
    }
}

fn read_anchor(certificate: &Certificate) -> Result<TrustAnchor<'static>, TrustAnchorError> {
    let subject = || certificate.subject().to_owned();
    if !certificate.is_v3() {
        return Err(TrustAnchorError::NotVersion3 { subject: subject() });
    }
    if !certificate.is_ca() {
        return Err(TrustAnchorError::NotACa { subject: subject() });
    }
    let extensions = certificate.extensions();
    let unknown = extensions.unknown_critical.first().map(String::as_str);
    if let Some(oid) = unknown.or_else(|| extensions.critical_policy_extension()) {
        return Err(TrustAnchorError::UnknownCriticalExtension {
            subject: subject(),
            oid: oid.to_owned(),
        });
    }
    certificate
        .public_key()
        .check()
        .map_err(|error| TrustAnchorError::WeakKey {
            subject: subject(),
            error,
        })?;
    profile::check_issuer(certificate).map_err(|rule| TrustAnchorError::Profile {
        subject: subject(),
        rule,
    })?;
    let der = CertificateDer::from(certificate.der());
    webpki::anchor_from_trusted_cert(&der)
        .map(|anchor| anchor.to_owned())
        .map_err(|_| TrustAnchorError::Malformed { subject: subject() })
}

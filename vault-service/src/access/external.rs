//! How a gateway is known whose certificate another CA has signed.

use std::fmt;

use sallyport_pki::{Certificate, Digest, SpiffeId};

/// The one name of a certificate of another CA.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum ExternalIdentity {
    /// Its SPIFFE ID: the certificate has one URI name, and that is it.
    Spiffe(SpiffeId),
    /// SHA-256 of its subject (DER), byte for byte: the certificate has no URI name.
    Subject(Digest),
}

impl ExternalIdentity {
    /// The name of a certificate; `None` if there is none that counts, or if it may sign others.
    pub fn of(certificate: &Certificate) -> Option<Self> {
        if !certificate.uri_names().is_empty() {
            return SpiffeId::of(certificate).ok().map(Self::Spiffe);
        }
        let subject = certificate.subject_der();
        // An empty SEQUENCE is nobody's name.
        let named = subject.len() > 2 && !certificate.is_ca();
        named.then(|| Self::Subject(Digest::of(subject)))
    }
}

impl fmt::Display for ExternalIdentity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Spiffe(id) => f.write_str(id.as_str()),
            Self::Subject(digest) => write!(f, "subject-sha256:{digest}"),
        }
    }
}

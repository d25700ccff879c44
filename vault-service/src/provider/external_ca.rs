//! CAs besides the internal one that sign certificates of gateways, and which names each may give.

use std::sync::Arc;
use std::time::Duration;

use rustls::RootCertStore;
use rustls::crypto::aws_lc_rs;
use rustls::server::WebPkiClientVerifier;
use rustls::server::danger::ClientCertVerifier;
use rustls_pki_types::{CertificateDer, UnixTime as Moment};
use sallyport_model::TrustDomain;
use sallyport_pki::{Certificate, UnixTime};
use thiserror::Error;

use crate::access::ExternalIdentity;

/// Another CA.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExternalCa {
    /// Its certificates: any of them is trusted.
    pub certificates: Vec<CertificateDer<'static>>,
    /// What its certificates may say.
    pub names: ExternalNames,
}

/// Which names a CA may give.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ExternalNames {
    /// SPIFFE IDs of this trust domain.
    SpiffeIds(TrustDomain),
    /// Subjects, in certificates without URI names.
    Subjects,
}

/// Why CAs cannot be trusted.
#[derive(Debug, Error)]
pub enum ExternalCaError {
    /// The trust domain is that of the internal CA: both could name the same gateway.
    #[error("{0} is the trust domain of the internal CA; no other CA may speak for it")]
    OwnTrustDomain(TrustDomain),
    /// A file without certificates, or with one that is no trust anchor.
    #[error("a file of gateway_cas has no usable CA certificate")]
    Certificate(#[from] rustls::Error),
    /// None at all.
    #[error("a file of gateway_cas has no usable CA certificate")]
    Verifier(#[from] rustls::server::VerifierBuilderError),
}

/// Who signed a certificate that the listener has let in.
pub(super) enum Voucher {
    /// The internal CA.
    Internal,
    /// Another one, for this name.
    External(ExternalIdentity),
}

type Verifier = Arc<dyn ClientCertVerifier>;

/// All CAs of gateways' certificates, each by itself: what one may say another may not.
#[derive(Default)]
pub struct ExternalCas {
    internal: Option<Verifier>,
    external: Vec<(Verifier, ExternalNames)>,
}

impl ExternalCas {
    /// The internal CA and others.
    ///
    /// # Errors
    /// See [`ExternalCaError`].
    pub fn new(
        internal: &CertificateDer<'static>,
        own: &TrustDomain,
        others: &[ExternalCa],
    ) -> Result<Self, ExternalCaError> {
        let mut external = Vec::new();
        for ca in others {
            if let ExternalNames::SpiffeIds(domain) = &ca.names
                && domain == own
            {
                return Err(ExternalCaError::OwnTrustDomain(domain.clone()));
            }
            external.push((verifier(&ca.certificates)?, ca.names.clone()));
        }
        Ok(Self {
            internal: Some(verifier(std::slice::from_ref(internal))?),
            external,
        })
    }

    /// Who vouches for a client's chain, leaf first; `None` if nobody may for the name that it shows.
    pub(super) fn voucher(
        &self,
        chain: &[CertificateDer<'static>],
        leaf: &Certificate,
        now: UnixTime,
    ) -> Option<Voucher> {
        if self.external.is_empty() {
            // The listener trusts nobody else.
            return Some(Voucher::Internal);
        }
        let (shown, others) = chain.split_first()?;
        let now = Duration::from_secs(u64::try_from(now.0).ok()?);
        let now = Moment::since_unix_epoch(now);
        let signed = |ca: &Verifier| ca.verify_client_cert(shown, others, now).is_ok();
        if self.internal.as_ref().is_some_and(signed) {
            return Some(Voucher::Internal);
        }
        let (_, names) = self.external.iter().find(|(ca, _)| signed(ca))?;
        let identity = ExternalIdentity::of(leaf)?;
        names
            .include(&identity)
            .then_some(Voucher::External(identity))
    }
}

impl ExternalNames {
    fn include(&self, identity: &ExternalIdentity) -> bool {
        match (self, identity) {
            (Self::SpiffeIds(domain), ExternalIdentity::Spiffe(id)) => {
                id.trust_domain() == domain.as_str()
            }
            (Self::Subjects, ExternalIdentity::Subject(_)) => true,
            _ => false,
        }
    }
}

fn verifier(certificates: &[CertificateDer<'static>]) -> Result<Verifier, ExternalCaError> {
    let mut roots = RootCertStore::empty();
    for certificate in certificates {
        roots.add(certificate.clone())?;
    }
    let provider = Arc::new(aws_lc_rs::default_provider());
    let builder = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider);
    Ok(builder.build()?)
}

//! CAs besides the internal one that sign certificates of gateways, and which names each may give.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use rustls::RootCertStore;
use rustls::crypto::aws_lc_rs;
use rustls::server::WebPkiClientVerifier;
use rustls::server::danger::ClientCertVerifier;
use rustls_pki_types::{CertificateDer, UnixTime as Moment};
use sallyport_model::TrustDomain;
use sallyport_pki::{Certificate, Digest, Revocations, UnixTime};
use thiserror::Error;
use tokio::sync::watch;

use super::external_lists::{ExternalLists, ExternalListsError};
use crate::access::ExternalIdentity;
use crate::clock::rfc3339;

/// Another CA.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExternalCa {
    /// Its certificates: any of them is trusted.
    pub certificates: Vec<CertificateDer<'static>>,
    /// What its certificates may say.
    pub names: ExternalNames,
    /// What its certificates are held against.
    pub lists: GivenLists,
}

/// Revocation lists of a CA, as they are when it is first trusted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum GivenLists {
    /// None: nothing it has signed is ever revoked.
    Unlisted,
    /// A file.
    File(Vec<u8>),
    /// They come later; until then nobody is let in.
    Later,
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
    /// Its revocation lists.
    #[error("crl_file of gateway_cas {position}")]
    Lists {
        /// Counted from 1.
        position: usize,
        /// Why.
        source: ExternalListsError,
    },
}

/// A CA whose gateways are refused: no lists that it is held against are in force.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("gateway_cas {position}: {lapse}; its gateways are refused")]
pub struct LapsedCa {
    /// Its place among those of the settings, counted from 1.
    pub position: usize,
    /// Why.
    pub lapse: Lapse,
}

/// Why no revocation lists are in force.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum Lapse {
    /// None was taken yet.
    #[error("there is no revocation list yet")]
    NoLists,
    /// One of them is past its end.
    #[error("a revocation list ended at {}", rfc3339(*.at))]
    Ended {
        /// The first end.
        at: UnixTime,
    },
}

impl Lapse {
    /// The word for it, for programs.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::NoLists => "no_lists",
            Self::Ended { .. } => "lists_ended",
        }
    }
}

/// Who signed a certificate that the listener has let in.
pub(super) enum Voucher {
    /// The internal CA.
    Internal,
    /// Another one, for this name.
    External(ExternalIdentity, Option<Checked>),
}

/// What the lists of a CA have said of a chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Checked {
    /// Which lists.
    edition: u64,
    /// When they end.
    until: UnixTime,
}

type Verifier = Arc<dyn ClientCertVerifier>;

/// All CAs of gateways' certificates, each by itself: what one may say another may not.
#[derive(Default)]
pub struct ExternalCas {
    internal: Option<Verifier>,
    external: Vec<Other>,
    edition: watch::Sender<u64>,
}

struct Other {
    verifier: Verifier,
    names: ExternalNames,
    lists: Option<ExternalLists>,
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
        now: UnixTime,
    ) -> Result<Self, ExternalCaError> {
        let mut external = Vec::new();
        for (ca, position) in others.iter().zip(1..) {
            if let ExternalNames::SpiffeIds(domain) = &ca.names
                && domain == own
            {
                return Err(ExternalCaError::OwnTrustDomain(domain.clone()));
            }
            external.push(Other {
                verifier: verifier(&ca.certificates)?,
                names: ca.names.clone(),
                lists: ca
                    .first_lists(now)
                    .map_err(|source| ExternalCaError::Lists { position, source })?,
            });
        }
        Ok(Self {
            internal: Some(verifier(std::slice::from_ref(internal))?),
            external,
            edition: watch::Sender::default(),
        })
    }

    /// Puts the lists of a file in force for the CA at that place, and has every open call looked at
    /// again.
    ///
    /// # Errors
    /// See [`ExternalListsError`]; those of before stay.
    pub fn take_lists(
        &self,
        ca: usize,
        file: &[u8],
        now: UnixTime,
    ) -> Result<(), ExternalListsError> {
        self.change(ca, |lists| lists.take(file, now))
    }

    /// Puts the lists that a CRL distributor publishes in force for the CA at that place, and has every
    /// open call looked at again.
    ///
    /// # Errors
    /// See [`ExternalListsError`]; those of before stay.
    pub fn take_published(
        &self,
        ca: usize,
        published: &Revocations,
    ) -> Result<(), ExternalListsError> {
        self.change(ca, |lists| lists.take_published(published))
    }

    /// Puts lists that were in force before a restart in force for the CA at that place, unless it has newer
    /// ones, and has every open call looked at again.
    ///
    /// # Errors
    /// See [`ExternalListsError`]; those that there are stay.
    pub fn take_kept(
        &self,
        ca: usize,
        kept: &Revocations,
        now: UnixTime,
    ) -> Result<(), ExternalListsError> {
        self.change(ca, |lists| lists.take_kept(kept, now))
    }

    /// What changes the lists of the CA at that place, if it is held against any, has every open call looked at again.
    fn change(
        &self,
        ca: usize,
        change: impl FnOnce(&ExternalLists) -> Result<(), ExternalListsError>,
    ) -> Result<(), ExternalListsError> {
        if let Some(lists) = self.external.get(ca).and_then(|ca| ca.lists.as_ref()) {
            change(lists)?;
            self.look_again();
        }
        Ok(())
    }

    /// The lists in force for the CA at that place, if it is held against any.
    pub fn in_force(&self, ca: usize) -> Option<Arc<Revocations>> {
        Some(self.external.get(ca)?.lists.as_ref()?.in_force())
    }

    /// SHA-256 over the certificates of the CA at that place, if they are held against lists.
    pub fn ca_digest(&self, ca: usize) -> Option<Digest> {
        Some(self.external.get(ca)?.lists.as_ref()?.ca_digest())
    }

    /// Why the lists of the CA at that place are not in force, if it is held against any.
    pub fn lapse(&self, ca: usize, now: UnixTime) -> Option<Lapse> {
        self.external.get(ca)?.lists.as_ref()?.lapse(now)
    }

    /// All CAs whose lists are not in force, in the order of the settings.
    pub fn lapsed(&self, now: UnixTime) -> Vec<LapsedCa> {
        let cas = self.external.iter().zip(1..);
        let lapsed = cas.filter_map(|(ca, position)| {
            let lapse = ca.lists.as_ref()?.lapse(now)?;
            Some(LapsedCa { position, lapse })
        });
        lapsed.collect()
    }

    /// Has every open call looked at again: lists have changed, or ended.
    pub fn look_again(&self) {
        self.edition
            .send_modify(|edition| *edition = edition.wrapping_add(1));
    }

    /// Tells when to look again.
    pub(super) fn changes(&self) -> watch::Receiver<u64> {
        self.edition.subscribe()
    }

    /// Whether what was checked once still holds.
    pub(super) fn still(&self, checked: Checked, now: UnixTime) -> bool {
        checked.edition == *self.edition.borrow() && now < checked.until
    }

    /// Whether a chain, leaf first, whose signatures the listener has verified, is one of a CA whose
    /// lists do not say that it is good.
    pub fn is_revoked(&self, chain: &[CertificateDer<'static>], now: UnixTime) -> bool {
        if self.external.iter().all(|ca| ca.lists.is_none()) {
            return false;
        }
        let leaf = chain
            .first()
            .and_then(|der| Certificate::from_der(der).ok());
        let Some((leaf, (_, others))) = leaf.zip(chain.split_first()) else {
            return true;
        };
        match self.signer(chain, now) {
            Some(Signer::Internal) | None => false,
            Some(Signer::Other(ca)) => {
                let lists = ca.lists.as_ref();
                lists.is_some_and(|lists| lists.good_until(&leaf, others, now).is_none())
            }
        }
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
        let ca = match self.signer(chain, now)? {
            Signer::Internal => return Some(Voucher::Internal),
            Signer::Other(ca) => ca,
        };
        let identity = ExternalIdentity::of(leaf)?;
        if !ca.names.include(&identity) {
            return None;
        }
        // Before the lists are read: should others come meanwhile, it is checked again.
        let edition = *self.edition.borrow();
        let checked = match &ca.lists {
            None => None,
            Some(lists) => {
                let (_, others) = chain.split_first()?;
                let until = lists.good_until(leaf, others, now)?;
                Some(Checked { edition, until })
            }
        };
        Some(Voucher::External(identity, checked))
    }

    fn signer(&self, chain: &[CertificateDer<'static>], now: UnixTime) -> Option<Signer<'_>> {
        let (shown, others) = chain.split_first()?;
        let now = Duration::from_secs(u64::try_from(now.0).ok()?);
        let now = Moment::since_unix_epoch(now);
        let signed = |ca: &Verifier| ca.verify_client_cert(shown, others, now).is_ok();
        if self.internal.as_ref().is_some_and(signed) {
            return Some(Signer::Internal);
        }
        let mut external = self.external.iter();
        external.find(|ca| signed(&ca.verifier)).map(Signer::Other)
    }
}

/// Whose a chain is.
enum Signer<'a> {
    Internal,
    Other(&'a Other),
}

impl fmt::Debug for ExternalCas {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ExternalCas").finish_non_exhaustive()
    }
}

impl ExternalCa {
    fn first_lists(&self, now: UnixTime) -> Result<Option<ExternalLists>, ExternalListsError> {
        if self.lists == GivenLists::Unlisted {
            return Ok(None);
        }
        let lists = ExternalLists::of(&self.certificates)?;
        if let GivenLists::File(file) = &self.lists {
            lists.take(file, now)?;
        }
        Ok(Some(lists))
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

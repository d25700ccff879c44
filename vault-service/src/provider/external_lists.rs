//! Revocation lists of another CA: a certificate that they name, or say nothing of, is nobody's.

use std::cell::Cell;
use std::sync::{Arc, PoisonError, RwLock};

use rustls_pki_types::pem::{self, PemObject as _};
use rustls_pki_types::{CertificateDer, CertificateRevocationListDer};
use sallyport_pki::{
    Certificate, CertificateError, CrlError, CrlRules, Digest, InvalidRevocations, KeyIdentifiers,
    MAX_CRL_BYTES, PathError, PathRules, Profile, RevocationList, RevocationPolicy, Revocations,
    TrustAnchorError, TrustAnchors, UnixTime, Usage,
};
use thiserror::Error;

use super::external_ca::Lapse;

/// Most bytes of a file of lists: a full one as PEM.
pub const MAX_LIST_FILE: u64 = MAX_CRL_BYTES as u64 / 2 * 3;

/// The lists of a CA that are in force.
pub(super) struct ExternalLists {
    certificates: Vec<Certificate>,
    anchors: TrustAnchors,
    in_force: RwLock<Arc<Revocations>>,
}

/// Why lists are not taken. Those of before stay in force until they end.
#[derive(Debug, Error)]
pub enum ExternalListsError {
    /// A certificate of the CA does not read.
    #[error("a certificate of the CA: {0}")]
    Certificate(#[from] CertificateError),
    /// A certificate of the CA is no trust anchor.
    #[error(transparent)]
    Anchor(#[from] TrustAnchorError),
    /// It is neither a CRL in DER nor CRLs in PEM.
    #[error("neither a CRL in DER nor one or more in PEM")]
    Syntax(#[source] pem::Error),
    /// There is none.
    #[error("there is no CRL of the CA")]
    Empty,
    /// Lists that are not in force together.
    #[error(transparent)]
    Together(#[from] InvalidRevocations),
    /// A list in force has no successor, or an older one.
    #[error("list {position} of those in force is not there any more, or only an older one")]
    Older {
        /// Counted from 1.
        position: usize,
    },
    /// A list that does not count.
    #[error("CRL {position}: {source}")]
    List {
        /// Counted from 1.
        position: usize,
        /// Why.
        source: CrlError,
    },
}

impl ExternalLists {
    /// None yet, so nobody is let in.
    pub(super) fn of(certificates: &[CertificateDer<'static>]) -> Result<Self, ExternalListsError> {
        let certificates = certificates.iter().map(|der| Certificate::from_der(der));
        let certificates = certificates.collect::<Result<Vec<_>, _>>()?;
        Ok(Self {
            anchors: TrustAnchors::new(certificates.clone())?,
            certificates,
            in_force: RwLock::default(),
        })
    }

    /// Takes over the lists of a file, all or none. Each is verified under the CA's certificates, and
    /// none takes the place of a newer one.
    pub(super) fn take(&self, file: &[u8], now: UnixTime) -> Result<(), ExternalListsError> {
        let lists = lists(file)?;
        if lists.is_empty() {
            return Err(ExternalListsError::Empty);
        }
        let mut next = Revocations::clone(&self.in_force());
        let rules = CrlRules::new(now);
        for (list, position) in lists.iter().zip(1..) {
            next.update(list, &self.certificates, &rules)
                .map_err(|source| ExternalListsError::List { position, source })?;
        }
        self.put_in_force(next);
        Ok(())
    }

    /// Takes over what a CRL distributor publishes, verified already: the lists that the CA has signed,
    /// or somebody who has a certificate of it. For each list in force there has to be one, and none
    /// that is older.
    pub(super) fn take_published(&self, published: &Revocations) -> Result<(), ExternalListsError> {
        let ours = self.ours(published)?;
        for (known, position) in self.in_force().lists().iter().zip(1..) {
            let next = ours.iter().find(|list| is_edition_of(list, known));
            if next.is_none_or(|next| next.number() < known.number()) {
                return Err(ExternalListsError::Older { position });
            }
        }
        self.put_in_force(Revocations::from_lists(ours)?);
        Ok(())
    }

    /// Takes over lists that were in force before a restart, verified then: each of them unless there is a
    /// newer one, and those that nothing has followed until they end.
    pub(super) fn take_kept(
        &self,
        kept: &Revocations,
        now: UnixTime,
    ) -> Result<(), ExternalListsError> {
        let mut lists = self.in_force().lists().to_vec();
        for kept in self.ours(kept)? {
            let known = lists.iter_mut().find(|list| is_edition_of(list, &kept));
            match known {
                Some(known) if known.number() < kept.number() => *known = kept,
                Some(_) => {}
                None if kept.next_update() <= now => {}
                None => lists.push(kept),
            }
        }
        self.put_in_force(Revocations::from_lists(lists)?);
        Ok(())
    }

    /// Those that the CA has signed, or somebody who has a certificate of it.
    fn ours(&self, lists: &Revocations) -> Result<Vec<RevocationList>, ExternalListsError> {
        let keys: Vec<_> = self
            .certificates
            .iter()
            .map(Certificate::spki_sha256)
            .collect();
        let is_ours = |list: &&RevocationList| {
            let signer = &list.signer;
            let by = signer.delegation.as_ref().map_or(signer.key, |it| it.by);
            keys.contains(&by)
        };
        let ours: Vec<_> = lists.lists().iter().filter(is_ours).cloned().collect();
        match ours.is_empty() {
            true => Err(ExternalListsError::Empty),
            false => Ok(ours),
        }
    }

    fn put_in_force(&self, next: Revocations) {
        *self
            .in_force
            .write()
            .unwrap_or_else(PoisonError::into_inner) = Arc::new(next);
    }

    /// Until when a chain is good, its leaf first, if it is.
    pub(super) fn good_until(
        &self,
        leaf: &Certificate,
        others: &[CertificateDer<'static>],
        now: UnixTime,
    ) -> Option<UnixTime> {
        let others = others.iter().map(|der| Certificate::from_der(der));
        let others = others.collect::<Result<Vec<_>, _>>().ok()?;
        let lists = self.in_force();
        let policy = RevocationPolicy::default();
        let ends = Cell::new(None);
        let unrevoked = |path: &[&Certificate]| {
            let evidence = lists.check(path, now, &policy);
            let evidence = evidence.map_err(|_| PathError::Refused)?;
            ends.set(evidence.good_until());
            Ok(())
        };
        let rules = PathRules {
            further: Some(&unrevoked),
            // The listener has verified the chain by its own rules.
            profile: Profile {
                key_identifiers: KeyIdentifiers::Optional,
                ..Profile::RFC5280
            },
            ..PathRules::new(Usage::ClientAuth, now)
        };
        rules.verify(leaf, &others, &self.anchors).ok()?;
        // A path of nothing but an anchor has no list to end.
        Some(ends.get().unwrap_or_else(|| leaf.not_after()))
    }

    /// SHA-256 over the certificates of the CA, in whatever order they are.
    pub(super) fn ca_digest(&self) -> Digest {
        let mut certificates: Vec<_> = self.certificates.iter().map(Certificate::der).collect();
        certificates.sort_unstable();
        Digest::of(&certificates.concat())
    }

    /// Why they are not in force: there are none, or one has ended.
    pub(super) fn lapse(&self, now: UnixTime) -> Option<Lapse> {
        let lists = self.in_force();
        let Some(at) = lists.lists().iter().map(|list| list.next_update()).min() else {
            return Some(Lapse::NoLists);
        };
        (at <= now).then_some(Lapse::Ended { at })
    }

    pub(super) fn in_force(&self) -> Arc<Revocations> {
        Arc::clone(&self.in_force.read().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Whether both are lists of the same signer and scope: then one takes the place of the other.
fn is_edition_of(list: &RevocationList, other: &RevocationList) -> bool {
    (&list.signer.name, list.signer.key, &list.scope)
        == (&other.signer.name, other.signer.key, &other.scope)
}

/// The CRLs of a file, DER.
fn lists(file: &[u8]) -> Result<Vec<CertificateRevocationListDer<'_>>, ExternalListsError> {
    /// An ASN.1 SEQUENCE; no text begins so.
    const SEQUENCE: u8 = 0x30;
    match file.first() {
        Some(&SEQUENCE) => Ok(vec![file.into()]),
        _ => CertificateRevocationListDer::pem_slice_iter(file)
            .collect::<Result<_, _>>()
            .map_err(ExternalListsError::Syntax),
    }
}

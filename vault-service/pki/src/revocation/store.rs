//! The lists in use: one for each signer and scope, and never an older one.

use std::cmp::Ordering;

use rustls_pki_types::SignatureVerificationAlgorithm;

use crate::certificate::Certificate;
use crate::revocation::crl::Crl;
use crate::revocation::crl_error::CrlError;
use crate::revocation::crl_number::CrlNumber;
use crate::revocation::list::{Content, CrlEdition, Dropped, RevocationList};
use crate::revocation::scope::CrlScope;
use crate::revocation::signer::CrlSigner;
use crate::signature;
use crate::unix_time::UnixTime;

/// Most lists in use together.
pub const MAX_CRLS: usize = 1_000;
/// How far the clock of a CA may be ahead, in seconds.
pub(crate) const CLOCK_SKEW: i64 = 60;

/// Verified revocation lists.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Revocations {
    pub(crate) lists: Vec<RevocationList>,
}

/// How CRLs are verified when they are loaded.
#[derive(Clone, Copy)]
pub struct CrlRules<'a> {
    /// When.
    pub at: UnixTime,
    /// Signature algorithms that are accepted, each with its verifier.
    pub algorithms: &'a [&'a dyn SignatureVerificationAlgorithm],
}

/// What a CRL has changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CrlUpdate {
    /// It is the first one of its signer and scope, or the first delta CRL.
    Added,
    /// It has taken the place of an older one.
    Replaced {
        /// What is listed no longer; more than a few are worth an alarm (CVE-2021-29653 in HashiCorp
        /// Vault).
        dropped: Dropped,
    },
    /// It is there already.
    Unchanged,
}

/// A CRL of several that is not used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefusedCrl {
    /// Its position among those that were given.
    pub index: usize,
    /// Why.
    pub error: CrlError,
}

/// Lists that cannot be in use together: two of one signer and scope, or too many.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("two revocation lists of one signer and scope, or more than {MAX_CRLS} lists")]
pub struct InvalidRevocations;

impl CrlRules<'_> {
    /// The algorithms of this crate.
    pub fn new(at: UnixTime) -> Self {
        Self {
            at,
            algorithms: signature::ALGORITHMS,
        }
    }
}

impl Revocations {
    /// Verifies CRLs, in any order, delta CRLs among them. One that is refused spoils no other.
    /// `issuers` are certificates of CAs, and of signers of indirect CRLs.
    pub fn load<'c>(
        crls: impl IntoIterator<Item = &'c [u8]>,
        issuers: &[Certificate],
        rules: &CrlRules<'_>,
    ) -> (Self, Vec<RefusedCrl>) {
        let mut revocations = Self::default();
        let mut refused = Vec::new();
        let mut deltas = Vec::new();
        for (index, der) in crls.into_iter().enumerate() {
            let taken = Crl::read(der).and_then(|crl| match crl.extensions.base {
                // Whatever they build on has to be there first.
                Some(_) => {
                    deltas.push((index, crl));
                    Ok(())
                }
                None => revocations.take(&crl, issuers, rules).map(drop),
            });
            refused.extend(taken.err().map(|error| RefusedCrl { index, error }));
        }
        for (index, crl) in deltas {
            let taken = revocations.take(&crl, issuers, rules);
            refused.extend(taken.err().map(|error| RefusedCrl { index, error }));
        }
        (revocations, refused)
    }

    /// Lists that were verified and compacted elsewhere.
    ///
    /// # Errors
    /// Two of one signer and scope, or too many.
    pub fn from_lists(lists: Vec<RevocationList>) -> Result<Self, InvalidRevocations> {
        if lists.len() > MAX_CRLS {
            return Err(InvalidRevocations);
        }
        let mut revocations = Self::default();
        for list in lists {
            if revocations.position(&list.signer, &list.scope).is_some() {
                return Err(InvalidRevocations);
            }
            revocations.lists.push(list);
        }
        Ok(revocations)
    }

    /// Verifies a CRL and puts it in the place of the one of the same signer and scope, or a delta
    /// CRL on top of it.
    ///
    /// # Errors
    /// It is refused, and everything stays as it is.
    pub fn update(
        &mut self,
        crl: &[u8],
        issuers: &[Certificate],
        rules: &CrlRules<'_>,
    ) -> Result<CrlUpdate, CrlError> {
        self.take(&Crl::read(crl)?, issuers, rules)
    }

    /// Whether a complete CRL is the one in force of its signer and scope. It has been verified when it
    /// was loaded, and is not again.
    pub fn has_in_force(&self, crl: &[u8]) -> bool {
        let Ok(crl) = Crl::read(crl) else {
            return false;
        };
        let extensions = &crl.extensions;
        extensions.base.is_none()
            && self.lists.iter().any(|list| {
                list.signer.name == crl.issuer
                    && list.scope == extensions.scope
                    && list.complete.number == extensions.number
                    && list.complete.this_update == crl.this_update
            })
    }

    /// The lists, in the order in which they came.
    pub fn lists(&self) -> &[RevocationList] {
        &self.lists
    }

    /// The complete edition of a list, or the delta that was added to it.
    pub fn edition_mut(&mut self, list: usize, delta: bool) -> Option<&mut CrlEdition> {
        let list = self.lists.get_mut(list)?;
        match delta {
            true => list.delta.as_mut(),
            false => Some(&mut list.complete),
        }
    }

    fn take(
        &mut self,
        crl: &Crl<'_>,
        issuers: &[Certificate],
        rules: &CrlRules<'_>,
    ) -> Result<CrlUpdate, CrlError> {
        let signer = CrlSigner::find(crl, issuers, rules.algorithms)?;
        if crl.this_update.0 > rules.at.0.saturating_add(CLOCK_SKEW) {
            return Err(CrlError::NotYetValid {
                at: rules.at,
                this_update: crl.this_update,
            });
        }
        let known = self.position(&signer, &crl.extensions.scope);
        let known = known.and_then(|position| self.lists.get_mut(position));
        match (known, crl.extensions.base) {
            (None, None) => self.add(crl, signer),
            (Some(known), None) => replace(known, crl, signer),
            (Some(known), Some(base)) => add_delta(known, crl, base),
            (None, Some(base)) => Err(CrlError::NoBase { base }),
        }
    }

    fn add(&mut self, crl: &Crl<'_>, signer: CrlSigner) -> Result<CrlUpdate, CrlError> {
        if self.lists.len() >= MAX_CRLS {
            return Err(CrlError::TooManyLists { limit: MAX_CRLS });
        }
        self.lists.push(RevocationList {
            signer,
            scope: crl.extensions.scope.clone(),
            complete: CrlEdition::read(crl)?,
            delta: None,
        });
        Ok(CrlUpdate::Added)
    }

    fn position(&self, signer: &CrlSigner, scope: &CrlScope) -> Option<usize> {
        self.lists.iter().position(|list| {
            list.signer.key == signer.key && list.signer.name == signer.name && list.scope == *scope
        })
    }
}

/// The highest number counts, and of two with the same number the later one.
fn replace(
    known: &mut RevocationList,
    crl: &Crl<'_>,
    signer: CrlSigner,
) -> Result<CrlUpdate, CrlError> {
    let number = crl.extensions.number;
    refuse_older(number, &known.complete)?;
    let newer = CrlEdition::read(crl)?;
    let age = |edition: &CrlEdition| (edition.number, edition.this_update);
    match age(&newer).cmp(&age(&known.complete)) {
        Ordering::Less => Ok(CrlUpdate::Unchanged),
        Ordering::Equal if newer == known.complete => Ok(CrlUpdate::Unchanged),
        Ordering::Equal => {
            // Two CRLs that claim to be the same one: whatever either lists is revoked.
            known.complete.add(newer);
            Ok(CrlUpdate::Replaced {
                dropped: Dropped::default(),
            })
        }
        Ordering::Greater => {
            let older = std::mem::replace(&mut known.complete, newer);
            let delta = known.delta.clone();
            known.signer = signer;
            known.delta.take_if(|delta| delta.number <= number);
            let before = Content {
                complete: &older,
                delta: delta.as_ref(),
            };
            Ok(CrlUpdate::Replaced {
                dropped: known.content().dropped_since(before),
            })
        }
    }
}

/// RFC 5280 section 5.2.4: a delta CRL has all changes since its base, so that it needs none before
/// it.
fn add_delta(
    known: &mut RevocationList,
    crl: &Crl<'_>,
    base: CrlNumber,
) -> Result<CrlUpdate, CrlError> {
    let number = crl.extensions.number;
    if known.complete.number < base {
        return Err(CrlError::NoBase { base });
    }
    if number <= known.complete.number {
        return Err(CrlError::NumberWentBack {
            number,
            known: known.complete.number,
        });
    }
    let newer = CrlEdition::read(crl)?;
    let Some(delta) = &known.delta else {
        known.delta = Some(newer);
        return Ok(CrlUpdate::Added);
    };
    refuse_older(number, delta)?;
    if *delta == newer {
        return Ok(CrlUpdate::Unchanged);
    }
    let older = known.delta.replace(newer);
    let before = Content {
        complete: &known.complete,
        delta: older.as_ref(),
    };
    Ok(CrlUpdate::Replaced {
        dropped: known.content().dropped_since(before),
    })
}

fn refuse_older(number: CrlNumber, known: &CrlEdition) -> Result<(), CrlError> {
    if number < known.number {
        return Err(CrlError::NumberWentBack {
            number,
            known: known.number,
        });
    }
    Ok(())
}

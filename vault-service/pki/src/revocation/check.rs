//! Whether a path leads over a revoked certificate (RFC 5280 section 6.3.3).

use crate::certificate::Certificate;
use crate::revocation::buckets::UnreadableBucket;
use crate::revocation::certificate_facts::CertificateFacts;
use crate::revocation::crl_number::CrlNumber;
use crate::revocation::distribution_point::ALL_REASONS;
use crate::revocation::error::{RevocationCause, RevocationError};
use crate::revocation::list::RevocationList;
use crate::revocation::policy::{CheckedCertificates, ExpiredCrl, RevocationPolicy, UnknownStatus};
use crate::revocation::signer::CrlDelegation;
use crate::revocation::store::{CLOCK_SKEW, Revocations};
use crate::unix_time::UnixTime;

/// What is known about the certificates of a path that was not refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RevocationEvidence {
    /// Of each certificate that was looked at, the peer's first.
    pub certificates: Vec<CertificateStatus>,
}

/// What is known about one certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CertificateStatus {
    /// It is not revoked.
    Good {
        /// Number of the CRL, of several the one that expires first.
        number: CrlNumber,
        /// When the verdict ends.
        next_update: UnixTime,
    },
    /// It is not in CRLs of which at least one has expired, and the policy allows that.
    Stale {
        /// When the first of them expired.
        next_update: UnixTime,
    },
    /// No CRL is about it, and the policy allows that.
    Unknown,
}

impl RevocationEvidence {
    /// When a verdict that builds on it ends; `None` if no CRL that is valid takes part in it.
    pub fn good_until(&self) -> Option<UnixTime> {
        let ends = self.certificates.iter().filter_map(|status| match status {
            CertificateStatus::Good { next_update, .. } => Some(*next_update),
            CertificateStatus::Stale { .. } | CertificateStatus::Unknown => None,
        });
        ends.min()
    }
}

impl Revocations {
    /// Checks a path that is good otherwise: the peer's certificate first, the anchor last.
    ///
    /// # Errors
    /// A certificate is revoked or, if the policy does not allow it, nothing or only an expired CRL
    /// tells that it is not.
    pub fn check(
        &self,
        path: &[&Certificate],
        at: UnixTime,
        policy: &RevocationPolicy,
    ) -> Result<RevocationEvidence, RevocationError> {
        let below_anchor = path.len().saturating_sub(1);
        let count = match policy.certificates {
            CheckedCertificates::AllBelowAnchor => below_anchor,
            CheckedCertificates::PeerOnly => below_anchor.min(1),
        };
        let path = Path::read(path, at)?;
        let mut certificates = Vec::with_capacity(count);
        let mut refusal = None;
        for (certificate, facts) in path.certificates.iter().take(count) {
            let refuse = |cause| RevocationError {
                subject: certificate.subject().to_owned(),
                cause,
            };
            match self.status(certificate, facts, &path, policy) {
                Ok(status) => certificates.push(status),
                // Nothing tells more than that a certificate is revoked.
                Err(cause @ RevocationCause::Revoked { .. }) => return Err(refuse(cause)),
                Err(cause) => refusal = refusal.or(Some(refuse(cause))),
            }
        }
        match refusal {
            Some(error) => Err(error),
            None => Ok(RevocationEvidence { certificates }),
        }
    }

    fn status(
        &self,
        certificate: &Certificate,
        facts: &CertificateFacts<'_>,
        path: &Path<'_>,
        policy: &RevocationPolicy,
    ) -> Result<CertificateStatus, RevocationCause> {
        let at = path.at;
        let mut good = Coverage::default();
        // Those that have expired, too.
        let mut all = Coverage::default();
        let mut unreadable = false;
        for list in &self.lists {
            let reasons = list.scope.reasons_for(facts, &list.signer.name);
            let early = list.this_update().0 > at.0.saturating_add(CLOCK_SKEW);
            if reasons == 0 || early || !self.may_sign(list, path) {
                continue;
            }
            match list.find(facts.issuer, facts.serial) {
                Ok(None) => {}
                Ok(Some(revocation)) => {
                    return Err(RevocationCause::Revoked {
                        serial: certificate.serial_hex().to_owned(),
                        at: revocation.at,
                        reason: revocation.reason,
                    });
                }
                // Another list may still tell that it is revoked.
                Err(UnreadableBucket) => unreadable = true,
            }
            if list.next_update() > at {
                good.add(list, reasons);
            }
            all.add(list, reasons);
        }
        if unreadable {
            return Err(RevocationCause::Unreadable);
        }
        match (good.complete(), all.complete()) {
            (Some((number, next_update)), _) => Ok(CertificateStatus::Good {
                number,
                next_update,
            }),
            (None, Some((_, next_update))) => match policy.expired {
                ExpiredCrl::Allow => Ok(CertificateStatus::Stale { next_update }),
                ExpiredCrl::Deny => Err(RevocationCause::CrlExpired { next_update, at }),
            },
            (None, None) => match policy.unknown {
                UnknownStatus::Allow => Ok(CertificateStatus::Unknown),
                UnknownStatus::Deny => Err(RevocationCause::Unknown),
            },
        }
    }

    /// Whether the signer of a list is a CA of the path, or one of them has made it one.
    fn may_sign(&self, list: &RevocationList, path: &Path<'_>) -> bool {
        let signer = &list.signer;
        let own = path.issuers().any(|(certificate, facts)| {
            facts.may_sign_crls()
                && facts.subject == signer.name
                && certificate.spki_sha256() == signer.key
        });
        let delegation = signer.delegation.as_ref();
        own || delegation.is_some_and(|delegation| self.is_in_force(delegation, path))
    }

    fn is_in_force(&self, delegation: &CrlDelegation, path: &Path<'_>) -> bool {
        let on_path = path.issuers().any(|(certificate, facts)| {
            facts.subject == delegation.issuer && certificate.spki_sha256() == delegation.by
        });
        let valid = (delegation.not_before..=delegation.not_after).contains(&path.at);
        let revoked = self.lists.iter().any(|list| {
            list.signer.key == delegation.by
                && list.find(&delegation.issuer, &delegation.serial) != Ok(None)
        });
        on_path && valid && !revoked
    }
}

/// A path with what its certificates say about revocation.
struct Path<'a> {
    at: UnixTime,
    /// The peer's first, the anchor's last.
    certificates: Vec<(&'a Certificate, CertificateFacts<'a>)>,
}

impl<'a> Path<'a> {
    fn read(path: &[&'a Certificate], at: UnixTime) -> Result<Self, RevocationError> {
        let certificates = path.iter().map(|&certificate| {
            let facts = CertificateFacts::read(certificate).map_err(|_| RevocationError {
                subject: certificate.subject().to_owned(),
                cause: RevocationCause::Malformed,
            });
            Ok((certificate, facts?))
        });
        let certificates = certificates.collect::<Result<_, _>>()?;
        Ok(Self { at, certificates })
    }

    fn issuers(&self) -> impl Iterator<Item = &(&'a Certificate, CertificateFacts<'a>)> {
        self.certificates.iter().skip(1)
    }
}

/// For which reasons lists tell that a certificate is not revoked.
#[derive(Default)]
struct Coverage {
    reasons: u16,
    /// Of the list that expires first.
    first: Option<(CrlNumber, UnixTime)>,
}

impl Coverage {
    fn add(&mut self, list: &RevocationList, reasons: u16) {
        self.reasons |= reasons;
        let (number, next_update) = (list.number(), list.next_update());
        match self.first {
            Some((_, first)) if first <= next_update => {}
            _ => self.first = Some((number, next_update)),
        }
    }

    fn complete(&self) -> Option<(CrlNumber, UnixTime)> {
        self.first.filter(|_| self.reasons == ALL_REASONS)
    }
}

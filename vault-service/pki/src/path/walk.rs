//! Path building for what webpki refuses although RFC 5280 does not: name constraints on other forms
//! than DNS names and IP addresses, critical extensions about policies, and self-issued CAs, which
//! neither count for the path length nor are constrained.
//!
//! It chains names and signatures; a [`Candidate`] is checked for everything else, as one that webpki
//! found.

use litemap::LiteMap;

use super::candidate::Candidate;
use super::signed;
use super::work::Work;
use super::{MAX_DEPTH, PathRules};
use crate::certificate::Certificate;
use crate::digest::Digest;
use crate::path_error::PathError;
use crate::trust_anchors::TrustAnchors;

/// Whether a walk could find what webpki did not.
pub(super) fn is_of_use(
    peer: &Certificate,
    intermediates: &[Certificate],
    anchors: &TrustAnchors,
) -> bool {
    let policies = |one: &Certificate| one.extensions().critical_policy_extension().is_some();
    let constrained = |ca: &Certificate| ca.extensions().name_constraints.is_some();
    let mut presented = intermediates.iter();
    policies(peer)
        || presented.any(|ca| ca.is_self_issued() || constrained(ca) || policies(ca))
        || anchors.certificates().iter().any(constrained)
}

pub(super) struct Walk<'a> {
    rules: &'a PathRules<'a>,
    peer: &'a Certificate,
    presented: &'a [Certificate],
    anchors: &'a [Certificate],
    work: Work,
    /// Whether the second certificate signed the first.
    signatures: LiteMap<(Digest, Digest), bool>,
    /// What is wrong with the first path that leads to an anchor.
    refusal: Option<PathError>,
}

impl<'a> Walk<'a> {
    pub(super) fn new(
        rules: &'a PathRules<'a>,
        peer: &'a Certificate,
        presented: &'a [Certificate],
        anchors: &'a TrustAnchors,
    ) -> Self {
        Self {
            rules,
            peer,
            presented,
            anchors: anchors.certificates(),
            work: Work::new(),
            signatures: LiteMap::new(),
            refusal: None,
        }
    }

    /// A path that breaks no rule. Otherwise what is wrong with the first one, and nothing if there
    /// is none at all.
    pub(super) fn find(mut self) -> Result<Candidate<'a>, Option<PathError>> {
        match self.extend(&mut Vec::new()) {
            Ok(Some(found)) => Ok(found),
            Ok(None) => Err(self.refusal),
            Err(too_complex) => Err(Some(too_complex)),
        }
    }

    /// `path` has the peer's issuer first.
    ///
    /// # Errors
    /// It takes too much work.
    fn extend(
        &mut self,
        path: &mut Vec<&'a Certificate>,
    ) -> Result<Option<Candidate<'a>>, PathError> {
        let head = path.last().copied().unwrap_or(self.peer);
        for anchor in self.anchors {
            if !self.has_issued(anchor, head)? {
                continue;
            }
            let candidate = Candidate::new(self.peer, path.clone(), anchor);
            match candidate.check(self.rules, &self.work) {
                Ok(()) => return Ok(Some(candidate)),
                Err(PathError::TooComplex) => return Err(PathError::TooComplex),
                Err(error) => {
                    self.refusal.get_or_insert(error);
                }
            }
        }
        if path.len() >= MAX_DEPTH {
            return Ok(None);
        }
        for issuer in self.presented {
            self.work.try_issuer()?;
            // The same name with the same key again leads nowhere (RFC 4158 section 5.2).
            let is_known = |known: &Certificate| {
                known.spki_sha256() == issuer.spki_sha256()
                    && known.subject_der() == issuer.subject_der()
            };
            if is_known(self.peer) || path.iter().any(|known| is_known(known)) {
                continue;
            }
            if !self.has_issued(issuer, head)? {
                continue;
            }
            path.push(issuer);
            if let Some(found) = self.extend(path)? {
                return Ok(Some(found));
            }
            path.pop();
        }
        Ok(None)
    }

    fn has_issued(
        &mut self,
        issuer: &Certificate,
        certificate: &Certificate,
    ) -> Result<bool, PathError> {
        if issuer.subject_der() != certificate.issuer_der() {
            return Ok(false);
        }
        let edge = (certificate.sha256(), issuer.sha256());
        if let Some(known) = self.signatures.get(&edge) {
            return Ok(*known);
        }
        self.work.verify_signature()?;
        let verdict = signed::verify(certificate, issuer, self.rules.algorithms).is_ok();
        self.signatures.insert(edge, verdict);
        Ok(verdict)
    }
}

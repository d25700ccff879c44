//! A path whose names and signatures are chained, and what else it has to keep.

use super::work::Work;
use super::{PathRules, basics, name_constraints};
use crate::certificate::Certificate;
use crate::path_error::PathError;
use crate::profile::Rule;
use crate::trust_anchors::TrustAnchors;

pub(super) struct Candidate<'a> {
    peer: &'a Certificate,
    /// The peer's issuer first.
    intermediates: Vec<&'a Certificate>,
    anchor: &'a Certificate,
}

impl<'a> Candidate<'a> {
    pub(super) fn new(
        peer: &'a Certificate,
        intermediates: Vec<&'a Certificate>,
        anchor: &'a Certificate,
    ) -> Self {
        Self {
            peer,
            intermediates,
            anchor,
        }
    }

    /// The path that webpki found, as our certificates.
    pub(super) fn resolve(
        path: &webpki::VerifiedPath<'_>,
        peer: &'a Certificate,
        intermediates: &'a [Certificate],
        anchors: &'a TrustAnchors,
    ) -> Option<Self> {
        let used = path.intermediate_certificates().map(|used| {
            let der = used.der();
            intermediates.iter().find(|known| known.der() == &*der)
        });
        let anchor = anchors.certificate_of(path.anchor())?;
        Some(Self::new(peer, used.collect::<Option<_>>()?, anchor))
    }

    /// The peer's certificate first, the anchor's last.
    pub(super) fn certificates(&self) -> Vec<&'a Certificate> {
        let mut path = Vec::with_capacity(self.intermediates.len() + 2);
        path.push(self.peer);
        path.extend(&self.intermediates);
        path.push(self.anchor);
        path
    }

    /// Everything but names and signatures. webpki looks at much of it as well, but not at an
    /// anchor's own certificate, and at nothing on a path that it did not find.
    pub(super) fn check(&self, rules: &PathRules<'_>, work: &Work) -> Result<(), PathError> {
        let path = self.certificates();
        for certificate in path.iter().rev() {
            basics::check_validity(certificate, rules.at)?;
            basics::check_usage(certificate, rules.usage)?;
            basics::check_key(certificate)?;
        }
        if self.peer.is_ca() {
            return Err(PathError::CaAsPeer {
                subject: self.peer.subject().to_owned(),
            });
        }
        let mut depth = 0;
        for ca in &self.intermediates {
            basics::check_ca(ca, depth)?;
            // Self-issued certificates do not count (RFC 5280 section 6.1.4 (l)).
            depth += usize::from(!ca.is_self_issued());
        }
        basics::check_ca(self.anchor, depth)?;
        if let Some(limit) = rules.max_depth.filter(|limit| depth > *limit) {
            return Err(PathError::TooDeep { depth, limit });
        }
        self.check_profile(rules)?;
        name_constraints::check(&path, work)?;
        rules.policies.check(&path)?;
        rules.further.map_or(Ok(()), |further| further(&path))
    }

    fn check_profile(&self, rules: &PathRules<'_>) -> Result<(), PathError> {
        let profile = &rules.profile;
        let broken = |certificate: &Certificate, rule: Rule| PathError::Profile {
            subject: certificate.subject().to_owned(),
            rule,
        };
        let verdict = profile.check_anchor(self.anchor);
        verdict.map_err(|rule| broken(self.anchor, rule))?;
        for ca in &self.intermediates {
            let verdict = profile.check_intermediate(ca);
            verdict.map_err(|rule| broken(ca, rule))?;
        }
        let verdict = profile.check_peer(self.peer);
        verdict.map_err(|rule| broken(self.peer, rule))
    }
}

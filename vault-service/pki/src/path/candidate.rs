//! A path whose signatures, dates and purposes are good, and what else it has to keep.

use super::{PathRules, Usage};
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
        Some(Self {
            peer,
            intermediates: used.collect::<Option<_>>()?,
            anchor: anchors.certificate_of(path.anchor())?,
        })
    }

    /// The peer's certificate first, the anchor's last.
    pub(super) fn certificates(&self) -> Vec<&'a Certificate> {
        let mut path = Vec::with_capacity(self.intermediates.len() + 2);
        path.push(self.peer);
        path.extend(&self.intermediates);
        path.push(self.anchor);
        path
    }

    pub(super) fn check(&self, rules: &PathRules<'_>) -> Result<(), PathError> {
        self.check_anchor(rules)?;
        self.check_depth(rules)?;
        let path = self.certificates();
        for certificate in &path {
            let key = certificate.public_key();
            key.check().map_err(|error| PathError::WeakKey {
                subject: certificate.subject().to_owned(),
                error,
            })?;
        }
        let profile = &rules.profile;
        let broken = |certificate: &Certificate, rule: Rule| PathError::Profile {
            subject: certificate.subject().to_owned(),
            rule,
        };
        let verdict = profile.check_anchor(self.anchor);
        verdict.map_err(|rule| broken(self.anchor, rule))?;
        let verdict = profile.check_peer(self.peer);
        verdict.map_err(|rule| broken(self.peer, rule))?;
        for certificate in &self.intermediates {
            let verdict = profile.check_intermediate(certificate);
            verdict.map_err(|rule| broken(certificate, rule))?;
        }
        rules.further.map_or(Ok(()), |further| further(&path))
    }

    /// What webpki does not look at, because to it an anchor is a name, a key and name constraints.
    fn check_anchor(&self, rules: &PathRules<'_>) -> Result<(), PathError> {
        let at = rules.at;
        let (not_before, not_after) = (self.anchor.not_before(), self.anchor.not_after());
        if at < not_before {
            return Err(PathError::NotYetValid { at, not_before });
        }
        if at > not_after {
            return Err(PathError::Expired { at, not_after });
        }
        let extensions = self.anchor.extensions();
        let purposes = extensions.extended_key_usage.as_ref();
        let usage = rules.usage;
        let allowed = purposes.is_none_or(|purposes| match usage {
            Usage::ClientAuth => purposes.value.client_auth,
            Usage::ServerAuth => purposes.value.server_auth,
        });
        if !allowed {
            return Err(PathError::WrongUsage { usage });
        }
        let constraints = extensions.basic_constraints.as_ref();
        let limit = constraints.and_then(|constraints| constraints.value.path_len);
        match limit.map(usize::try_from) {
            Some(Ok(limit)) if self.depth() > limit => Err(PathError::PathLength),
            _ => Ok(()),
        }
    }

    fn check_depth(&self, rules: &PathRules<'_>) -> Result<(), PathError> {
        let depth = self.depth();
        match rules.max_depth {
            Some(limit) if depth > limit => Err(PathError::TooDeep { depth, limit }),
            _ => Ok(()),
        }
    }

    /// Self-issued certificates do not count (RFC 5280 section 6.1.4 (l)).
    fn depth(&self) -> usize {
        let counted = self.intermediates.iter();
        counted.filter(|ca| !ca.is_self_issued()).count()
    }
}

//! From a peer's certificate to a trust anchor (RFC 5280 section 6).

use std::cell::RefCell;
use std::fmt;
use std::time::Duration;

use rustls_pki_types::{CertificateDer, SignatureVerificationAlgorithm};
use webpki::{EndEntityCert, Error, KeyUsage};

use crate::certificate::Certificate;
use crate::digest::Digest;
use crate::path_error::PathError;
use crate::profile::{self, Rule};
use crate::signature;
use crate::trust_anchors::TrustAnchors;
use crate::unix_time::UnixTime;

/// Most intermediates that are looked at: real chains have one to three.
pub const MAX_INTERMEDIATES: usize = 10;

/// What the peer does with its certificate. A certificate without extended key usage may be used
/// for both (RFC 5280 section 4.2.1.12).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Usage {
    /// It is a TLS client.
    ClientAuth,
    /// It is a TLS server.
    ServerAuth,
}

/// A path that has been verified; only [`verify_path`] makes one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifiedPath {
    spki_sha256s: Vec<Digest>,
    not_before: UnixTime,
    not_after: UnixTime,
}

/// Finds and verifies a path from the peer's certificate over `intermediates` (in any order, also
/// superfluous ones) to one of the anchors, as of `at`.
///
/// Revocation is not looked at.
///
/// # Errors
/// There is no path, or the best candidate breaks a rule.
pub fn verify_path(
    peer: &Certificate,
    intermediates: &[Certificate],
    anchors: &TrustAnchors,
    usage: Usage,
    at: UnixTime,
) -> Result<VerifiedPath, PathError> {
    verify_path_with(
        signature::ALGORITHMS,
        peer,
        intermediates,
        anchors,
        usage,
        at,
    )
}

/// [`verify_path`] with signature algorithms of the caller's choice.
fn verify_path_with(
    algorithms: &[&dyn SignatureVerificationAlgorithm],
    peer: &Certificate,
    intermediates: &[Certificate],
    anchors: &TrustAnchors,
    usage: Usage,
    at: UnixTime,
) -> Result<VerifiedPath, PathError> {
    if intermediates.len() > MAX_INTERMEDIATES {
        return Err(PathError::TooManyIntermediates {
            count: intermediates.len(),
            limit: MAX_INTERMEDIATES,
        });
    }
    let time = match u64::try_from(at.0) {
        Ok(seconds) => rustls_pki_types::UnixTime::since_unix_epoch(Duration::from_secs(seconds)),
        Err(_) => {
            return Err(PathError::NotYetValid {
                at,
                not_before: peer.not_before(),
            });
        }
    };
    let explain =
        |error: Error| PathError::from_webpki(&error, peer.issuer(), peer.subject(), usage);
    let peer_der = CertificateDer::from(peer.der());
    let end_entity = EndEntityCert::try_from(&peer_der).map_err(explain)?;
    let intermediate_ders: Vec<_> = intermediates
        .iter()
        .map(|certificate| CertificateDer::from(certificate.der()))
        .collect();

    let resolve =
        |path: &webpki::VerifiedPath<'_>| Candidate::resolve(path, peer, intermediates, anchors);
    // The first refusal is the most telling one: webpki tries the shortest path first.
    let refusal = RefCell::new(None);
    let check = |path: &webpki::VerifiedPath<'_>| {
        let verdict = resolve(path)
            .ok_or(PathError::Refused)
            .and_then(|candidate| candidate.check(usage, at));
        verdict.map_err(|error| {
            refusal.borrow_mut().get_or_insert(error);
            Error::UnknownIssuer
        })
    };
    let outcome = end_entity.verify_for_usage(
        algorithms,
        anchors.anchors(),
        &intermediate_ders,
        time,
        match usage {
            Usage::ClientAuth => KeyUsage::client_auth(),
            Usage::ServerAuth => KeyUsage::server_auth(),
        },
        None,
        Some(&check),
    );
    let path = outcome.map_err(|error| refusal.take().unwrap_or_else(|| explain(error)))?;
    let candidate = resolve(&path).ok_or(PathError::Refused)?;
    Ok(VerifiedPath::of(&candidate))
}

/// A path whose signatures, dates, names and purposes webpki has verified, as our certificates.
struct Candidate<'a> {
    peer: &'a Certificate,
    /// The peer's issuer first.
    intermediates: Vec<&'a Certificate>,
    anchor: &'a Certificate,
}

impl<'a> Candidate<'a> {
    fn resolve(
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

    fn certificates(&self) -> impl Iterator<Item = &'a Certificate> {
        std::iter::once(self.peer)
            .chain(self.intermediates.iter().copied())
            .chain(std::iter::once(self.anchor))
    }

    fn check(&self, usage: Usage, at: UnixTime) -> Result<(), PathError> {
        self.check_anchor(usage, at)?;
        for certificate in self.certificates() {
            let key = certificate.public_key();
            key.check().map_err(|error| PathError::WeakKey {
                subject: certificate.subject().to_owned(),
                error,
            })?;
        }
        profile::check_peer(self.peer).map_err(|rule| broken(self.peer, rule))?;
        for certificate in &self.intermediates {
            profile::check_intermediate(certificate).map_err(|rule| broken(certificate, rule))?;
        }
        Ok(())
    }

    /// What webpki does not look at, because to it an anchor is a name, a key and name constraints.
    fn check_anchor(&self, usage: Usage, at: UnixTime) -> Result<(), PathError> {
        let (not_before, not_after) = (self.anchor.not_before(), self.anchor.not_after());
        if at < not_before {
            return Err(PathError::NotYetValid { at, not_before });
        }
        if at > not_after {
            return Err(PathError::Expired { at, not_after });
        }
        let extensions = self.anchor.extensions();
        let purposes = extensions.extended_key_usage.as_ref();
        let allowed = purposes.is_none_or(|purposes| match usage {
            Usage::ClientAuth => purposes.value.client_auth,
            Usage::ServerAuth => purposes.value.server_auth,
        });
        if !allowed {
            return Err(PathError::WrongUsage { usage });
        }
        let constraints = extensions.basic_constraints.as_ref();
        let limit = constraints.and_then(|constraints| constraints.value.path_len);
        // Self-issued certificates do not count (RFC 5280 section 6.1.4 (l)).
        let counted = self.intermediates.iter();
        let length = counted.filter(|ca| !ca.is_self_issued()).count();
        match limit.map(usize::try_from) {
            Some(Ok(limit)) if length > limit => Err(PathError::PathLength),
            _ => Ok(()),
        }
    }
}

fn broken(certificate: &Certificate, rule: Rule) -> PathError {
    PathError::Profile {
        subject: certificate.subject().to_owned(),
        rule,
    }
}

impl VerifiedPath {
    /// SubjectPublicKeyInfo digests of the path: the peer's first, the anchor's last.
    pub fn spki_sha256s(&self) -> &[Digest] {
        &self.spki_sha256s
    }

    /// The latest of the first moments of validity on the path.
    pub fn not_before(&self) -> UnixTime {
        self.not_before
    }

    /// The earliest of the last moments of validity on the path: a cached verdict ends here.
    pub fn not_after(&self) -> UnixTime {
        self.not_after
    }

    fn of(candidate: &Candidate<'_>) -> Self {
        let mut path = Self {
            spki_sha256s: Vec::with_capacity(candidate.intermediates.len() + 2),
            not_before: candidate.peer.not_before(),
            not_after: candidate.peer.not_after(),
        };
        for certificate in candidate.certificates() {
            path.spki_sha256s.push(certificate.spki_sha256());
            path.not_before = path.not_before.max(certificate.not_before());
            path.not_after = path.not_after.min(certificate.not_after());
        }
        path
    }
}

impl fmt::Display for Usage {
    /// The name of the key purpose in RFC 5280 section 4.2.1.12.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::ClientAuth => "clientAuth",
            Self::ServerAuth => "serverAuth",
        })
    }
}

//! From a peer's certificate to a trust anchor (RFC 5280 section 6).

mod basics;
mod candidate;
mod name_constraints;
mod relevant;
mod signed;
mod verified;
mod walk;
mod work;

use std::cell::RefCell;
use std::fmt;
use std::time::Duration;

use rustls_pki_types::{CertificateDer, SignatureVerificationAlgorithm};
use webpki::{EndEntityCert, Error, KeyUsage};

use crate::certificate::Certificate;
use crate::path_error::PathError;
use crate::policies::PolicyRules;
use crate::profile::Profile;
use crate::signature;
use crate::trust_anchors::TrustAnchors;
use crate::unix_time::UnixTime;
use candidate::Candidate;
pub use verified::VerifiedPath;
use walk::Walk;
use work::Work;

/// Most intermediates that are looked at unless [`PathRules::max_intermediates`] says otherwise:
/// real chains have one to three.
pub const MAX_INTERMEDIATES: usize = 10;

/// Most intermediates on one path, as in webpki.
const MAX_DEPTH: usize = 6;

/// What the peer does with its certificate. A certificate without extended key usage may be used
/// for both (RFC 5280 section 4.2.1.12).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Usage {
    /// It is a TLS client.
    ClientAuth,
    /// It is a TLS server.
    ServerAuth,
}

/// Another check of a path that is good so far: its certificates, the peer's first, the anchor's
/// last. If it refuses one path, the next is tried.
pub type FurtherCheck<'a> = dyn Fn(&[&Certificate]) -> Result<(), PathError> + 'a;

/// What a path has to keep, and how much work is done to find it.
#[derive(Clone, Copy)]
pub struct PathRules<'a> {
    /// What the peer's certificate is used for.
    pub usage: Usage,
    /// When.
    pub at: UnixTime,
    /// How strictly single certificates are looked at.
    pub profile: Profile,
    /// Most CAs between the peer and the anchor, self-issued ones not counted; no limit if `None`.
    pub max_depth: Option<usize>,
    /// What is wanted of certificate policies.
    pub policies: PolicyRules<'a>,
    /// Most intermediates that may be presented, also superfluous ones.
    pub max_intermediates: usize,
    /// Signature algorithms that are accepted, each with its verifier.
    pub algorithms: &'a [&'a dyn SignatureVerificationAlgorithm],
    /// Revocation, for example: it is not looked at otherwise.
    pub further: Option<&'a FurtherCheck<'a>>,
}

impl<'a> PathRules<'a> {
    /// The balanced profile, no limit on depth, any certificate policy, the algorithms of this crate, no further check.
    pub fn new(usage: Usage, at: UnixTime) -> Self {
        Self {
            usage,
            at,
            profile: Profile::default(),
            max_depth: None,
            policies: PolicyRules::default(),
            max_intermediates: MAX_INTERMEDIATES,
            algorithms: signature::ALGORITHMS,
            further: None,
        }
    }

    /// Finds and verifies a path from the peer's certificate over `intermediates` (in any order,
    /// also superfluous ones) to one of the anchors.
    ///
    /// # Errors
    /// There is no path, or the best candidate breaks a rule.
    pub fn verify(
        &self,
        peer: &Certificate,
        intermediates: &[Certificate],
        anchors: &TrustAnchors,
    ) -> Result<VerifiedPath, PathError> {
        if intermediates.len() > self.max_intermediates {
            return Err(PathError::TooManyIntermediates {
                count: intermediates.len(),
                limit: self.max_intermediates,
            });
        }
        let relevant = relevant::relevant(peer, intermediates, anchors)?;
        let intermediates = relevant.as_slice();
        let refusal = match self.find(peer, intermediates, anchors) {
            Ok(found) => return VerifiedPath::of(&found.certificates()).ok_or(PathError::Refused),
            Err(PathError::TooComplex) => return Err(PathError::TooComplex),
            Err(refusal) => refusal,
        };
        if !walk::is_of_use(peer, intermediates, anchors) {
            return Err(refusal);
        }
        match Walk::new(self, peer, intermediates, anchors).find() {
            Ok(found) => VerifiedPath::of(&found.certificates()).ok_or(PathError::Refused),
            Err(other) => Err(other.unwrap_or(refusal)),
        }
    }

    /// The path that webpki finds.
    fn find<'p>(
        &self,
        peer: &'p Certificate,
        intermediates: &'p [Certificate],
        anchors: &'p TrustAnchors,
    ) -> Result<Candidate<'p>, PathError> {
        let Ok(seconds) = u64::try_from(self.at.0) else {
            return Err(PathError::NotYetValid {
                at: self.at,
                not_before: peer.not_before(),
            });
        };
        let time = rustls_pki_types::UnixTime::since_unix_epoch(Duration::from_secs(seconds));
        let explain = |error: Error| {
            PathError::from_webpki(&error, peer.issuer(), peer.subject(), self.usage)
        };
        let peer_der = CertificateDer::from(peer.der());
        let end_entity = EndEntityCert::try_from(&peer_der).map_err(explain)?;
        let ders = intermediates.iter().map(Certificate::der);
        let ders: Vec<_> = ders.map(CertificateDer::from).collect();

        let resolve = |path: &webpki::VerifiedPath<'_>| {
            Candidate::resolve(path, peer, intermediates, anchors)
        };
        let work = Work::new();
        // The first refusal is the most telling one: webpki tries the shortest path first.
        let refusal = RefCell::new(None);
        let check = |path: &webpki::VerifiedPath<'_>| {
            let verdict = resolve(path)
                .ok_or(PathError::Refused)
                .and_then(|candidate| candidate.check(self, &work));
            verdict.map_err(|error| {
                refusal.borrow_mut().get_or_insert(error);
                Error::UnknownIssuer
            })
        };
        let outcome = end_entity.verify_for_usage(
            self.algorithms,
            anchors.anchors(),
            &ders,
            time,
            match self.usage {
                Usage::ClientAuth => KeyUsage::client_auth(),
                Usage::ServerAuth => KeyUsage::server_auth(),
            },
            None,
            Some(&check),
        );
        let path = outcome.map_err(|error| refusal.take().unwrap_or_else(|| explain(error)))?;
        resolve(&path).ok_or(PathError::Refused)
    }
}

impl fmt::Debug for PathRules<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PathRules")
            .field("usage", &self.usage)
            .field("at", &self.at)
            .field("profile", &self.profile)
            .field("max_depth", &self.max_depth)
            .field("policies", &self.policies)
            .field("max_intermediates", &self.max_intermediates)
            .finish_non_exhaustive()
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

//! Which of the presented certificates may be on a path at all, judged by names.
//!
//! webpki tries every order of whatever it is given, and only signatures count against its budget:
//! certificates that lead nowhere would keep it busy for a second.

use super::MAX_DEPTH;
use crate::certificate::Certificate;
use crate::path_error::PathError;
use crate::trust_anchors::TrustAnchors;

/// So few are all tried: there are not many orders, and what is wrong with one that leads nowhere
/// says more than that it does.
const FEW: usize = 4;

/// The intermediates on a chain of names from the peer to an anchor, in their order, without
/// duplicates.
///
/// # Errors
/// There are such chains, but all of them are too long.
pub(super) fn relevant(
    peer: &Certificate,
    intermediates: &[Certificate],
    anchors: &TrustAnchors,
) -> Result<Vec<Certificate>, PathError> {
    if intermediates.len() <= FEW {
        return Ok(intermediates.to_vec());
    }
    let is_anchored = |certificate: &Certificate| {
        let mut subjects = anchors.certificates().iter().map(Certificate::subject_der);
        subjects.any(|subject| subject == certificate.issuer_der())
    };
    let from_peer = distances(intermediates, |first| issued(first, peer), issued);
    let to_anchor = distances(intermediates, is_anchored, |next, known| {
        issued(known, next)
    });
    let mut found: Vec<Certificate> = Vec::new();
    let mut too_long = false;
    for ((certificate, before), after) in intermediates.iter().zip(from_peer).zip(to_anchor) {
        // Both count the certificate itself.
        match before.zip(after).map(|(before, after)| before + after - 1) {
            Some(length) if length > MAX_DEPTH => too_long = true,
            Some(_) if !found.contains(certificate) => found.push(certificate.clone()),
            Some(_) | None => {}
        }
    }
    if found.is_empty() && too_long && !is_anchored(peer) {
        return Err(PathError::TooComplex);
    }
    Ok(found)
}

fn issued(issuer: &Certificate, certificate: &Certificate) -> bool {
    issuer.subject_der() == certificate.issuer_der()
}

/// How many certificates lead to each, itself included; `None` if there is no way.
fn distances(
    certificates: &[Certificate],
    is_first: impl Fn(&Certificate) -> bool,
    follows: impl Fn(&Certificate, &Certificate) -> bool,
) -> Vec<Option<usize>> {
    let first = certificates.iter().map(|one| is_first(one).then_some(1));
    let mut distances: Vec<Option<usize>> = first.collect();
    for round in 1..certificates.len() {
        let known: Vec<&Certificate> = certificates
            .iter()
            .zip(&distances)
            .filter(|(_, distance)| **distance == Some(round))
            .map(|(certificate, _)| certificate)
            .collect();
        for (certificate, distance) in certificates.iter().zip(&mut distances) {
            if distance.is_none() && known.iter().any(|known| follows(certificate, known)) {
                *distance = Some(round + 1);
            }
        }
    }
    distances
}

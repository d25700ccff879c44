//! Chains: the peer's certificate first, then whatever it presents, then whom to trust.

use std::slice;

use sallyport_pki::{
    Certificate, MAX_INTERMEDIATES, PathRules, Profile, TrustAnchors, Usage, certificates_from_pem,
};

use super::{ISSUER, NOW, any_signatures, as_algorithms};

/// Most certificates that are looked at.
const MOST: usize = MAX_INTERMEDIATES + 3;

/// PEM, or DER certificates one after the other. The last one may be trusted, and the issuer of the
/// fixtures always is. Any signature is taken, so that the rules behind the signatures are reached.
pub(crate) fn chain(data: &[u8]) {
    let chain = certificates_from_pem(data).unwrap_or_else(|_| ders(data));
    let Some((peer, presented)) = chain.split_first() else {
        return;
    };
    let presented = presented
        .get(..presented.len().min(MOST))
        .unwrap_or(presented);
    let any = any_signatures();
    let any = as_algorithms(&any);
    for anchors in anchors(presented) {
        for profile in [Profile::RFC5280, Profile::BALANCED, Profile::STRICT] {
            for usage in [Usage::ClientAuth, Usage::ServerAuth] {
                let rules = PathRules {
                    profile,
                    max_intermediates: MOST,
                    algorithms: &any,
                    ..PathRules::new(usage, NOW)
                };
                let Ok(path) = rules.verify(peer, presented, &anchors) else {
                    continue;
                };
                let path = path.certificates();
                assert_eq!(path.first(), Some(peer));
                assert!(
                    path.last()
                        .is_some_and(|last| anchors.certificates().contains(last))
                );
            }
        }
    }
}

fn anchors(presented: &[Certificate]) -> Vec<TrustAnchors> {
    let last = presented.last().map(slice::from_ref);
    [ISSUER.as_ref().map(slice::from_ref), last]
        .into_iter()
        .flatten()
        .filter_map(|trusted| TrustAnchors::new(trusted.to_vec()).ok())
        .collect()
}

/// Cuts at the lengths that the outermost elements say.
fn ders(mut data: &[u8]) -> Vec<Certificate> {
    let mut found = Vec::new();
    while found.len() < MOST {
        let [0x30, 0x82, high, low, ..] = *data else {
            break;
        };
        let length = usize::from(u16::from_be_bytes([high, low])) + 4;
        let Some((der, rest)) = data.split_at_checked(length) else {
            break;
        };
        found.extend(Certificate::from_der(der));
        data = rest;
    }
    found
}

//! Putting a certificate chain in order. A matter of names, not of trust: nothing is verified here.

use crate::certificate::Certificate;

/// Longest chain that is read.
pub(super) const MAX_CHAIN: usize = 20;

/// The leaf, its issuer, the issuer's issuer and so on, as far as they are in the pool. Ends at a
/// self-issued certificate, and at one that is already there.
pub(super) fn chain_of(leaf: &Certificate, pool: &[&Certificate]) -> Vec<Certificate> {
    let mut chain = vec![leaf.clone()];
    let mut last = leaf;
    while chain.len() < MAX_CHAIN && !last.is_self_issued() {
        match issuer_of(last, pool) {
            Some(issuer) if !chain.contains(issuer) => {
                chain.push(issuer.clone());
                last = issuer;
            }
            _ => break,
        }
    }
    chain
}

/// The one whose key identifier fits, if several have the name.
fn issuer_of<'a>(certificate: &Certificate, pool: &[&'a Certificate]) -> Option<&'a Certificate> {
    let named = || {
        let pool = pool.iter().copied();
        pool.filter(|other| other.subject() == certificate.issuer() && *other != certificate)
    };
    let wanted = certificate.extensions().authority_key_identifier.as_ref();
    let wanted = wanted.and_then(|found| found.value.key_identifier.as_ref());
    let fitting = |other: &&Certificate| {
        let found = other.extensions().subject_key_identifier.as_ref();
        wanted.is_some() && wanted == found.map(|found| &found.value)
    };
    named().find(fitting).or_else(|| named().next())
}

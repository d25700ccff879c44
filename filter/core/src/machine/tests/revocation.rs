//! Clients whose certificates were revoked, or of which nobody says that they were not.

use sallyport_model::{DenyOrAllow, RevocationCheck, RevocationMaterial, RevocationPolicyMaterial};
use sallyport_pki::{Certificate, CrlRules, Revocations, UnixTime};

use super::with_context;
use crate::facts::Facts;
use crate::fixtures::{AT, Authority, Fate, Host, Leaf, from_client};
use crate::reason::Reason;

pub(super) const STRICT: RevocationPolicyMaterial = RevocationPolicyMaterial {
    unknown: DenyOrAllow::Deny,
    expired: DenyOrAllow::Deny,
    crl_for_all_cas: true,
};

#[test]
fn a_revoked_client_does_not_pass() {
    let ca = Authority::new("root");
    let (good, revoked) = (ca.client("good"), ca.client("revoked"));
    let crl = ca.crl(&[revoked.certificate()], (7, 1));
    let mut host = checking(&[&ca], &[crl], STRICT);
    assert_eq!(host.client(&good), Fate::Resumed);
    let fate = host.client(&revoked);
    assert_eq!(
        (fate.reason(), fate.status()),
        (Some(Reason::CertificateRevoked), Some(403))
    );
    let line = host.log.last().unwrap();
    assert!(
        line.contains("certificate_revoked") && line.contains("2026-05-01"),
        "{line}"
    );
}

#[test]
fn a_client_of_which_no_list_tells_passes_only_where_that_is_allowed() {
    let ca = Authority::new("root");
    let leaf = ca.client("partner");
    let allowed = RevocationPolicyMaterial {
        unknown: DenyOrAllow::Allow,
        ..STRICT
    };
    let other = Authority::new("other").crl(&[], (7, 1));
    for lists in [vec![], vec![other]] {
        let mut host = checking(&[&ca], &lists, STRICT);
        assert_eq!(host.client(&leaf).reason(), Some(Reason::RevocationUnknown));
        let mut host = checking(&[&ca], &lists, allowed);
        assert_eq!(host.client(&leaf), Fate::Resumed);
    }
}

#[test]
fn an_expired_list_lets_pass_only_where_that_is_allowed_and_never_those_it_names() {
    let ca = Authority::new("root");
    let (leaf, revoked) = (ca.client("partner"), ca.client("revoked"));
    let crl = ca.crl(&[revoked.certificate()], (6, 2));
    let allowed = RevocationPolicyMaterial {
        expired: DenyOrAllow::Allow,
        ..STRICT
    };
    for (policy, reason) in [(STRICT, Some(Reason::RevocationExpired)), (allowed, None)] {
        let mut host = checking(&[&ca], std::slice::from_ref(&crl), policy);
        assert_eq!(host.client(&leaf).reason(), reason);
        let fate = host.client(&revoked);
        assert_eq!(fate.reason(), Some(Reason::CertificateRevoked));
    }
}

#[test]
fn a_verdict_ends_with_the_list_it_is_built_on() {
    let ca = Authority::new("root");
    let leaf = ca.client("partner");
    let mut host = checking(&[&ca], &[ca.crl(&[], (6, 10))], STRICT);
    assert_eq!(host.client(&leaf), Fate::Resumed);
    // Two days later, without anything new from the vault.
    host.wall = UnixTime(AT.0 + 2 * 86_400);
    assert_eq!(host.client(&leaf).reason(), Some(Reason::RevocationExpired));
}

#[test]
fn a_list_for_the_peer_alone_is_enough_where_the_context_says_so_but_no_revoked_ca_passes() {
    let root = Authority::new("root");
    let issuing = root.intermediate("issuing");
    let leaf = issuing.client("partner");
    let of_issuing = issuing.crl(&[], (7, 1));
    let peer_only = RevocationPolicyMaterial {
        crl_for_all_cas: false,
        ..STRICT
    };
    let revoking = root.crl(&[&issuing.certificate()], (7, 1));
    for (lists, policy, reason) in [
        (
            vec![of_issuing.clone()],
            STRICT,
            Some(Reason::RevocationUnknown),
        ),
        (vec![of_issuing.clone()], peer_only, None),
        (
            vec![of_issuing.clone(), root.crl(&[], (7, 1))],
            STRICT,
            None,
        ),
        (
            vec![of_issuing, revoking],
            peer_only,
            Some(Reason::CertificateRevoked),
        ),
        (
            vec![root.crl(&[], (7, 1))],
            peer_only,
            Some(Reason::RevocationUnknown),
        ),
    ] {
        let mut host = checking(&[&root, &issuing], &lists, policy);
        assert_eq!(with_chain(&mut host, &leaf, &issuing), reason);
    }
}

/// What becomes of a client that presents its issuer.
fn with_chain(host: &mut Host, leaf: &Leaf, issuing: &Authority) -> Option<Reason> {
    let Facts::Downstream(mut facts) = from_client(leaf) else {
        unreachable!()
    };
    facts.forwarded_client_certificate = Some(leaf.forwarded(&[issuing]).into_bytes());
    let stream = host.request(Facts::Downstream(facts));
    host.fates[&stream].reason()
}

/// A filter that trusts the first of these authorities, with the lists that all of them signed.
fn checking(cas: &[&Authority], crls: &[Vec<u8>], policy: RevocationPolicyMaterial) -> Host {
    with_context(&cas[..1], |context| {
        context.verification.revocation = Some(revocation(cas, crls, policy));
    })
}

/// What a vault makes of lists that these authorities signed.
pub(super) fn revocation(
    cas: &[&Authority],
    crls: &[Vec<u8>],
    policy: RevocationPolicyMaterial,
) -> RevocationCheck {
    let mut issuers: Vec<Certificate> = cas.iter().map(|ca| ca.certificate()).collect();
    issuers.push(Authority::new("unrelated").certificate());
    let crls = crls.iter().map(Vec::as_slice);
    let (revocations, _) = Revocations::load(crls, &issuers, &CrlRules::new(AT));
    RevocationCheck {
        policy,
        lists: RevocationMaterial::from(&revocations),
    }
}

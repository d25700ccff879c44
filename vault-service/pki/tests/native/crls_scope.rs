//! Which certificates a CRL is about (RFC 5280 sections 5.2.5 and 6.3.3).

use std::slice::from_ref;

use crate::authority::Authority;
use crate::crl_draft::{CrlDraft, full_name, idp, load, name, only, points, verdict};
use crate::der::{SEQUENCE, tlv};

#[test]
fn a_crl_for_one_distribution_point_is_about_the_certificates_that_name_it() {
    let root = Authority::root("root", |_| {});
    let (a, b) = (
        full_name("http://crl.test/a"),
        full_name("http://crl.test/b"),
    );
    let peers = [
        root.issue(points(from_ref(&a))),
        root.issue(points(from_ref(&b))),
        root.issue(points(&[a.clone(), b.clone()])),
        root.issue(|_| {}),
    ];
    let verdicts = |draft: CrlDraft| {
        let crl = peers.iter().fold(draft, |draft, peer| draft.revoke(peer));
        let crl = [crl.sign(&root)];
        [0, 1, 2, 3].map(|index| verdict(&crl, &peers[index], &root))
    };
    let (revoked, unknown) = ("certificate_revoked", "revocation_unknown");
    let of_a = CrlDraft::new(1).with(idp(&[a]));
    assert_eq!(verdicts(of_a), [revoked, unknown, revoked, unknown]);
    // The second distribution point counts as much as the first (RUSTSEC-2026-0049).
    let of_b = CrlDraft::new(1).with(idp(&[b]));
    assert_eq!(verdicts(of_b), [unknown, revoked, revoked, unknown]);
    assert_eq!(verdicts(CrlDraft::new(1)), [revoked; 4]);
    // A CRL that names its issuer as distribution point is about those that name none.
    let issuer = tlv(0xa0, &tlv(0xa0, &tlv(0xa4, &name("root"))));
    assert_eq!(
        verdicts(CrlDraft::new(1).with(idp(&[issuer]))),
        [revoked; 4]
    );
}

#[test]
fn a_name_relative_to_the_issuer_is_the_whole_name() {
    let root = Authority::root("root", |_| {});
    let attribute = |value: &str| {
        let rdn = &name(value)[4..];
        tlv(0xa0, &tlv(0xa1, rdn))
    };
    let peer = root.issue(points(&[attribute("crl1")]));
    let crl = |value| CrlDraft::new(1).with(idp(&[attribute(value)])).sign(&root);
    assert_eq!(verdict(&[crl("crl1")], &peer, &root), "good");
    assert_eq!(verdict(&[crl("crl2")], &peer, &root), "revocation_unknown");
    let rdns = [&name("root")[2..], &name("crl1")[2..]].concat();
    let full = tlv(0xa0, &tlv(0xa0, &tlv(0xa4, &tlv(SEQUENCE, &rdns))));
    let crl = CrlDraft::new(1)
        .with(idp(&[full]))
        .revoke(&peer)
        .sign(&root);
    assert_eq!(verdict(&[crl], &peer, &root), "certificate_revoked");
}

#[test]
fn crls_of_several_distribution_points_are_kept_side_by_side() {
    let root = Authority::root("root", |_| {});
    let [a, b] = ["http://crl.test/a", "http://crl.test/b"].map(full_name);
    let peer = root.issue(points(&[a.clone(), b.clone()]));
    let good = CrlDraft::new(9).with(idp(&[a])).sign(&root);
    let bad = CrlDraft::new(1).with(idp(&[b])).revoke(&peer).sign(&root);
    let whole = CrlDraft::new(3).sign(&root);
    let crls = [good, bad, whole];
    assert_eq!(verdict(&crls, &peer, &root), "certificate_revoked");
    assert_eq!(load(&crls, &[&root]).0.lists().len(), 3);
}

#[test]
fn a_distribution_point_for_some_reasons_tells_of_nobody_that_all_is_well() {
    let root = Authority::root("root", |_| {});
    let [a, b] = ["http://crl.test/a", "http://crl.test/b"].map(full_name);
    // keyCompromise; and everything else.
    let some = [a.clone(), tlv(0x81, &[6, 0x40])].concat();
    let rest = [b.clone(), tlv(0x81, &[7, 0x3f, 0x80])].concat();
    let peer = root.issue(points(&[some, rest]));
    let of_a = CrlDraft::new(1).with(idp(&[a]));
    let of_b = CrlDraft::new(1).with(idp(&[b])).sign(&root);
    assert_eq!(
        verdict(&[of_a.sign(&root)], &peer, &root),
        "revocation_unknown"
    );
    assert_eq!(
        verdict(&[of_a.sign(&root), of_b.clone()], &peer, &root),
        "good"
    );
    let revoked = of_a.revoke(&peer).sign(&root);
    assert_eq!(
        verdict(&[revoked, of_b], &peer, &root),
        "certificate_revoked"
    );
}

#[test]
fn crls_for_users_or_for_cas_are_about_those_only() {
    let root = Authority::root("root", |_| {});
    let issuing = root.delegate("issuing", |_| {});
    let peer = root.issue(|_| {});
    let for_users = CrlDraft::new(1).with(idp(&[only(1)])).sign(&root);
    let for_cas = CrlDraft::new(1).with(idp(&[only(2)])).sign(&root);
    let unknown = "revocation_unknown";
    for (crl, of_peer, of_ca) in [(for_users, "good", unknown), (for_cas, unknown, "good")] {
        let crl = [crl];
        assert_eq!(verdict(&crl, &peer, &root), of_peer);
        assert_eq!(verdict(&crl, &issuing.certificate, &root), of_ca);
    }
}

#[test]
fn a_certificate_with_very_many_distribution_points_is_refused() {
    let root = Authority::root("root", |_| {});
    let with = |count: usize| root.issue(points(&vec![full_name("http://crl.test/a"); count]));
    let crl = [CrlDraft::new(1).sign(&root)];
    assert_eq!(verdict(&crl, &with(64), &root), "good");
    assert_eq!(
        verdict(&crl, &with(65), &root),
        "malformed_distribution_points"
    );
}

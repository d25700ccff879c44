//! Delta CRLs on top of complete ones (RFC 5280 section 5.2.4).

use std::slice::from_ref;

use crate::authority::{Authority, NOW};
use crate::crl_draft::{
    CrlDraft, DAY, REVOKED, STRICT, crl_code, delta_indicator, full_name, idp, load, status,
    verdict,
};
use sallyport_pki::{CrlRules, CrlUpdate, Dropped, Revocations};

#[test]
fn a_delta_crl_adds_holds_and_removes() {
    let root = Authority::root("root", |_| {});
    let [kept, held, added, good] = [(); 4].map(|()| root.issue(|_| {}));
    let base = CrlDraft::new(10)
        .revoke(&kept)
        .revoke_for(&held, 6)
        .sign(&root);
    let delta = CrlDraft::new(12)
        .with(delta_indicator(10))
        .revoke_for(&held, 8)
        .revoke_for(&added, 6)
        .sign(&root);
    let verdicts =
        |crls: &[Vec<u8>]| [&kept, &held, &added, &good].map(|peer| verdict(crls, peer, &root));
    let revoked = "certificate_revoked";
    assert_eq!(
        verdicts(from_ref(&base)),
        [revoked, revoked, "good", "good"]
    );
    for crls in [[base.clone(), delta.clone()], [delta.clone(), base]] {
        assert_eq!(verdicts(&crls), [revoked, "good", revoked, "good"]);
    }
    // A newer complete CRL has everything that the delta CRL had.
    let newer = CrlDraft::new(12).sign(&root);
    let (_, refused) = load(&[newer, delta], &[&root]);
    assert_eq!(refused[0].error.code(), "crl_number_went_back");
}

#[test]
fn a_delta_crl_without_its_base_is_refused() {
    let root = Authority::root("root", |_| {});
    let [a, b] = ["http://crl.test/a", "http://crl.test/b"].map(full_name);
    let delta = CrlDraft::new(12).with(delta_indicator(11));
    let code = |base: &CrlDraft, delta: &CrlDraft| {
        let (_, refused) = load(&[base.sign(&root), delta.sign(&root)], &[&root]);
        refused
            .first()
            .map_or("taken", |refused| refused.error.code())
    };
    assert_eq!(crl_code(&delta.sign(&root), &root), "crl_without_base");
    assert_eq!(code(&CrlDraft::new(10), &delta), "crl_without_base");
    assert_eq!(code(&CrlDraft::new(11), &delta), "taken");
    // The base has to be of the same distribution point.
    let base = CrlDraft::new(11).with(idp(from_ref(&a)));
    assert_eq!(code(&base, &delta), "crl_without_base");
    assert_eq!(
        code(&base, &delta.clone().with(idp(&[b]))),
        "crl_without_base"
    );
    assert_eq!(code(&base, &delta.with(idp(&[a]))), "taken");
}

#[test]
fn a_delta_crl_stands_for_its_base_also_in_its_dates() {
    let root = Authority::root("root", |_| {});
    let peer = root.issue(|_| {});
    let base = CrlDraft::new(1)
        .dated(NOW.0 - 9 * DAY, NOW.0 - DAY)
        .sign(&root);
    let delta = CrlDraft::new(2).with(delta_indicator(1));
    assert_eq!(verdict(from_ref(&base), &peer, &root), "crl_expired");
    assert_eq!(verdict(&[base, delta.sign(&root)], &peer, &root), "good");
    let fresh = CrlDraft::new(1).sign(&root);
    let old = delta.dated(NOW.0 - 2 * DAY, NOW.0 - DAY).sign(&root);
    assert_eq!(verdict(&[fresh, old], &peer, &root), "crl_expired");
}

#[test]
fn later_delta_crls_take_the_place_of_earlier_ones_until_a_complete_one_comes() {
    let root = Authority::root("root", |_| {});
    let peer = root.issue(|_| {});
    let issuers = [root.certificate.clone()];
    let rules = CrlRules::new(NOW);
    let mut revocations = Revocations::default();
    let delta = |number| CrlDraft::new(number).with(delta_indicator(1));
    let hold = delta(3).revoke_for(&peer, 6);
    let (good, revoked) = ("good", "certificate_revoked");
    let replaced = |certificates, last_revoked| {
        Ok(CrlUpdate::Replaced {
            dropped: Dropped {
                certificates,
                last_revoked,
            },
        })
    };
    for (draft, update, verdict) in [
        (CrlDraft::new(1), Ok(CrlUpdate::Added), good),
        (hold.clone(), Ok(CrlUpdate::Added), revoked),
        (hold, Ok(CrlUpdate::Unchanged), revoked),
        (delta(2), Err("crl_number_went_back"), revoked),
        // On hold still: the delta CRL is newer.
        (CrlDraft::new(2), replaced(0, None), revoked),
        // A hold may end at any time.
        (delta(4), replaced(1, None), good),
        (delta(5).revoke(&peer), replaced(0, None), revoked),
        // What only the delta CRL had listed is dropped, too.
        (CrlDraft::new(5), replaced(1, Some(REVOKED)), good),
    ] {
        let updated = revocations.update(&draft.sign(&root), &issuers, &rules);
        assert_eq!(updated.map_err(|error| error.code()), update);
        let path = [&peer, &root.certificate];
        assert_eq!(status(&revocations, &path, &STRICT), verdict);
    }
}

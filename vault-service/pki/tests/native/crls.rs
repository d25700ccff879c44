//! Which paths are refused because of CRLs, and which are not.

use std::slice::from_ref;

use crate::authority::{Authority, NOW};
use crate::crl_draft::{
    CrlDraft, DAY, EXPIRED_ALLOWED, PEER_ONLY, REVOKED, STRICT, UNKNOWN_ALLOWED, crl_code, load,
    status, status_at, verdict,
};
use rcgen::{CertificateParams, KeyUsagePurpose, SerialNumber};
use sallyport_pki::{
    Certificate, CertificateStatus, CrlRules, CrlUpdate, PathRules, RevocationCause,
    RevocationReason, Revocations, UnixTime, Usage,
};

#[test]
fn a_listed_certificate_is_refused_with_date_and_reason() {
    let root = Authority::root("root", |_| {});
    let (peer, other) = (root.issue(|_| {}), root.issue(|_| {}));
    let crl = CrlDraft::new(1).revoke_for(&peer, 1).sign(&root);
    let (revocations, refused) = load(&[crl], &[&root]);
    assert_eq!(refused, []);
    let error = revocations.check(&[&peer, &root.certificate], NOW, &STRICT);
    let revoked = RevocationCause::Revoked {
        serial: peer.serial_hex().to_owned(),
        at: REVOKED,
        reason: RevocationReason::KeyCompromise,
    };
    let error = error.unwrap_err();
    assert_eq!(error.cause, revoked);
    assert_eq!(error.code(), "certificate_revoked");
    assert_eq!(
        error.to_string(),
        format!(
            "certificate `CN=partner`: serial number {} was revoked at 2026-05-30T00:00:00Z \
             (keyCompromise)",
            peer.serial_hex()
        )
    );

    let evidence = revocations.check(&[&other, &root.certificate], NOW, &STRICT);
    let evidence = evidence.unwrap();
    assert_eq!(evidence.good_until(), Some(UnixTime(NOW.0 + 7 * DAY)));
    assert!(matches!(
        evidence.certificates[..],
        [CertificateStatus::Good { number, .. }] if number.to_string() == "1"
    ));
}

#[test]
fn every_reason_counts_as_revoked_even_one_that_has_no_place_there() {
    let root = Authority::root("root", |_| {});
    let peer = root.issue(|_| {});
    for reason in [0, 1, 2, 3, 4, 5, 6, 8, 9, 10] {
        let crl = CrlDraft::new(1).revoke_for(&peer, reason).sign(&root);
        assert_eq!(
            verdict(&[crl], &peer, &root),
            "certificate_revoked",
            "{reason}"
        );
    }
}

#[test]
fn serial_numbers_with_a_first_bit_that_is_set_are_found() {
    let root = Authority::root("root", |_| {});
    let with = |octets: &[u8]| {
        let serial = SerialNumber::from_slice(octets);
        root.issue(|p| p.serial_number = Some(serial))
    };
    for octets in [&[0x80][..], &[0xff; 20], &[0x80; 8], &[0x7f; 20], &[1]] {
        let (peer, other) = (with(octets), with(&[0x33; 9]));
        let crl = CrlDraft::new(1).revoke(&peer).sign(&root);
        let crl = [crl];
        assert_eq!(verdict(&crl, &peer, &root), "certificate_revoked");
        assert_eq!(verdict(&crl, &other, &root), "good");
    }
}

#[test]
fn of_two_crls_the_one_with_the_higher_number_counts_in_any_order() {
    let root = Authority::root("root", |_| {});
    let peer = root.issue(|_| {});
    let old = CrlDraft::new(7).sign(&root);
    let new = CrlDraft::new(8).revoke(&peer).sign(&root);
    for crls in [[old.clone(), new.clone()], [new, old]] {
        let (revocations, refused) = load(&crls, &[&root]);
        let path = [&peer, &root.certificate];
        assert_eq!(status(&revocations, &path, &STRICT), "certificate_revoked");
        assert_eq!(revocations.lists().len(), 1);
        let codes: Vec<_> = refused.iter().map(|refused| refused.error.code()).collect();
        assert!(
            codes.is_empty() || codes == ["crl_number_went_back"],
            "{codes:?}"
        );
    }
}

#[test]
fn an_expired_crl_that_was_left_behind_spoils_nothing() {
    let root = Authority::root("root", |_| {});
    let peer = root.issue(|_| {});
    let old = CrlDraft::new(7)
        .dated(NOW.0 - 9 * DAY, NOW.0 - 2 * DAY)
        .sign(&root);
    let new = CrlDraft::new(8).sign(&root);
    assert_eq!(verdict(&[old, new], &peer, &root), "good");
}

#[test]
fn of_two_crls_with_the_same_number_the_later_counts_and_of_the_same_moment_both() {
    let root = Authority::root("root", |_| {});
    let (peer, other) = (root.issue(|_| {}), root.issue(|_| {}));
    let early = CrlDraft::new(7)
        .dated(NOW.0 - 2 * DAY, NOW.0 + DAY)
        .revoke(&other);
    let (early, late) = (
        early.sign(&root),
        CrlDraft::new(7).revoke(&peer).sign(&root),
    );
    for crls in [[early.clone(), late.clone()], [late.clone(), early]] {
        assert_eq!(verdict(&crls, &peer, &root), "certificate_revoked");
        assert_eq!(verdict(&crls, &other, &root), "good");
    }
    let twin = CrlDraft::new(7).revoke(&other).sign(&root);
    assert_eq!(
        verdict(&[late.clone(), twin.clone()], &peer, &root),
        "certificate_revoked"
    );
    assert_eq!(verdict(&[late, twin], &other, &root), "certificate_revoked");
}

#[test]
fn a_bad_crl_is_put_aside_alone() {
    let root = Authority::root("root", |_| {});
    let impostor = Authority::root("root", |_| {});
    let peer = root.issue(|_| {});
    let crls = [
        b"not a CRL".to_vec(),
        CrlDraft::new(9).sign(&impostor),
        CrlDraft::new(1).revoke(&peer).sign(&root),
        CrlDraft::new(10).dated(NOW.0 + 61, NOW.0 + DAY).sign(&root),
    ];
    let (revocations, refused) = load(&crls, &[&root]);
    let refused: Vec<_> = refused.iter().map(|r| (r.index, r.error.code())).collect();
    let expected = [
        (0, "crl_malformed"),
        (1, "crl_invalid_signature"),
        (3, "crl_not_yet_valid"),
    ];
    assert_eq!(refused, expected);
    let path = [&peer, &root.certificate];
    assert_eq!(status(&revocations, &path, &STRICT), "certificate_revoked");
}

#[test]
fn a_refresh_never_goes_back_and_tells_what_has_gone() {
    let root = Authority::root("root", |_| {});
    let (peer, other) = (root.issue(|_| {}), root.issue(|_| {}));
    let issuers = [root.certificate.clone()];
    let rules = CrlRules::new(NOW);
    let mut revocations = Revocations::default();
    let mut update = |draft: CrlDraft| {
        let update = revocations.update(&draft.sign(&root), &issuers, &rules);
        update.map_err(|error| error.code())
    };
    let both = CrlDraft::new(5).revoke(&peer).revoke(&other);
    assert_eq!(update(both.clone()), Ok(CrlUpdate::Added));
    assert_eq!(update(both), Ok(CrlUpdate::Unchanged));
    assert_eq!(update(CrlDraft::new(4)), Err("crl_number_went_back"));
    let fewer = CrlDraft::new(6).revoke(&peer);
    let Ok(CrlUpdate::Replaced { dropped }) = update(fewer) else {
        panic!("it is newer");
    };
    assert_eq!(dropped.certificates, 1);
    // So lately that it cannot be in order (CVE-2021-29653 in HashiCorp Vault).
    assert_eq!(dropped.last_revoked, Some(REVOKED));
    let path = [&peer, &root.certificate];
    assert_eq!(status(&revocations, &path, &STRICT), "certificate_revoked");
}

#[test]
fn without_a_crl_the_status_is_unknown_which_the_policy_decides_about() {
    let root = Authority::root("root", |_| {});
    let issuing = root.delegate("issuing", |_| {});
    let peer = issuing.issue(|_| {});
    let path = [&peer, &issuing.certificate, &root.certificate];
    let verdicts = |crls: &[Vec<u8>]| {
        let (revocations, _) = load(crls, &[&root, &issuing]);
        [STRICT, UNKNOWN_ALLOWED, EXPIRED_ALLOWED, PEER_ONLY]
            .map(|policy| status(&revocations, &path, &policy))
    };
    let unknown = "revocation_unknown";
    assert_eq!(verdicts(&[]), [unknown, "good", unknown, unknown]);
    let of_root = CrlDraft::new(1).sign(&root);
    assert_eq!(
        verdicts(from_ref(&of_root)),
        [unknown, "good", unknown, unknown]
    );
    let of_issuing = CrlDraft::new(1).sign(&issuing);
    assert_eq!(
        verdicts(from_ref(&of_issuing)),
        [unknown, "good", unknown, "good"]
    );
    assert_eq!(verdicts(&[of_root, of_issuing.clone()]), ["good"; 4]);
    let revoked = "certificate_revoked";
    let against_issuing = CrlDraft::new(1).revoke(&issuing.certificate).sign(&root);
    let crls = [against_issuing.clone(), of_issuing];
    assert_eq!(verdicts(&crls), [revoked, revoked, revoked, "good"]);
    // Nothing is known about the peer, but more about its issuer.
    assert_eq!(
        verdicts(&[against_issuing]),
        [revoked, revoked, revoked, unknown]
    );
}

#[test]
fn an_expired_crl_tells_nothing_good_unless_the_policy_allows_it() {
    let root = Authority::root("root", |_| {});
    let (peer, listed) = (root.issue(|_| {}), root.issue(|_| {}));
    let draft = CrlDraft::new(1)
        .dated(NOW.0 - 7 * DAY, NOW.0)
        .revoke(&listed);
    let (revocations, refused) = load(&[draft.sign(&root)], &[&root]);
    assert_eq!(refused, []);
    let verdicts = |peer, at: i64| {
        [STRICT, UNKNOWN_ALLOWED, EXPIRED_ALLOWED].map(|policy| {
            status_at(
                &revocations,
                &[peer, &root.certificate],
                &policy,
                UnixTime(at),
            )
        })
    };
    // The moment of nextUpdate is too late.
    assert_eq!(
        verdicts(&peer, NOW.0),
        ["crl_expired", "crl_expired", "good"]
    );
    assert_eq!(verdicts(&peer, NOW.0 - 1), ["good"; 3]);
    assert_eq!(verdicts(&listed, NOW.0), ["certificate_revoked"; 3]);
    // Before its time it tells nothing either; clocks may differ by a minute.
    let early = NOW.0 - 7 * DAY - 60;
    assert_eq!(verdicts(&peer, early), ["good"; 3]);
    let unknown = "revocation_unknown";
    assert_eq!(verdicts(&peer, early - 1), [unknown, "good", unknown]);
}

#[test]
fn a_crl_counts_only_under_the_key_that_has_signed_it() {
    let root = Authority::root("root", |_| {});
    let other = Authority::root("root", |_| {});
    let peer = root.issue(|_| {});
    let crl = CrlDraft::new(1).sign(&other);
    let (revocations, refused) = load(&[crl], &[&root, &other]);
    assert_eq!(refused, []);
    let path = [&peer, &root.certificate];
    assert_eq!(status(&revocations, &path, &STRICT), "revocation_unknown");
}

#[test]
fn roots_and_intermediates_sign_crls_only_if_their_key_usage_allows_it() {
    let without = |p: &mut CertificateParams| p.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    let root = Authority::root("root", |_| {});
    for signer in [
        Authority::root("root", without),
        root.delegate("ca", without),
    ] {
        let crl = CrlDraft::new(1).sign(&signer);
        assert_eq!(crl_code(&crl, &signer), "crl_issuer_may_not_sign");
    }
    let signer = Authority::root("root", |p| p.key_usages.clear());
    let crl = CrlDraft::new(1).sign(&signer);
    assert_eq!(verdict(&[crl], &signer.issue(|_| {}), &signer), "good");
}

#[test]
fn a_path_over_a_revoked_certificate_is_not_taken_if_there_is_another() {
    let root = Authority::root("root", |_| {});
    let issuing = root.delegate("issuing", |_| {});
    let peer = issuing.issue(|_| {});
    let crls = [
        CrlDraft::new(1).revoke(&issuing.certificate).sign(&root),
        CrlDraft::new(1).sign(&issuing),
    ];
    let (revocations, _) = load(&crls, &[&root, &issuing]);
    let further = |path: &[&Certificate]| {
        let checked = revocations.check(path, NOW, &STRICT);
        checked.map(drop).map_err(Into::into)
    };
    let mut rules = PathRules::new(Usage::ClientAuth, NOW);
    let intermediates = [issuing.certificate];
    assert!(rules.verify(&peer, &intermediates, &root.anchors()).is_ok());
    rules.further = Some(&further);
    let error = rules.verify(&peer, &intermediates, &root.anchors());
    let error = error.unwrap_err();
    assert_eq!(error.code(), "certificate_revoked");
    let text = error.to_string();
    assert!(
        text.starts_with("certificate `CN=issuing`: serial number "),
        "{text}"
    );
}

//! CRLs that are refused, each with the reason, and that no input does worse.

use crate::authority::{Authority, NOW};
use crate::crl_draft::{
    CrlDraft, DAY, INTEGER, STRICT, certificate_issuer, crl_code, crl_number, delta_indicator,
    entry, extension, full_name, generalized_time, idp, name, only, reason_code, utc_time,
};
use crate::der::{NULL, OID, SEQUENCE, SET, nested, tlv};
use proptest::prelude::*;
use sallyport_pki::{
    AlgorithmIdentifier, Certificate, CrlError, CrlRules, InvalidSignature, MAX_CRL_BYTES,
    MAX_CRL_ENTRIES, Revocations, SIGNATURE_ALGORITHMS, SignatureVerificationAlgorithm,
    crl_from_pem,
};

/// What is wrong with the CRLs, and the code of the refusal.
fn refusals(cases: Vec<(&str, CrlDraft)>) {
    let root = Authority::root("root", |_| {});
    for (code, draft) in cases {
        let refused = crl_code(&draft.sign(&root), &root);
        assert_eq!(
            refused, code,
            "{:x?} {:x?}",
            draft.entries, draft.extensions
        );
    }
}

fn with_entry(serial: &[u8], extensions: &[Vec<u8>]) -> CrlDraft {
    CrlDraft::new(1).entry(entry(serial, extensions))
}

#[test]
fn the_number_has_to_be_there_and_to_be_one() {
    let numbered =
        |critical, number: &[u8]| CrlDraft::without_number().with(crl_number(critical, number));
    refusals(vec![
        ("taken", numbered(false, &[0])),
        ("taken", numbered(false, &[0x7f; 20])),
        ("crl_without_number", CrlDraft::without_number()),
        ("crl_number_critical", numbered(true, &[1])),
        ("crl_malformed", numbered(false, &[1; 21])),
        ("crl_malformed", numbered(false, &[0x80])),
        ("crl_malformed", numbered(false, &[0, 1])),
        ("crl_malformed", numbered(false, &[])),
        (
            "crl_duplicate_extension",
            CrlDraft::new(1).with(crl_number(false, &[1])),
        ),
    ]);
}

#[test]
fn only_version_2_is_read() {
    let version = |version| CrlDraft {
        version,
        ..CrlDraft::new(1)
    };
    refusals(vec![
        ("crl_not_version_2", version(Vec::new())),
        ("crl_not_version_2", version(tlv(INTEGER, &[0]))),
        ("crl_not_version_2", version(tlv(INTEGER, &[2]))),
        ("crl_not_version_2", version(tlv(INTEGER, &[0, 1]))),
    ]);
}

#[test]
fn the_dates_have_to_make_sense() {
    let (this_update, next_update) = (utc_time(NOW.0), utc_time(NOW.0 + DAY));
    let dated = |this_update, next_update| CrlDraft {
        this_update,
        next_update,
        ..CrlDraft::new(1)
    };
    refusals(vec![
        (
            "taken",
            dated(generalized_time(NOW.0), generalized_time(NOW.0 + DAY)),
        ),
        ("taken", CrlDraft::new(1).dated(NOW.0 + 60, NOW.0 + DAY)),
        (
            "crl_not_yet_valid",
            CrlDraft::new(1).dated(NOW.0 + 61, NOW.0 + DAY),
        ),
        ("crl_invalid_validity", CrlDraft::new(1).dated(NOW.0, NOW.0)),
        (
            "crl_invalid_validity",
            dated(next_update.clone(), this_update.clone()),
        ),
        (
            "crl_without_next_update",
            dated(this_update.clone(), Vec::new()),
        ),
        (
            "crl_malformed",
            dated(tlv(0x17, b"260101000000+0100"), next_update.clone()),
        ),
        (
            "crl_malformed",
            dated(tlv(0x17, b"261301000000Z"), next_update),
        ),
        (
            "crl_malformed",
            dated(this_update, tlv(0x18, b"20270101000000.5Z")),
        ),
    ]);
}

#[test]
fn a_serial_number_that_would_not_be_found_is_no_serial_number() {
    refusals(vec![
        ("taken", with_entry(&[0x00, 0x80], &[])),
        ("taken", with_entry(&[0x7f; 20], &[])),
        ("taken", with_entry(&[&[0][..], &[0xff; 20]].concat(), &[])),
        ("crl_serial_number", with_entry(&[0x00, 0x7f], &[])),
        ("crl_serial_number", with_entry(&[0xff, 0xff], &[])),
        ("crl_serial_number", with_entry(&[0x7f; 21], &[])),
        ("crl_serial_number", with_entry(&[0x01; 40], &[])),
        ("crl_serial_number", with_entry(&[], &[])),
    ]);
}

#[test]
fn what_is_critical_and_not_known_is_refused() {
    let unknown = |critical| extension(99, critical, &tlv(NULL, &[]));
    let reasons = [reason_code(1), reason_code(1)];
    refusals(vec![
        ("taken", CrlDraft::new(1).with(unknown(false))),
        ("taken", with_entry(&[1], &[unknown(false)])),
        (
            "crl_unknown_critical_extension",
            CrlDraft::new(1).with(unknown(true)),
        ),
        (
            "crl_unknown_critical_extension",
            with_entry(&[1], &[unknown(true)]),
        ),
        (
            "crl_duplicate_extension",
            CrlDraft::new(1).with(unknown(false)).with(unknown(false)),
        ),
        ("crl_duplicate_extension", with_entry(&[1], &reasons)),
    ]);
}

#[test]
fn the_scope_has_to_be_one_that_is_processed() {
    let scope = |fields: &[Vec<u8>]| CrlDraft::new(1).with(idp(fields));
    let plain = extension(28, false, &tlv(SEQUENCE, &full_name("http://crl.test/")));
    let some_reasons = |content: &[u8]| scope(&[tlv(0x83, content)]);
    refusals(vec![
        ("taken", scope(&[])),
        ("taken", scope(&[full_name("http://crl.test/"), only(1)])),
        ("crl_extension_not_critical", CrlDraft::new(1).with(plain)),
        ("crl_only_some_reasons", some_reasons(&[6, 0x40])),
        // RUSTSEC-2026-0104: a panic in rustls-webpki below 0.103.13.
        ("crl_only_some_reasons", some_reasons(&[])),
        ("crl_only_some_reasons", some_reasons(&[0])),
        ("crl_only_attribute_certificates", scope(&[only(5)])),
        ("crl_malformed", scope(&[only(1), only(2)])),
        ("crl_malformed", scope(&[only(2), only(1)])),
        ("crl_malformed", scope(&[tlv(0x81, &[0x01])])),
        ("crl_malformed", scope(&[tlv(0xa0, &tlv(0xa0, &[]))])),
        ("crl_malformed", scope(&[tlv(0xa0, &[])])),
        (
            "taken",
            scope(&[tlv(0xa0, &tlv(0xa0, &[0x86, 0].repeat(64)))]),
        ),
        (
            "crl_malformed",
            scope(&[tlv(0xa0, &tlv(0xa0, &[0x86, 0].repeat(65)))]),
        ),
        (
            "crl_malformed",
            CrlDraft::new(1).with(extension(28, true, &[0x30, 0x80])),
        ),
    ]);
}

#[test]
fn entries_have_to_be_well_formed() {
    let other_issuer = certificate_issuer(&name("other"));
    let plain = extension(29, false, &tlv(SEQUENCE, &tlv(0xa4, &name("other"))));
    let not_a_name = extension(29, true, &tlv(SEQUENCE, &tlv(0x82, b"a.test")));
    let indirect = |extension| with_entry(&[1], &[extension]).with(idp(&[only(4)]));
    let odd = |fields: &[Vec<u8>]| CrlDraft::new(1).entry(tlv(SEQUENCE, &fields.concat()));
    let no_entries = tlv(SEQUENCE, &[]);
    refusals(vec![
        ("taken", indirect(other_issuer.clone())),
        ("crl_not_indirect", with_entry(&[1], &[other_issuer])),
        ("crl_extension_not_critical", indirect(plain)),
        ("crl_malformed", indirect(not_a_name)),
        ("crl_malformed", with_entry(&[1], &[reason_code(7)])),
        ("crl_malformed", with_entry(&[1], &[reason_code(11)])),
        (
            "crl_malformed",
            with_entry(&[1], &[extension(21, false, &tlv(INTEGER, &[1]))]),
        ),
        ("crl_malformed", CrlDraft::new(1).entry(no_entries)),
        ("crl_malformed", odd(&[tlv(INTEGER, &[1])])),
        (
            "crl_malformed",
            odd(&[tlv(INTEGER, &[1]), tlv(0x17, b"never")]),
        ),
        (
            "crl_malformed",
            odd(&[tlv(INTEGER, &[1]), utc_time(NOW.0), tlv(NULL, &[])]),
        ),
        (
            "crl_malformed",
            CrlDraft::new(1).entry(vec![0x30, 0x05, 0x02]),
        ),
    ]);
}

#[test]
fn a_delta_crl_has_to_say_so_critically() {
    let plain = extension(27, false, &tlv(INTEGER, &[1]));
    refusals(vec![
        (
            "crl_without_base",
            CrlDraft::new(2).with(delta_indicator(1)),
        ),
        ("crl_extension_not_critical", CrlDraft::new(2).with(plain)),
        (
            "crl_malformed",
            CrlDraft::new(2).with(extension(27, true, &[])),
        ),
    ]);
}

#[test]
fn issuer_and_signature_have_to_fit() {
    let root = Authority::root("root", |_| {});
    let (other, impostor) = (
        Authority::root("other", |_| {}),
        Authority::root("root", |_| {}),
    );
    let good = CrlDraft::new(1);
    assert_eq!(crl_code(&good.sign(&other), &root), "crl_unknown_issuer");
    assert_eq!(
        crl_code(&good.sign(&impostor), &root),
        "crl_invalid_signature"
    );
    let mut nameless = good.clone();
    nameless.issuer = Some(tlv(SEQUENCE, &[]));
    assert_eq!(crl_code(&nameless.sign(&root), &root), "crl_malformed");
    let mut weak = good.clone();
    // ecdsa-with-SHA1.
    let sha1 = tlv(OID, &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x01]);
    weak.algorithm = tlv(SEQUENCE, &sha1);
    let code = crl_code(&weak.sign(&root), &root);
    assert_eq!(code, "crl_unsupported_signature_algorithm");

    // The algorithm is there twice; only one of them is signed.
    let sha256 = good.algorithm.clone();
    let swapped = good.sign(&root);
    let second = swapped
        .windows(sha256.len())
        .rposition(|window| window == sha256);
    let mut swapped = swapped;
    swapped[second.unwrap() + sha256.len() - 1] = 0x03;
    assert_eq!(crl_code(&swapped, &root), "crl_malformed");
}

#[test]
fn the_key_identifier_is_that_of_the_key_that_has_signed() {
    let root = Authority::root("root", |_| {});
    let certificate = root.certificate.der();
    // subjectKeyIdentifier: OID, OCTET STRING around an OCTET STRING of 20.
    let start = [0x06, 0x03, 0x55, 0x1d, 0x0e, 0x04, 0x16, 0x04, 0x14];
    let at = certificate
        .windows(start.len())
        .position(|window| window == start);
    let own = &certificate[at.unwrap() + start.len()..][..20];
    for (key, code) in [(own, "taken"), (&[7; 20], "crl_wrong_key_identifier")] {
        let named = extension(35, false, &tlv(SEQUENCE, &tlv(0x80, key)));
        let crl = CrlDraft::new(1).with(named).sign(&root);
        assert_eq!(crl_code(&crl, &root), code);
    }
}

#[test]
fn a_pem_file_holds_one_crl() {
    let block = "-----BEGIN X509 CRL-----\nMAA=\n-----END X509 CRL-----\n";
    assert_eq!(
        crl_from_pem(format!("Issuer: a\n{block}").as_bytes()),
        Ok(vec![0x30, 0])
    );
    let twice = [block, block].concat();
    let other = block.replace("X509 CRL", "CERTIFICATE");
    for text in ["", &twice, &other, &block[..40], &block.replace('=', "")] {
        assert_eq!(
            crl_from_pem(text.as_bytes()),
            Err(CrlError::NotPem),
            "{text}"
        );
    }
    assert_eq!(crl_from_pem(&[0xff]), Err(CrlError::NotPem));
}

#[test]
fn a_pem_file_of_empty_lines_is_none() {
    let block = "-----BEGIN X509 CRL-----\nMAA=\n-----END X509 CRL-----\n";
    let padded = |lines: usize| [&"\n".repeat(lines), block].concat();
    assert!(crl_from_pem(padded(1_000).as_bytes()).is_ok());
    assert_eq!(
        crl_from_pem(padded(1_100).as_bytes()),
        Err(CrlError::NotPem)
    );
}

#[test]
fn nothing_may_follow_and_nothing_may_be_missing() {
    let root = Authority::root("root", |_| {});
    let crl = CrlDraft::new(1)
        .entry(entry(&[1], &[reason_code(1)]))
        .sign(&root);
    assert_eq!(crl_code(&crl, &root), "taken");
    assert_eq!(
        crl_code(&[&crl[..], &[0]].concat(), &root),
        "crl_trailing_data"
    );
    for length in 0..crl.len() {
        assert_eq!(crl_code(&crl[..length], &root), "crl_malformed");
    }
}

#[test]
fn limits_are_checked_before_the_work() {
    let root = Authority::root("root", |_| {});
    let too_large = vec![0x30; MAX_CRL_BYTES + 1];
    assert_eq!(crl_code(&too_large, &root), "crl_too_large");
    let entries = entry(&[1], &[]).repeat(MAX_CRL_ENTRIES + 1);
    let crl = CrlDraft::new(1).entry(entries).sign(&root);
    assert_eq!(crl_code(&crl, &root), "crl_too_many_entries");
    let about = |index: u16| {
        let issuer = name(&index.to_string());
        entry(&[1], &[certificate_issuer(&issuer)])
    };
    let draft = CrlDraft::new(1).with(idp(&[only(4)]));
    let crl = (0..1_001).fold(draft, |draft, index| draft.entry(about(index)));
    assert_eq!(crl_code(&crl.sign(&root), &root), "crl_too_many_issuers");
}

#[test]
fn deep_nesting_is_a_clean_error() {
    let root = Authority::root("root", |_| {});
    for tag in [SEQUENCE, SET, 0xa0, 0xa4] {
        let deep = nested(tag, 12_000);
        assert_eq!(crl_code(&deep, &root), "crl_malformed");
        for arc in [20, 27, 28, 35] {
            let crl = CrlDraft::without_number().with(extension(arc, true, &deep));
            assert_ne!(crl_code(&crl.sign(&root), &root), "taken");
        }
        let crl = CrlDraft::new(1).entry(deep).sign(&root);
        assert_eq!(crl_code(&crl, &root), "crl_malformed");
    }
}

/// Takes any signature, so that what is behind it is reached.
#[derive(Debug)]
struct AnySignature;

impl SignatureVerificationAlgorithm for AnySignature {
    fn verify_signature(&self, _: &[u8], _: &[u8], _: &[u8]) -> Result<(), InvalidSignature> {
        Ok(())
    }

    fn public_key_alg_id(&self) -> AlgorithmIdentifier {
        SIGNATURE_ALGORITHMS[0].public_key_alg_id()
    }

    fn signature_alg_id(&self) -> AlgorithmIdentifier {
        SIGNATURE_ALGORITHMS[0].signature_alg_id()
    }
}

fn everything(root: &Authority, peer: &Certificate) -> Vec<u8> {
    let other = entry(&[9], &[certificate_issuer(&name("other")), reason_code(6)]);
    let draft = CrlDraft::new(300).with(idp(&[full_name("http://crl.test/"), only(4)]));
    draft.revoke_for(peer, 1).entry(other).sign(root)
}

proptest! {
    #[test]
    fn every_change_of_a_crl_is_noticed_and_none_is_fatal(
        changes in prop::collection::vec((any::<prop::sample::Index>(), 1..=255_u8), 1..4),
    ) {
        let root = Authority::root("root", |_| {});
        let peer = root.issue(|_| {});
        let crl = everything(&root, &peer);
        prop_assert_eq!(crl_code(&crl, &root), "taken");
        let mut changed = crl.clone();
        for (index, change) in changes {
            let length = changed.len();
            changed[index.index(length)] ^= change;
        }
        prop_assume!(changed != crl);
        prop_assert_ne!(crl_code(&changed, &root), "taken");

        // Whatever is signed, the verdict is a verdict.
        let rules = CrlRules { at: NOW, algorithms: &[&AnySignature] };
        let issuers = [root.certificate.clone()];
        let (revocations, _) = Revocations::load([&changed[..]], &issuers, &rules);
        let _ = revocations.check(&[&peer, &root.certificate], NOW, &STRICT);
    }

    #[test]
    fn no_entries_and_no_extensions_are_fatal(
        entries in prop::collection::vec(any::<u8>(), 0..60),
        arc in prop::sample::select(vec![20_u8, 27, 28, 35]),
        value in prop::collection::vec(any::<u8>(), 0..40),
    ) {
        let root = Authority::root("root", |_| {});
        let _ = crl_code(&CrlDraft::new(1).entry(entries).sign(&root), &root);
        let draft = CrlDraft::without_number().with(extension(arc, true, &value));
        let _ = crl_code(&draft.sign(&root), &root);
    }
}

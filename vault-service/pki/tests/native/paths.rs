//! Paths as a whole: anchors, dates, limits, names, and what a certificate says of itself.

use crate::authority::{Authority, NOW, code};
use proptest::prelude::*;
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair, SanType,
    SerialNumber, date_time_ymd,
};
use sallyport_pki::{
    Certificate, MAX_INTERMEDIATES, PathError, PathRules, TrustAnchors, UnixTime, Usage,
    VerifiedPath,
};

/// 2024-01-01, before everything.
const EARLY: UnixTime = UnixTime(1_704_067_200);
/// 2040-01-01, after everything.
const LATE: UnixTime = UnixTime(2_208_988_800);

#[test]
fn an_issuing_ca_may_be_the_anchor_and_keeps_its_own_limits() {
    let root = Authority::root("root", |_| {});
    let clients_only = root.delegate("issuing", |p| {
        p.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        p.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    });
    let both = |p: &mut CertificateParams| p.extended_key_usages.clear();
    let peer = clients_only.issue(both);
    let anchors = clients_only.anchors();
    let verdict = |usage| {
        PathRules::new(usage, NOW)
            .verify(&peer, &[], &anchors)
            .map_err(|e| e.code())
    };
    assert!(verdict(Usage::ClientAuth).is_ok());
    assert_eq!(verdict(Usage::ServerAuth), Err("wrong_usage"));

    // Path building does not know that the anchor allows no further CA.
    let below = clients_only.delegate("below", |_| {});
    let peer = below.issue(both);
    assert_eq!(code(&peer, &[&below], &clients_only), "path_length");
}

#[test]
fn an_anchor_counts_between_its_own_dates_only() {
    let expired = Authority::root("root", |p| p.not_after = date_time_ymd(2026, 3, 1));
    let future = Authority::root("root", |p| p.not_before = date_time_ymd(2027, 1, 1));
    let peer = expired.issue(|_| {});
    assert_eq!(code(&peer, &[], &expired), "certificate_expired");
    let peer = future.issue(|_| {});
    assert_eq!(code(&peer, &[], &future), "certificate_not_yet_valid");
}

#[test]
fn a_renewed_anchor_with_the_same_key_is_found_behind_the_expired_one() {
    let key = KeyPair::generate().unwrap();
    let old = Authority::with_key("root", &key, |p| p.not_after = date_time_ymd(2026, 3, 1));
    let new = Authority::with_key("root", &key, |_| {});
    let peer = old.issue(|_| {});
    let both = vec![old.certificate, new.certificate];
    let anchors = TrustAnchors::new(both).unwrap();
    let path = PathRules::new(Usage::ClientAuth, NOW)
        .verify(&peer, &[], &anchors)
        .unwrap();
    // The verdict ends with the earliest date of the path that was taken, not of the expired one.
    assert_eq!(path.not_after(), peer.not_after());
    let dates = (path.not_before() <= NOW, path.not_after() > NOW);
    assert_eq!(dates, (true, true));
}

#[test]
fn a_root_of_the_same_name_with_another_key_is_no_issuer() {
    let root = Authority::root("root", |_| {});
    let impostor = Authority::root("root", |_| {});
    assert_eq!(
        code(&root.issue(|_| {}), &[], &impostor),
        "invalid_signature"
    );
}

#[test]
fn moments_before_1970_are_before_everything() {
    let root = Authority::root("root", |_| {});
    let peer = root.issue(|_| {});
    for at in [UnixTime(i64::MIN), UnixTime(-1), EARLY] {
        let error = verify_at(&peer, &root, at).unwrap_err();
        let not_before = peer.not_before();
        assert_eq!(error, PathError::NotYetValid { at, not_before });
    }
    for at in [LATE, UnixTime(i64::MAX)] {
        let error = verify_at(&peer, &root, at).unwrap_err();
        assert_eq!(error.code(), "certificate_expired");
    }
    for at in [peer.not_before(), peer.not_after()] {
        assert!(verify_at(&peer, &root, at).is_ok());
    }
}

#[test]
fn superfluous_intermediates_are_fine_up_to_the_limit() {
    let root = Authority::root("root", |_| {});
    let issuing = root.delegate("issuing", |_| {});
    let peer = issuing.issue(|_| {});
    let mut presented: Vec<Certificate> = (1..MAX_INTERMEDIATES)
        .map(|number| Authority::root(&format!("stranger {number}"), |_| {}).certificate)
        .collect();
    presented.push(issuing.certificate);
    let anchors = root.anchors();
    let verify = |presented: &[Certificate]| {
        PathRules::new(Usage::ClientAuth, NOW)
            .verify(&peer, presented, &anchors)
            .map(|_| ())
    };
    assert_eq!(verify(&presented), Ok(()));
    presented.insert(0, root.certificate);
    assert_eq!(
        verify(&presented),
        Err(PathError::TooManyIntermediates {
            count: 11,
            limit: 10
        })
    );
}

#[test]
fn the_path_lists_keys_from_the_peer_to_the_anchor() {
    let root = Authority::root("root", |_| {});
    let issuing = root.delegate("issuing", |_| {});
    let peer = issuing.issue(|_| {});
    let presented = [issuing.certificate.clone()];
    let path = PathRules::new(Usage::ClientAuth, NOW)
        .verify(&peer, &presented, &root.anchors())
        .unwrap();
    let expected = [&peer, &issuing.certificate, &root.certificate];
    assert_eq!(
        path.spki_sha256s(),
        expected.map(Certificate::spki_sha256).as_slice()
    );
    assert_eq!(path.sha256s(), expected.map(Certificate::sha256).as_slice());
}

#[test]
fn details_say_what_is_in_the_certificate() {
    let root = Authority::root("root", |_| {});
    let peer = root.issue(|p| {
        p.serial_number = Some(SerialNumber::from_slice(&[0x80, 0x0a]));
        p.not_before = date_time_ymd(2026, 1, 2);
        p.not_after = date_time_ymd(2027, 1, 2);
        p.distinguished_name
            .push(DnType::OrganizationName, "Partner, Inc.");
        p.distinguished_name.push(DnType::CountryName, "CH");
        let uri = SanType::URI("spiffe://test/partner".try_into().unwrap());
        p.subject_alt_names.push(uri);
    });
    let details = peer.details();
    assert_eq!(details.subject.common_name, "partner");
    assert_eq!(details.subject.organization_name, "Partner, Inc.");
    assert_eq!(details.subject.country_name, "CH");
    assert_eq!(details.subject.state, "");
    assert_eq!(details.issuer.common_name, "root");
    assert_eq!(
        details.subject_alternative_name,
        ["DNS:partner.test", "URI:spiffe://test/partner"]
    );
    assert_eq!(details.version, "3");
    assert_eq!(details.serial_number, "800a");
    assert_eq!(details.signature_algorithm, "ecdsa-with-SHA256");
    assert_eq!(details.public_key_algorithm, "EC");
    assert!(!details.basic_constraints.certificate_authority);
    assert_eq!(details.validity.not_before, "2026-01-02T00:00:00Z");
    assert_eq!(details.validity.not_after, "2027-01-02T00:00:00Z");
    assert_eq!(details.key_usage, ["digitalSignature"]);
    assert_eq!(details.extended_key_usage, ["clientAuth"]);
    assert_eq!(details.certificate_type, "X.509");
    assert_eq!(peer.serial_hex(), "800a");
    assert_eq!(peer.subject(), "C=CH,O=Partner\\, Inc.,CN=partner");
    assert_eq!(peer.uri_names(), ["spiffe://test/partner"]);
    let root = root.certificate;
    assert!(root.is_ca() && root.details().basic_constraints.certificate_authority);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn a_flipped_bit_anywhere_never_verifies(bit in 0_usize..8 * 1024) {
        let chain = CHAIN.with(Clone::clone);
        let mut der = chain.0.der().to_vec();
        let bit = bit % (der.len() * 8);
        if let Some(byte) = der.get_mut(bit / 8) {
            *byte ^= 1 << (bit % 8);
        }
        if let Ok(flipped) = Certificate::from_der(&der) {
            let path = PathRules::new(Usage::ClientAuth, NOW).verify(&flipped, &[], &chain.1);
            prop_assert!(path.is_err(), "bit {bit}");
        }
    }

    #[test]
    fn a_damaged_certificate_never_makes_the_reader_panic(
        start in 0_usize..600,
        bytes in prop::collection::vec(any::<u8>(), 0..8),
        keep in 0_usize..600,
    ) {
        let mut der = CHAIN.with(|chain| chain.0.der().to_vec());
        for (there, byte) in der.iter_mut().skip(start).zip(bytes) {
            *there = byte;
        }
        let _ = Certificate::from_der(&der);
        let whole = der.len();
        der.truncate(keep);
        prop_assert!(keep >= whole || Certificate::from_der(&der).is_err());
    }
}

thread_local! {
    static CHAIN: (Certificate, TrustAnchors) = {
        let root = Authority::root("root", |_| {});
        (root.issue(|_| {}), root.anchors())
    };
}

fn verify_at(
    peer: &Certificate,
    root: &Authority,
    at: UnixTime,
) -> Result<VerifiedPath, PathError> {
    PathRules::new(Usage::ClientAuth, at).verify(peer, &[], &root.anchors())
}

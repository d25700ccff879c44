//! Pinned leaves are trusted byte for byte, and make nobody else trusted.

use crate::authority::{Authority, NOW};
use rcgen::{
    CertificateParams, CustomExtension, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa,
    Issuer, KeyIdMethod, KeyPair, KeyUsagePurpose, SerialNumber, date_time_ymd,
};
use sallyport_pki::{
    Certificate, MAX_PINNED_CERTIFICATES, PathError, PathRules, PinnedCertificateError,
    PinnedCertificates, TrustAnchors, UnixTime, Usage,
};

/// A partner's self-signed client certificate; its names, serial number and key identifiers are
/// always the same ones.
fn params() -> CertificateParams {
    let mut params = CertificateParams::new(["partner.test".to_owned()]).unwrap();
    params.distinguished_name = DistinguishedName::new();
    params
        .distinguished_name
        .push(DnType::CommonName, "partner");
    params.not_before = date_time_ymd(2026, 1, 1);
    params.not_after = date_time_ymd(2036, 1, 1);
    params.serial_number = Some(SerialNumber::from_slice(&[0x11, 0x22, 0x33]));
    params.is_ca = IsCa::ExplicitNoCa;
    params.key_identifier_method = KeyIdMethod::PreSpecified(vec![7; 20]);
    params.use_authority_key_identifier_extension = true;
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    params
}

fn signed(key: &KeyPair, change: impl FnOnce(&mut CertificateParams)) -> Certificate {
    let mut params = params();
    change(&mut params);
    Certificate::from_der(params.self_signed(key).unwrap().der()).unwrap()
}

fn pinned(certificate: &Certificate) -> PinnedCertificates {
    PinnedCertificates::new(vec![certificate.clone()]).unwrap()
}

/// How the set judges a client: `accepted`, `not pinned`, or the code of the refusal.
fn verdict(set: &PinnedCertificates, peer: &Certificate, at: UnixTime) -> &'static str {
    match set.verify(peer, Usage::ClientAuth, at) {
        Some(Ok(_)) => "accepted",
        Some(Err(error)) => error.code(),
        None => "not pinned",
    }
}

#[test]
fn the_pinned_certificate_itself_passes_without_an_issuer() {
    let partner = signed(&KeyPair::generate().unwrap(), |_| {});
    let set = pinned(&partner);
    let again = Certificate::from_der(partner.der()).unwrap();
    assert!(set.contains(&again));
    let path = set.verify(&again, Usage::ClientAuth, NOW).unwrap().unwrap();
    assert_eq!(path.spki_sha256s(), [partner.spki_sha256()]);
    assert_eq!(path.sha256s(), [partner.sha256()]);
    let dates = (path.not_before(), path.not_after());
    assert_eq!(dates, (partner.not_before(), partner.not_after()));
}

#[test]
fn another_key_behind_the_same_names_serial_and_key_identifiers_is_not_pinned() {
    let partner = signed(&KeyPair::generate().unwrap(), |_| {});
    let impostor = signed(&KeyPair::generate().unwrap(), |_| {});
    // All that CVE-2024-2048 compared is equal.
    assert_eq!(impostor.subject(), partner.subject());
    assert_eq!(impostor.issuer(), partner.issuer());
    assert_eq!(impostor.serial_hex(), partner.serial_hex());
    let identifier = [7_u8; 20];
    for certificate in [&impostor, &partner] {
        let mut windows = certificate.der().windows(identifier.len());
        // The subject's and the authority's.
        assert_eq!(
            windows
                .by_ref()
                .filter(|found| *found == identifier)
                .count(),
            2
        );
    }
    assert_ne!(impostor.spki_sha256(), partner.spki_sha256());
    assert_eq!(verdict(&pinned(&partner), &impostor, NOW), "not pinned");
}

#[test]
fn the_pinned_key_in_another_certificate_is_not_pinned() {
    let key = KeyPair::generate().unwrap();
    let set = pinned(&signed(&key, |_| {}));
    let others: [fn(&mut CertificateParams); 5] = [
        |p| p.subject_alt_names = vec![rcgen::SanType::DnsName("admin.test".try_into().unwrap())],
        |p| p.not_after = date_time_ymd(2046, 1, 1),
        |p| p.extended_key_usages.clear(),
        |p| {
            p.distinguished_name
                .push(DnType::OrganizationName, "admins")
        },
        |p| p.distinguished_name.push(DnType::CommonName, "admin"),
    ];
    for (number, change) in others.into_iter().enumerate() {
        let other = signed(&key, change);
        assert_eq!(verdict(&set, &other, NOW), "not pinned", "{number}");
    }
    // Not even the same content signed once more.
    let again = signed(&key, |_| {});
    assert_eq!(again.spki_sha256(), set.certificates()[0].spki_sha256());
    assert_eq!(verdict(&set, &again, NOW), "not pinned");
}

#[test]
fn what_a_pinned_leaf_signs_is_not_trusted() {
    let key = KeyPair::generate().unwrap();
    let partner = signed(&key, |_| {});
    let issuer = Issuer::new(params(), key);
    let mut below = params();
    below.distinguished_name.push(DnType::CommonName, "below");
    let below = below.signed_by(&KeyPair::generate().unwrap(), &issuer);
    let below = Certificate::from_der(below.unwrap().der()).unwrap();
    assert_eq!(verdict(&pinned(&partner), &below, NOW), "not pinned");
    // It cannot be made an anchor either, and as an intermediate it leads nowhere.
    assert!(TrustAnchors::new(vec![partner.clone()]).is_err());
    let anchors = Authority::root("root", |_| {}).anchors();
    let path = PathRules::new(Usage::ClientAuth, NOW).verify(&below, &[partner], &anchors);
    assert_eq!(path, Err(PathError::IssuerNotCa));
}

#[test]
fn dates_and_purposes_of_a_pinned_certificate_still_count() {
    let key = KeyPair::generate().unwrap();
    let partner = signed(&key, |_| {});
    let set = pinned(&partner);
    for at in [partner.not_before(), NOW, partner.not_after()] {
        assert_eq!(verdict(&set, &partner, at), "accepted");
    }
    let before = UnixTime(partner.not_before().0 - 1);
    assert_eq!(verdict(&set, &partner, before), "certificate_not_yet_valid");
    let after = UnixTime(partner.not_after().0 + 1);
    assert_eq!(verdict(&set, &partner, after), "certificate_expired");
    let server = set.verify(&partner, Usage::ServerAuth, NOW).unwrap();
    assert_eq!(server.unwrap_err().code(), "wrong_usage");
    let any_use = signed(&key, |p| p.extended_key_usages.clear());
    assert_eq!(verdict(&pinned(&any_use), &any_use, NOW), "accepted");
}

#[test]
fn what_cannot_stand_for_itself_is_refused_when_it_is_loaded() {
    let refusal = |certificate| PinnedCertificates::new(vec![certificate]).unwrap_err();
    let root = Authority::root("root", |_| {}).certificate;
    let subject = "CN=root".to_owned();
    assert_eq!(refusal(root), PinnedCertificateError::Ca { subject });

    let odd = signed(&KeyPair::generate().unwrap(), |p| {
        let mut extension = CustomExtension::from_oid_content(&[1, 2, 3, 4], vec![5, 0]);
        extension.set_criticality(true);
        p.custom_extensions.push(extension);
    });
    assert!(matches!(
        refusal(odd),
        PinnedCertificateError::UnknownCriticalExtension { oid, .. } if oid == "1.2.3.4"
    ));

    let one = signed(&KeyPair::generate().unwrap(), |_| {});
    let many = |count| PinnedCertificates::new(vec![one.clone(); count]);
    let most = many(MAX_PINNED_CERTIFICATES).unwrap();
    assert_eq!(most.certificates().len(), 1);
    assert!(matches!(
        many(MAX_PINNED_CERTIFICATES + 1),
        Err(PinnedCertificateError::TooMany {
            count: 1001,
            limit: 1000
        })
    ));
    let none = PinnedCertificates::new(Vec::new()).unwrap();
    assert!(none.is_empty() && !none.contains(&one));
}

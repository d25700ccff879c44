//! Who a peer is: subject alternative names by type, against patterns and server names.

use crate::authority::{Authority, NOW, code};
use crate::der::{OID, SEQUENCE, tlv};
use crate::named::{DNS, EMAIL, IP, OTHER, ROOT, URI, allowed, passes, peer, refused};
use rcgen::{
    BasicConstraints, CertificateParams, CustomExtension, DnType, GeneralSubtree, IsCa,
    KeyUsagePurpose, NameConstraints, SanType,
};
use sallyport_pki::{
    AllowedNames, AllowedNamesError, MAX_NAME_PATTERNS, NamePattern, NameRefusal, PathRules,
    ServerNameError, SpiffeId, SpiffeIdError, TrustAnchors, Usage, verify_server_name,
};

#[test]
fn server_names_match_by_type_and_by_whole_labels() {
    assert_names(|_| {});
}

#[test]
fn server_names_match_alike_in_a_certificate_with_critical_policies() {
    assert_names(|params| {
        // The one policy 1.2.3.
        let policies = vec![0x30, 6, 0x30, 4, 6, 2, 0x2a, 3];
        let mut policies = CustomExtension::from_oid_content(&[2, 5, 29, 32], policies);
        policies.set_criticality(true);
        params.custom_extensions.push(policies);
    });
}

fn assert_names(change: impl FnOnce(&mut CertificateParams)) {
    let root = Authority::root("root", |_| {});
    let peer = root.issue(|p| {
        change(p);
        p.subject_alt_names = vec![
            SanType::DnsName("exact.test".try_into().unwrap()),
            SanType::DnsName("*.wild.test".try_into().unwrap()),
            SanType::IpAddress([192, 0, 2, 7].into()),
            SanType::URI("https://uri.test/".try_into().unwrap()),
            SanType::Rfc822Name("someone@mail.test".try_into().unwrap()),
        ];
        p.distinguished_name.push(DnType::CommonName, "common.test");
    });
    for name in ["exact.test", "EXACT.test", "a.wild.test", "192.0.2.7"] {
        assert_eq!(verify_server_name(&peer, name), Ok(()), "{name}");
    }
    for name in [
        "common.test",
        "uri.test",
        "mail.test",
        "wild.test",
        "a.b.wild.test",
        "exact.test.evil.test",
        "192.0.2.8",
        "c000:207::",
    ] {
        let error = verify_server_name(&peer, name).unwrap_err();
        assert!(
            matches!(error, ServerNameError::Mismatch { .. }),
            "{name}: {error}"
        );
    }
    for name in ["", "exact.test\0", "exact test", "*.wild.test", "a..test"] {
        let error = verify_server_name(&peer, name).unwrap_err();
        assert_eq!(error.code(), "invalid_server_name", "{name:?}");
    }
}

#[test]
fn each_type_of_name_is_matched_by_its_own_pattern_only() {
    let names: [(&str, u8, &[u8]); 5] = [
        ("dns:a.partner.test", DNS, b"a.partner.test"),
        ("uri:https://partner.test/a", URI, b"https://partner.test/a"),
        ("spiffe://partner.test/a", URI, b"spiffe://partner.test/a"),
        ("email:a@partner.test", EMAIL, b"a@partner.test"),
        ("ip:192.0.2.7", IP, &[192, 0, 2, 7]),
    ];
    for (row, (pattern, ..)) in names.iter().enumerate() {
        for (column, (_, tag, name)) in names.iter().enumerate() {
            let found = passes(pattern, &[(*tag, name)]);
            assert_eq!(found, row == column, "{pattern}: {tag:#x} {name:?}");
        }
    }
    let fits = allowed(&["ip:192.0.2.7", "dns:a.partner.test"]);
    let name = fits.check(&peer(&[(URI, b"x:y"), (DNS, b"A.partner.test")]));
    assert_eq!(name.unwrap().to_string(), "DNS:a.partner.test");
}

#[test]
fn a_name_of_another_type_with_the_wanted_text_is_another_name() {
    // CVE-2022-21656 in Envoy: rfc822Name taken for dNSName.
    let other_name = [tlv(OID, &[0x2a, 3]), tlv(0xa0, &tlv(0x0c, b"x.test"))].concat();
    let types: [(u8, &[u8]); 5] = [
        (URI, b"x.test"),
        (EMAIL, b"x.test"),
        (OTHER, &other_name),
        (IP, b"x.te"),
        (0xa4, &tlv(SEQUENCE, &[])),
    ];
    for (tag, name) in types {
        let peer = peer(&[(tag, name)]);
        assert!(allowed(&["dns:x.test"]).check(&peer).is_err(), "{tag:#x}");
        assert!(verify_server_name(&peer, "x.test").is_err(), "{tag:#x}");
    }
    // IPv4 and the IPv6 address that it is written in are two addresses; so is its text.
    let mapped = [[0; 10].as_slice(), &[0xff, 0xff, 192, 0, 2, 7]].concat();
    assert!(!passes("ip:192.0.2.7", &[(IP, &mapped)]));
    assert!(passes("ip:::ffff:192.0.2.7", &[(IP, &mapped)]));
    assert!(!passes("ip:192.0.2.7", &[(DNS, b"192.0.2.7")]));
}

#[test]
fn the_common_name_is_nobody_also_around_name_constraints() {
    let constrained = Authority::root("constrained", |params| {
        params.name_constraints = Some(NameConstraints {
            permitted_subtrees: vec![GeneralSubtree::DnsName("inside.test".to_owned())],
            excluded_subtrees: Vec::new(),
        });
    });
    let outside = |params: &mut CertificateParams| {
        params
            .distinguished_name
            .push(DnType::CommonName, "outside.test");
        params.subject_alt_names = vec![SanType::DnsName("inside.test".try_into().unwrap())];
    };
    let client = constrained.issue(outside);
    assert_eq!(code(&client, &[], &constrained), "accepted");
    assert!(allowed(&["dns:outside.test"]).check(&client).is_err());
    assert!(verify_server_name(&client, "outside.test").is_err());
    assert!(allowed(&["dns:inside.test"]).check(&client).is_ok());
    let nameless = constrained.issue(|params| {
        outside(params);
        params.subject_alt_names.clear();
    });
    let refusal = allowed(&["dns:outside.test"]).check(&nameless);
    let presented = Vec::new();
    assert_eq!(refusal, Err(NameRefusal::Mismatch { presented }));
}

#[test]
fn a_wildcard_pattern_stands_for_exactly_one_whole_first_label() {
    for (name, expected) in [
        ("a.partner.test", true),
        ("A.PARTNER.TEST", true),
        ("xn--bcher-kva.partner.test", true),
        ("partner.test", false),
        ("a.b.partner.test", false),
        ("apartner.test", false),
        ("a.partner.test.evil", false),
        ("a.partnerxtest", false),
        (".partner.test", false),
        ("*.partner.test", false),
        ("a*.partner.test", false),
        ("a.partner.test.", false),
        ("a_b.partner.test", false),
        ("a b.partner.test", false),
    ] {
        let found = passes("dns:*.partner.test", &[(DNS, name.as_bytes())]);
        assert_eq!(found, expected, "{name}");
    }
    for pattern in [
        "dns:*",
        "dns:*.",
        "dns:*.test",
        "dns:*.*.test",
        "dns:a*.partner.test",
        "dns:*a.partner.test",
        "dns:a.*.test",
        "dns:**.partner.test",
        "dns:*.partner.test.",
        "dns:*..test",
    ] {
        assert!(refused(pattern), "{pattern}");
    }
}

#[test]
fn workloads_are_matched_by_id_path_or_trust_domain() {
    for (pattern, id, expected) in [
        ("spiffe://td/ns/a", "spiffe://td/ns/a", true),
        ("spiffe://td/ns/a", "spiffe://td/ns/a/b", false),
        ("spiffe://td/ns/a", "spiffe://td/ns/ab", false),
        ("spiffe://td/ns/*", "spiffe://td/ns/a", true),
        ("spiffe://td/ns/*", "spiffe://td/ns/a/b", true),
        ("spiffe://td/ns/*", "spiffe://td/ns", false),
        ("spiffe://td/ns/*", "spiffe://td/nsx/a", false),
        ("spiffe://td/*", "spiffe://td/ns/a", true),
        ("spiffe://td/*", "spiffe://td.evil/ns/a", false),
        ("spiffe://td/*", "spiffe://other/td/a", false),
        ("spiffe://td/*", "spiffe://td", false),
        ("spiffe://td/*", "spiffe://td/", false),
        ("spiffe://td/ns/*", "spiffe://td/ns/../admin", false),
        ("spiffe://td/ns/*", "spiffe://td/ns//a", false),
        ("spiffe://td/ns/*", "spiffe://td/ns/", false),
        ("spiffe://td/ns/*", "spiffe://td/ns/%61", false),
        ("spiffe://td/*", "spiffe://td/a?b", false),
        ("spiffe://td/*", "spiffe://td/a#b", false),
        ("spiffe://td/*", "spiffe://td:443/a", false),
        ("spiffe://td/*", "spiffe://user@td/a", false),
    ] {
        let found = passes(pattern, &[(URI, id.as_bytes())]);
        assert_eq!(found, expected, "{pattern}: {id}");
    }
    for pattern in [
        "spiffe://*",
        "spiffe://*/a",
        "spiffe://td*",
        "spiffe://td/ns*",
        "spiffe://td/ns/**",
        "spiffe://td/ns/*/a",
        "spiffe://td/ns//*",
        "spiffe://td/../*",
        "spiffe://td",
        "spiffe://td/",
        "spiffe:///a",
        "spiffe://Td/a",
    ] {
        assert!(refused(pattern), "{pattern}");
    }
}

#[test]
fn a_workload_has_exactly_one_uri_and_is_no_ca() {
    let id: &[u8] = b"spiffe://td/ns/a";
    let refusal = |names: &[(u8, &[u8])]| allowed(&["spiffe://td/*"]).check(&peer(names)).err();
    assert_eq!(
        refusal(&[(URI, id), (DNS, b"a.test"), (EMAIL, b"a@a.test")]),
        None
    );
    for second in [b"spiffe://td/ns/b".as_slice(), b"https://a.test/", id] {
        for names in [[(URI, id), (URI, second)], [(URI, second), (URI, id)]] {
            let error = SpiffeIdError::UriNames { count: 2 };
            assert_eq!(refusal(&names), Some(NameRefusal::Spiffe(error)));
        }
    }
    let uri = SanType::URI("spiffe://td/ns/a".try_into().unwrap());
    let changes: [fn(&mut CertificateParams); 3] = [
        |params| params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained),
        |params| params.key_usages.push(KeyUsagePurpose::KeyCertSign),
        |params| params.key_usages.push(KeyUsagePurpose::CrlSign),
    ];
    for change in changes {
        let issuer = ROOT.with(|root| {
            root.issue(|params| {
                params.subject_alt_names = vec![uri.clone()];
                change(params);
            })
        });
        assert_eq!(SpiffeId::of(&issuer), Err(SpiffeIdError::Ca));
        assert!(allowed(&["spiffe://td/*"]).check(&issuer).is_err());
    }
    // As a peer, a CA does not get that far.
    let ca = ROOT.with(|root| root.delegate("ca", |p| p.subject_alt_names = vec![uri.clone()]));
    let anchors: TrustAnchors = ROOT.with(Authority::anchors);
    assert!(
        PathRules::new(Usage::ClientAuth, NOW)
            .verify(&ca.certificate, &[], &anchors)
            .is_err()
    );
}

#[test]
fn a_refusal_repeats_a_few_of_the_names() {
    let many: Vec<String> = (0..100).map(|index| format!("n{index}.test")).collect();
    let names: Vec<(u8, &[u8])> = many.iter().map(|name| (DNS, name.as_bytes())).collect();
    let refusal = allowed(&["dns:x.test"]).check(&peer(&names)).unwrap_err();
    let NameRefusal::Mismatch { presented } = refusal else {
        unreachable!("{refusal}");
    };
    assert_eq!((presented.len(), presented[0].as_str()), (8, "DNS:n0.test"));
}

#[test]
fn a_list_of_names_is_neither_empty_nor_endless() {
    let list = |count| {
        let pattern: NamePattern = "dns:a.test".parse().unwrap();
        AllowedNames::new(vec![pattern; count]).map(|names| names.patterns().len())
    };
    assert_eq!(list(0), Err(AllowedNamesError::Empty));
    assert_eq!(list(MAX_NAME_PATTERNS), Ok(64));
    let (count, limit) = (65, 64);
    assert_eq!(
        list(count),
        Err(AllowedNamesError::TooMany { count, limit })
    );
}

//! Rules about single certificates: what makes a peer, an intermediate or an anchor unacceptable
//! although every signature is good.

use crate::authority::{Authority, NOW, code};
use rcgen::{
    BasicConstraints, CertificateParams, CustomExtension, DistinguishedName, DnType,
    ExtendedKeyUsagePurpose, GeneralSubtree, IsCa, KeyUsagePurpose, NameConstraints, SanType,
    SerialNumber, date_time_ymd,
};
use sallyport_pki::{
    Certificate, KeyIdentifiers, PathRules, Profile, TrustAnchorError, TrustAnchors, Usage,
};

const SUBJECT_ALT_NAME: &[u64] = &[2, 5, 29, 17];
const SUBJECT_KEY_IDENTIFIER: &[u64] = &[2, 5, 29, 14];
const AUTHORITY_KEY_IDENTIFIER: &[u64] = &[2, 5, 29, 35];
const EXTENDED_KEY_USAGE: &[u64] = &[2, 5, 29, 37];
const NAME_CONSTRAINTS: &[u64] = &[2, 5, 29, 30];
const POLICY_CONSTRAINTS: &[u64] = &[2, 5, 29, 36];
const BASIC_CONSTRAINTS: &[u64] = &[2, 5, 29, 19];
const AUTHORITY_INFO_ACCESS: &[u64] = &[1, 3, 6, 1, 5, 5, 7, 1, 1];
const UNKNOWN: &[u64] = &[1, 2, 3, 4];

const CLIENT_AUTH: &[u8] = b"\x30\x0a\x06\x08\x2b\x06\x01\x05\x05\x07\x03\x02";

type Change = fn(&mut CertificateParams);

#[test]
fn a_peer_that_breaks_a_rule_is_refused_with_the_name_of_the_rule() {
    let rules: [(&str, Change); 15] = [
        ("serial_number", |p| p.serial_number = Some(serial(&[0]))),
        ("serial_number", |p| {
            p.serial_number = Some(serial(&[0x7f; 21]));
        }),
        ("peer_may_sign_certificates", |p| {
            p.key_usages.push(KeyUsagePurpose::KeyCertSign);
        }),
        ("unsupported_critical_extension", |p| {
            p.custom_extensions = vec![extension(SUBJECT_KEY_IDENTIFIER, true, &[4, 1, 7])];
        }),
        ("unsupported_critical_extension", |p| {
            // One OCSP responder at the URI "a".
            let access = b"\x30\x0f\x30\x0d\x06\x08\x2b\x06\x01\x05\x05\x07\x30\x01\x86\x01a";
            p.custom_extensions = vec![extension(AUTHORITY_INFO_ACCESS, true, access)];
        }),
        ("name_constraints_on_peer", |p| {
            let constraints = b"\x30\x07\xa0\x05\x30\x03\x82\x01a";
            p.custom_extensions = vec![extension(NAME_CONSTRAINTS, true, constraints)];
        }),
        ("policy_constraints_not_critical", |p| {
            let constraints = &[0x30, 3, 0x80, 1, 0];
            p.custom_extensions = vec![extension(POLICY_CONSTRAINTS, false, constraints)];
        }),
        ("subject_alt_name_not_critical", |p| {
            p.distinguished_name = DistinguishedName::new();
            p.subject_alt_names.clear();
            p.custom_extensions = vec![extension(SUBJECT_ALT_NAME, false, b"\x30\x03\x82\x01a")];
        }),
        ("subject_alt_name_critical", |p| {
            p.subject_alt_names.clear();
            p.custom_extensions = vec![extension(SUBJECT_ALT_NAME, true, b"\x30\x03\x82\x01a")];
        }),
        ("dns_name_syntax", |p| {
            p.subject_alt_names = vec![SanType::DnsName("a_b.test".try_into().unwrap())];
        }),
        ("any_extended_key_usage", |p| {
            p.extended_key_usages.push(ExtendedKeyUsagePurpose::Any);
        }),
        ("critical_extended_key_usage", |p| {
            p.extended_key_usages.clear();
            p.custom_extensions = vec![extension(EXTENDED_KEY_USAGE, true, CLIENT_AUTH)];
        }),
        ("unsupported_critical_extension", |p| {
            p.custom_extensions = vec![extension(UNKNOWN, true, &[5, 0])];
        }),
        ("wrong_usage", |p| {
            p.extended_key_usages = vec![ExtendedKeyUsagePurpose::EmailProtection];
        }),
        ("ca_as_peer", |p| {
            p.is_ca = IsCa::Ca(BasicConstraints::Unconstrained)
        }),
    ];
    let root = Authority::root("root", |_| {});
    assert_eq!(code(&root.issue(|_| {}), &[], &root), "accepted");
    for (rule, change) in rules {
        assert_eq!(code(&root.issue(change), &[], &root), rule);
    }
}

#[test]
fn an_intermediate_that_breaks_a_rule_is_refused_with_the_name_of_the_rule() {
    let rules: [(&str, Change); 10] = [
        ("accepted", |_| {}),
        ("serial_number", |p| p.serial_number = Some(serial(&[0]))),
        ("ca_may_not_sign_certificates", |p| {
            p.key_usages = vec![KeyUsagePurpose::CrlSign];
        }),
        ("name_constraints_not_critical", |p| {
            let constraints = b"\x30\x0a\xa0\x08\x30\x06\x82\x04test";
            p.custom_extensions = vec![extension(NAME_CONSTRAINTS, false, constraints)];
        }),
        ("name_constraint_leading_dot", |p| {
            permit(p, ".test");
        }),
        ("accepted", |p| permit(p, "test")),
        ("name_constraint", |p| permit(p, "elsewhere.test")),
        ("issuer_not_ca", |p| {
            p.is_ca = IsCa::ExplicitNoCa;
            p.key_usages.clear();
        }),
        ("wrong_usage", |p| {
            p.extended_key_usages = vec![ExtendedKeyUsagePurpose::EmailProtection];
        }),
        ("certificate_expired", |p| {
            p.not_after = date_time_ymd(2026, 5, 1);
        }),
    ];
    let root = Authority::root("root", |_| {});
    for (rule, change) in rules {
        let issuing = root.delegate("issuing", change);
        let peer = issuing.issue(|_| {});
        assert_eq!(code(&peer, &[&issuing], &root), rule);
    }
}

#[test]
fn anchors_are_checked_when_they_are_loaded() {
    let refusals: [(&str, Change); 6] = [
        ("NotACa", |p| p.is_ca = IsCa::NoCa),
        ("NotACa", |p| p.is_ca = IsCa::ExplicitNoCa),
        ("CaMayNotSignCertificates", |p| {
            p.key_usages = vec![KeyUsagePurpose::CrlSign];
        }),
        ("CaWithoutSubject", |p| {
            p.distinguished_name = DistinguishedName::new();
        }),
        ("UnknownCriticalExtension", |p| {
            p.custom_extensions = vec![extension(UNKNOWN, true, &[5, 0])];
        }),
        ("UnknownCriticalExtension", |p| {
            let constraints = &[0x30, 3, 0x80, 1, 0];
            p.custom_extensions = vec![extension(POLICY_CONSTRAINTS, true, constraints)];
        }),
    ];
    for (refusal, change) in refusals {
        let certificate = Authority::root("root", change).certificate;
        let error = TrustAnchors::new(vec![certificate]).unwrap_err();
        assert!(
            format!("{error:?}").contains(refusal),
            "{refusal}: {error:?}"
        );
    }
    assert_eq!(
        TrustAnchors::new(Vec::new()).unwrap_err(),
        TrustAnchorError::Empty
    );
    let root = Authority::root("root", |p| p.serial_number = Some(serial(&[0])));
    let twice = vec![root.certificate.clone(), root.certificate];
    assert_eq!(TrustAnchors::new(twice).unwrap().certificates().len(), 1);
}

#[test]
fn what_a_profile_demands_of_an_anchor_is_checked_where_a_path_ends_at_it() {
    let own_key = |content: &'static [u8], critical| {
        move |p: &mut CertificateParams| {
            p.use_authority_key_identifier_extension = false;
            p.custom_extensions = vec![extension(AUTHORITY_KEY_IDENTIFIER, critical, content)];
        }
    };
    let other_key: &[u8] = &[0x30, 3, 0x80, 1, 7];
    let serial_only: &[u8] = &[0x30, 3, 0x82, 1, 7];
    let critical = Authority::root("root", own_key(other_key, true));
    let stranger = Authority::root("root", own_key(other_key, false));
    let serial = Authority::root("root", own_key(serial_only, false));
    let purposes = Authority::root("root", |p| {
        p.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    });
    let optional = Authority::root("root", |p| {
        p.is_ca = IsCa::NoCa;
        let ca = &[0x30, 3, 1, 1, 0xff];
        let own_key = &[4, 1, 7];
        p.custom_extensions = vec![
            extension(BASIC_CONSTRAINTS, false, ca),
            extension(SUBJECT_KEY_IDENTIFIER, false, own_key),
        ];
        p.use_authority_key_identifier_extension = false;
    });
    for (rule, rfc5280, root) in [
        ("basic_constraints_not_critical", false, &optional),
        ("critical_key_identifier", false, &critical),
        ("root_authority_key_identifier", true, &stranger),
        ("root_authority_key_identifier", true, &serial),
        ("root_extended_key_usage", true, &purposes),
    ] {
        let peer = root.issue(|_| {});
        assert_eq!(code(&peer, &[], root), rule);
        let accepted = code_by(Profile::RFC5280, &peer, root) == "accepted";
        assert_eq!(accepted, rfc5280, "{rule}");
    }
}

#[test]
fn each_profile_demands_more_than_the_one_before() {
    let root = Authority::root("root", |_| {});
    let changes: [(Change, [&str; 3]); 7] = [
        (|_| {}, ["accepted", "accepted", "common_name_not_in_names"]),
        (named, ["accepted"; 3]),
        (
            |p| p.use_authority_key_identifier_extension = false,
            ["no_authority_key_identifier"; 3],
        ),
        (
            |p| p.extended_key_usages.push(ExtendedKeyUsagePurpose::Any),
            [
                "accepted",
                "any_extended_key_usage",
                "any_extended_key_usage",
            ],
        ),
        (
            |p| {
                p.extended_key_usages.clear();
                p.custom_extensions = vec![extension(EXTENDED_KEY_USAGE, true, CLIENT_AUTH)];
            },
            [
                "accepted",
                "critical_extended_key_usage",
                "critical_extended_key_usage",
            ],
        ),
        (
            |p| {
                p.subject_alt_names.clear();
                p.custom_extensions = vec![extension(SUBJECT_ALT_NAME, true, b"\x30\x03\x82\x01a")];
            },
            [
                "accepted",
                "subject_alt_name_critical",
                "subject_alt_name_critical",
            ],
        ),
        (
            |p| p.extended_key_usages.clear(),
            ["accepted", "accepted", "no_extended_key_usage"],
        ),
    ];
    for (change, expected) in changes {
        let strict = expected[2] != "common_name_not_in_names";
        let peer = root.issue(|p| {
            if strict {
                named(p);
            }
            change(p);
        });
        let profiles = [Profile::RFC5280, Profile::BALANCED, Profile::STRICT];
        assert_eq!(
            profiles.map(|profile| code_by(profile, &peer, &root)),
            expected
        );
    }
}

#[test]
fn key_identifiers_may_be_made_optional() {
    let without = Profile {
        key_identifiers: KeyIdentifiers::Optional,
        ..Profile::BALANCED
    };
    let root = Authority::root("root", |_| {});
    let peer = root.issue(|p| p.use_authority_key_identifier_extension = false);
    assert_eq!(code_by(without, &peer, &root), "accepted");
}

/// The common name is among the names.
fn named(params: &mut CertificateParams) {
    let mut name = DistinguishedName::new();
    name.push(DnType::CommonName, "partner.test");
    params.distinguished_name = name;
}

fn code_by(profile: Profile, peer: &Certificate, root: &Authority) -> &'static str {
    let rules = PathRules {
        profile,
        ..PathRules::new(Usage::ClientAuth, NOW)
    };
    match rules.verify(peer, &[], &root.anchors()) {
        Ok(_) => "accepted",
        Err(error) => error.code(),
    }
}

fn serial(octets: &[u8]) -> SerialNumber {
    SerialNumber::from_slice(octets)
}

fn permit(params: &mut CertificateParams, name: &str) {
    params.name_constraints = Some(NameConstraints {
        permitted_subtrees: vec![GeneralSubtree::DnsName(name.to_owned())],
        excluded_subtrees: Vec::new(),
    });
}

fn extension(oid: &[u64], critical: bool, content: &[u8]) -> CustomExtension {
    let mut extension = CustomExtension::from_oid_content(oid, content.to_vec());
    extension.set_criticality(critical);
    extension
}

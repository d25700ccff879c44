//! Path building beyond what webpki builds, and further checks of a path.

use std::cell::Cell;

use crate::authority::{Authority, NOW, code};
use crate::constraints::{below, email, mail, permit};
use proptest::prelude::*;
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose,
    GeneralSubtree, IsCa, KeyPair, NameConstraints, SanType, date_time_ymd,
};
use sallyport_pki::{Certificate, PathError, PathRules, TrustAnchors, Usage};

#[test]
fn a_self_issued_ca_is_neither_constrained_nor_counted() {
    let root = Authority::root("root", |p| {
        p.is_ca = IsCa::Ca(BasicConstraints::Constrained(1));
        p.name_constraints = Some(NameConstraints {
            permitted_subtrees: vec![GeneralSubtree::DnsName("partner.test".to_owned())],
            excluded_subtrees: Vec::new(),
        });
    });
    let renewed = root.delegate("root", |p| {
        p.is_ca = IsCa::Ca(BasicConstraints::Constrained(1));
        p.subject_alt_names = vec![SanType::DnsName("elsewhere.test".try_into().unwrap())];
    });
    let issuing = renewed.delegate("issuing", |p| {
        p.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    });
    let peer = issuing.issue(|_| {});
    assert_eq!(code(&peer, &[&renewed, &issuing], &root), "accepted");

    // One that counts is one too many.
    let below = issuing.delegate("below", |_| {});
    let peer = below.issue(|_| {});
    let presented = [&renewed, &issuing, &below];
    assert_eq!(code(&peer, &presented, &root), "path_length");

    // The peer is constrained even with its issuer's name.
    let peer = root.issue(|p| {
        p.distinguished_name = DistinguishedName::new();
        p.distinguished_name.push(DnType::CommonName, "root");
        p.subject_alt_names = vec![SanType::DnsName("elsewhere.test".try_into().unwrap())];
    });
    assert_eq!(code(&peer, &[], &root), "name_constraint");
}

#[test]
fn depth_counts_the_cas_between_without_self_issued_ones() {
    let root = Authority::root("root", |_| {});
    let first = root.delegate("issuing", |_| {});
    let renewed = first.delegate("issuing", |_| {});
    let second = renewed.delegate("second", |_| {});
    let presented = [&first, &renewed, &second].map(|ca| ca.certificate.clone());
    let peer = second.issue(|_| {});
    let verdict = |max_depth| {
        let rules = PathRules {
            max_depth,
            ..PathRules::new(Usage::ClientAuth, NOW)
        };
        rules
            .verify(&peer, &presented, &root.anchors())
            .map(|path| path.certificates().len())
    };
    assert_eq!(verdict(None), Ok(5));
    assert_eq!(verdict(Some(2)), Ok(5));
    assert_eq!(
        verdict(Some(1)),
        Err(PathError::TooDeep { depth: 2, limit: 1 })
    );
}

#[test]
fn what_is_found_beyond_webpki_keeps_all_of_its_rules() {
    type Change = fn(&mut CertificateParams);
    let good: Change = |_| {};
    let rules: [(&str, Change, Change); 8] = [
        ("accepted", good, good),
        (
            "certificate_expired",
            |p| p.not_after = date_time_ymd(2026, 5, 1),
            good,
        ),
        ("certificate_expired", good, |p| {
            p.not_after = date_time_ymd(2026, 5, 1)
        }),
        (
            "certificate_not_yet_valid",
            |p| p.not_before = date_time_ymd(2026, 7, 1),
            good,
        ),
        (
            "wrong_usage",
            |p| p.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth],
            good,
        ),
        ("wrong_usage", good, |p| {
            p.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth]
        }),
        ("ca_as_peer", good, |p| {
            p.is_ca = IsCa::Ca(BasicConstraints::Unconstrained)
        }),
        (
            "issuer_not_ca",
            |p| {
                p.is_ca = IsCa::ExplicitNoCa;
                p.key_usages.clear();
            },
            good,
        ),
    ];
    for (expected, change_ca, change_peer) in rules {
        let ca = |p: &mut CertificateParams| {
            permit(p, vec![mail("a.test")]);
            change_ca(p);
        };
        let peer = |p: &mut CertificateParams| {
            p.subject_alt_names = vec![email("x@a.test")];
            change_peer(p);
        };
        assert_eq!(below(ca, peer), expected);
    }
}

#[test]
fn a_signature_that_does_not_fit_is_never_walked_over() {
    let key = KeyPair::generate().unwrap();
    let root = Authority::root("root", |_| {});
    let constrained = |p: &mut CertificateParams| permit(p, vec![mail("a.test")]);
    let real = root.delegate("issuing", constrained);
    let impostor_root = Authority::with_key("root", &key, |_| {});
    let impostor = impostor_root.delegate("issuing", constrained);
    let peer = impostor.issue(|p| p.subject_alt_names = vec![email("x@a.test")]);
    for presented in [
        vec![&real],
        vec![&impostor],
        vec![&impostor, &real, &impostor_root],
    ] {
        assert_ne!(code(&peer, &presented, &root), "accepted");
    }
    assert_eq!(code(&peer, &[&impostor], &impostor_root), "accepted");
}

#[test]
fn a_further_check_sees_whole_paths_and_building_goes_on_after_a_refusal() {
    let key = KeyPair::generate().unwrap();
    let old = Authority::with_key("root", &key, |_| {});
    let new = Authority::with_key("root", &key, |_| {});
    for change in [(|_| {}) as fn(&mut CertificateParams), |p| {
        permit(p, vec![mail("a.test")])
    }] {
        let issuing = old.delegate("issuing", change);
        let peer = issuing.issue(|p| p.subject_alt_names = vec![email("x@a.test")]);
        let both = vec![old.certificate.clone(), new.certificate.clone()];
        let anchors = TrustAnchors::new(both).unwrap();
        let presented = [issuing.certificate.clone()];
        let seen = Cell::new(0);
        let refuse_old = |path: &[&Certificate]| {
            seen.set(seen.get() + 1);
            assert_eq!(path[..2], [&peer, &issuing.certificate]);
            match path[2] == &old.certificate {
                true => Err(PathError::Further {
                    subject: path[2].subject().to_owned(),
                    code: "revoked",
                    message: "revoked".to_owned(),
                }),
                false => Ok(()),
            }
        };
        let rules = PathRules {
            further: Some(&refuse_old),
            ..PathRules::new(Usage::ClientAuth, NOW)
        };
        let path = rules.verify(&peer, &presented, &anchors).unwrap();
        assert_eq!(path.certificates()[2], new.certificate);
        assert_eq!(path.sha256s()[2], new.certificate.sha256());
        assert!(seen.get() >= 2);
        let only_old = TrustAnchors::new(vec![old.certificate.clone()]).unwrap();
        let error = rules.verify(&peer, &presented, &only_old).unwrap_err();
        assert_eq!(error.code(), "revoked");
    }
}

#[test]
fn six_intermediates_are_a_path_and_seven_are_too_many() {
    let root = Authority::root("root", |_| {});
    let mut cas = vec![root.delegate("0", |_| {})];
    for number in 1..7 {
        let next = cas.last().unwrap().delegate(&number.to_string(), |_| {});
        cas.push(next);
    }
    // Presented in no useful order, each twice.
    let presented: Vec<_> = cas.iter().rev().take(6).chain(&cas[..4]).collect();
    let verdict = |ca: &Authority| code(&ca.issue(|_| {}), &presented, &root);
    assert_eq!(verdict(&cas[5]), "accepted");
    assert_eq!(verdict(&cas[6]), "too_complex");
}

#[test]
fn certificates_that_lead_nowhere_are_not_tried() {
    // Any order of the strangers is a chain of names, but no anchor is above them.
    let root = Authority::root("root", |_| {});
    let issuing = root.delegate("issuing", |_| {});
    let peer = issuing.issue(|_| {});
    let strangers: Vec<_> = (0..9).map(|_| Authority::root("issuing", |_| {})).collect();
    let presented: Vec<_> = strangers.iter().collect();
    assert_eq!(code(&peer, &presented, &root), "unknown_issuer");
    let presented = [&strangers[0], &strangers[1], &issuing];
    assert_eq!(code(&peer, &presented, &root), "accepted");
}

#[test]
fn many_cas_of_one_name_end_in_a_refusal_and_not_in_endless_work() {
    let root = Authority::root("root", |_| {});
    // Each signs the next, all have one name: every order of them is a chain of names.
    let mut cas = vec![root.delegate("maze", |p| permit(p, vec![mail("a.test")]))];
    for _ in 1..10 {
        let next = cas.last().unwrap().delegate("maze", |_| {});
        cas.push(next);
    }
    let peer = cas
        .last()
        .unwrap()
        .issue(|p| p.subject_alt_names = vec![email("x@a.test")]);
    let presented: Vec<_> = cas.iter().collect();
    let verdict = code(&peer, &presented, &root);
    assert!(verdict != "accepted", "{verdict}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn a_flipped_bit_in_a_constrained_ca_or_below_it_never_verifies(
        bit in 0_usize..8 * 1024,
        in_peer in any::<bool>(),
    ) {
        let (peer, issuing, anchors) = CHAIN.with(Clone::clone);
        let flip = |certificate: &Certificate| {
            let mut der = certificate.der().to_vec();
            let bit = bit % (der.len() * 8);
            if let Some(byte) = der.get_mut(bit / 8) {
                *byte ^= 1 << (bit % 8);
            }
            Certificate::from_der(&der)
        };
        let rules = PathRules::new(Usage::ClientAuth, NOW);
        prop_assert!(rules.verify(&peer, std::slice::from_ref(&issuing), &anchors).is_ok());
        let verdict = match in_peer {
            true => flip(&peer).map(|peer| rules.verify(&peer, &[issuing], &anchors).is_ok()),
            false => flip(&issuing).map(|ca| rules.verify(&peer, &[ca], &anchors).is_ok()),
        };
        prop_assert!(!verdict.unwrap_or(false), "bit {bit}");
    }
}

thread_local! {
    static CHAIN: (Certificate, Certificate, TrustAnchors) = {
        let root = Authority::root("root", |_| {});
        let issuing = root.delegate("issuing", |p| permit(p, vec![mail("a.test")]));
        let peer = issuing.issue(|p| p.subject_alt_names = vec![email("x@a.test")]);
        (peer, issuing.certificate, root.anchors())
    };
}

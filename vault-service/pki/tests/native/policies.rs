//! Certificate policies along a path (RFC 5280 section 6.1).

use std::time::{Duration, Instant};

use crate::authority::{Authority, NOW, code};
use crate::der::{OID, SEQUENCE, tlv};
use rcgen::{CertificateParams, CustomExtension};
use sallyport_pki::{
    AnyPolicy, Certificate, ExplicitPolicy, PathRules, PolicyId, PolicyMapping, PolicyRules,
    TrustAnchors, Usage,
};

const CERTIFICATE_POLICIES: &[u64] = &[2, 5, 29, 32];
const POLICY_MAPPINGS: &[u64] = &[2, 5, 29, 33];
const POLICY_CONSTRAINTS: &[u64] = &[2, 5, 29, 36];
const INHIBIT_ANY_POLICY: &[u64] = &[2, 5, 29, 54];

const ANY: &[u8] = &[0x55, 0x1d, 0x20, 0];

#[test]
fn a_path_has_to_have_an_acceptable_policy_where_one_is_required() {
    let root = Authority::root("root", |_| {});
    let issuing = root.delegate("issuing", |p| policies(p, &[&gold(), &silver()]));
    let golden = issuing.issue(|p| policies(p, &[&gold()]));
    let plain = issuing.issue(|_| {});
    let presented = [&issuing];
    for (peer, acceptable, explicit, expected) in [
        (&golden, vec!["1.2.1"], ExplicitPolicy::Required, "accepted"),
        (
            &golden,
            vec!["1.2.2", "1.2.1"],
            ExplicitPolicy::Required,
            "accepted",
        ),
        (&golden, vec![], ExplicitPolicy::Required, "accepted"),
        (
            &golden,
            vec!["1.2.2"],
            ExplicitPolicy::Required,
            "policy_not_acceptable",
        ),
        (&golden, vec!["1.2.2"], ExplicitPolicy::Optional, "accepted"),
        (
            &plain,
            vec!["1.2.1"],
            ExplicitPolicy::Required,
            "policy_not_acceptable",
        ),
        (
            &plain,
            vec![],
            ExplicitPolicy::Required,
            "policy_not_acceptable",
        ),
        (&plain, vec!["1.2.1"], ExplicitPolicy::Optional, "accepted"),
    ] {
        let acceptable = ids(&acceptable);
        let rules = PolicyRules {
            acceptable: &acceptable,
            explicit,
            ..PolicyRules::default()
        };
        assert_eq!(
            verdict(peer, &presented, &root, rules),
            expected,
            "{acceptable:?}"
        );
    }
}

#[test]
fn a_policy_counts_only_if_every_ca_below_the_anchor_has_it() {
    let root = Authority::root("root", |_| {});
    let silver_only = root.delegate("issuing", |p| policies(p, &[&silver()]));
    let without = root.delegate("issuing", |_| {});
    let any = root.delegate("issuing", |p| policies(p, &[ANY]));
    for (issuing, expected) in [
        (&silver_only, "policy_not_acceptable"),
        (&without, "policy_not_acceptable"),
        (&any, "accepted"),
    ] {
        let peer = issuing.issue(|p| policies(p, &[&gold()]));
        assert_eq!(
            verdict(&peer, &[issuing], &root, golden(&ids(&["1.2.1"]))),
            expected
        );
    }
}

#[test]
fn any_policy_stands_for_every_policy_until_it_is_inhibited() {
    let root = Authority::root("root", |_| {});
    let acceptable = ids(&["1.2.1"]);
    let any = root.delegate("issuing", |p| policies(p, &[ANY]));
    let peer = any.issue(|p| policies(p, &[ANY]));
    assert_eq!(
        verdict(&peer, &[&any], &root, golden(&acceptable)),
        "accepted"
    );
    let inhibited = PolicyRules {
        any: AnyPolicy::Inhibited,
        ..golden(&acceptable)
    };
    assert_eq!(
        verdict(&peer, &[&any], &root, inhibited),
        "policy_not_acceptable"
    );

    let inhibiting = root.delegate("issuing", |p| {
        policies(p, &[&gold(), ANY]);
        add(p, INHIBIT_ANY_POLICY, true, &tlv(0x02, &[0]));
    });
    let peer = inhibiting.issue(|p| policies(p, &[ANY]));
    let refused = verdict(&peer, &[&inhibiting], &root, golden(&acceptable));
    assert_eq!(refused, "policy_not_acceptable");
    let peer = inhibiting.issue(|p| policies(p, &[&gold()]));
    assert_eq!(
        verdict(&peer, &[&inhibiting], &root, golden(&acceptable)),
        "accepted"
    );
}

#[test]
fn a_policy_of_another_domain_counts_where_a_ca_maps_it() {
    let root = Authority::root("root", |_| {});
    let bridge = root.delegate("bridge", |p| {
        policies(p, &[&gold()]);
        mappings(p, &[(&gold(), &theirs())]);
    });
    let issuing = bridge.delegate("issuing", |p| policies(p, &[&theirs()]));
    let peer = issuing.issue(|p| policies(p, &[&theirs()]));
    let presented = [&bridge, &issuing];
    let acceptable = ids(&["1.2.1"]);
    assert_eq!(
        verdict(&peer, &presented, &root, golden(&acceptable)),
        "accepted"
    );
    // What counts is the name in the anchor's domain.
    let other = ids(&["1.3.9"]);
    let refused = verdict(&peer, &presented, &root, golden(&other));
    assert_eq!(refused, "policy_not_acceptable");
    let inhibited = PolicyRules {
        mapping: PolicyMapping::Inhibited,
        ..golden(&acceptable)
    };
    let refused = verdict(&peer, &presented, &root, inhibited);
    assert_eq!(refused, "policy_not_acceptable");

    let evidence = PolicyRules::default().check(&[
        &peer,
        &issuing.certificate,
        &bridge.certificate,
        &root.certificate,
    ]);
    assert_eq!(
        evidence.unwrap().into_iter().collect::<Vec<_>>(),
        acceptable
    );
}

#[test]
fn constraints_of_a_ca_bind_although_nothing_is_demanded() {
    let root = Authority::root("root", |_| {});
    // requireExplicitPolicy: 0
    let demanding = root.delegate("demanding", |p| {
        policies(p, &[&gold()]);
        constrain(p, 0x80, 0);
    });
    let plain = demanding.issue(|_| {});
    assert_eq!(code(&plain, &[&demanding], &root), "policy_not_acceptable");
    let golden = demanding.issue(|p| policies(p, &[&gold()]));
    assert_eq!(code(&golden, &[&demanding], &root), "accepted");

    // requireExplicitPolicy: 2, which is after the peer.
    let patient = root.delegate("patient", |p| constrain(p, 0x80, 2));
    assert_eq!(code(&patient.issue(|_| {}), &[&patient], &root), "accepted");

    // inhibitPolicyMapping: 0
    let strict = root.delegate("strict", |p| {
        policies(p, &[&gold()]);
        constrain(p, 0x81, 0);
    });
    let mapping = strict.delegate("mapping", |p| {
        policies(p, &[&gold()]);
        mappings(p, &[(&gold(), &theirs())]);
        constrain(p, 0x80, 0);
    });
    let peer = mapping.issue(|p| policies(p, &[&theirs()]));
    let refused = code(&peer, &[&strict, &mapping], &root);
    assert_eq!(refused, "policy_not_acceptable");
}

#[test]
fn a_ca_that_maps_any_policy_is_refused() {
    let root = Authority::root("root", |_| {});
    for pair in [(gold(), ANY.to_vec()), (ANY.to_vec(), gold())] {
        let issuing = root.delegate("issuing", |p| {
            policies(p, &[&gold()]);
            mappings(p, &[(&pair.0, &pair.1)]);
        });
        let peer = issuing.issue(|p| policies(p, &[&gold()]));
        assert_eq!(
            code(&peer, &[&issuing], &root),
            "policy_mapping_of_any_policy"
        );
    }
}

#[test]
fn critical_policies_are_processed_and_unknown_critical_extensions_still_refused() {
    let root = Authority::root("root", |_| {});
    let issuing = root.delegate("issuing", |p| {
        add(p, CERTIFICATE_POLICIES, true, &list(&[&gold()]));
    });
    let peer = issuing.issue(|p| add(p, CERTIFICATE_POLICIES, true, &list(&[&gold()])));
    assert_eq!(
        verdict(&peer, &[&issuing], &root, golden(&ids(&["1.2.1"]))),
        "accepted"
    );
    let refused = verdict(&peer, &[&issuing], &root, golden(&ids(&["1.2.2"])));
    assert_eq!(refused, "policy_not_acceptable");

    let unknown = |p: &mut CertificateParams| {
        add(p, CERTIFICATE_POLICIES, true, &list(&[&gold()]));
        add(p, &[1, 2, 3, 4], true, &[5, 0]);
    };
    let peer = issuing.issue(unknown);
    assert_eq!(
        code(&peer, &[&issuing], &root),
        "unsupported_critical_extension"
    );
    let other = root.delegate("other", unknown);
    assert_ne!(code(&other.issue(|_| {}), &[&other], &root), "accepted");
}

#[test]
fn an_anchor_whose_policies_would_not_be_processed_is_refused() {
    let anchor = Authority::root("root", |p| {
        add(p, CERTIFICATE_POLICIES, true, &list(&[&gold()]));
    });
    assert!(TrustAnchors::new(vec![anchor.certificate]).is_err());
}

/// In the tree of RFC 5280 every level has 30 times the nodes of the one before.
#[test]
fn policies_that_are_all_mapped_to_each_other_take_no_time() {
    let names: Vec<Vec<u8>> = (1..=30).map(|arc| vec![0x2a, arc]).collect();
    let all: Vec<&[u8]> = names.iter().map(Vec::as_slice).collect();
    let crossed: Vec<(&[u8], &[u8])> = all
        .iter()
        .flat_map(|from| all.iter().map(|to| (*from, *to)))
        .collect();
    let root = Authority::root("root", |_| {});
    let mut chain: Vec<Authority> = Vec::new();
    for level in 0..6 {
        let issuer = chain.last().unwrap_or(&root);
        chain.push(issuer.delegate(&format!("level {level}"), |p| {
            policies(p, &all);
            mappings(p, &crossed);
            constrain(p, 0x80, 0);
        }));
    }
    let peer = chain.last().unwrap().issue(|p| policies(p, &all));
    let presented: Vec<&Authority> = chain.iter().collect();
    let begun = Instant::now();
    let verdict = code(&peer, &presented, &root);
    assert!(
        begun.elapsed() < Duration::from_secs(2),
        "{:?}",
        begun.elapsed()
    );
    assert_eq!(verdict, "accepted");
}

/// The number of policies is bounded by work too, not by the size of certificates alone.
#[test]
fn more_policies_than_can_be_processed_are_too_complex() {
    let names: Vec<Vec<u8>> = (0_u16..2_000)
        .map(|arc| {
            vec![
                0x2a,
                0x81 + u8::try_from(arc >> 7).unwrap(),
                u8::try_from(arc & 0x7f).unwrap(),
            ]
        })
        .collect();
    let all: Vec<&[u8]> = names.iter().map(Vec::as_slice).collect();
    let to_first: Vec<(&[u8], &[u8])> = all.iter().map(|from| (*from, all[0])).collect();
    let from_first: Vec<(&[u8], &[u8])> = all.iter().map(|to| (all[0], *to)).collect();
    let root = Authority::root("root", |_| {});
    let mut chain: Vec<Authority> = Vec::new();
    for crossed in [&to_first, &from_first, &to_first, &from_first] {
        let issuer = chain.last().unwrap_or(&root);
        let level = chain.len().to_string();
        chain.push(issuer.delegate(&level, |p| {
            policies(p, &all);
            mappings(p, crossed);
        }));
    }
    let peer = chain.last().unwrap().issue(|p| policies(p, &all));
    let presented: Vec<&Authority> = chain.iter().collect();
    assert_eq!(code(&peer, &presented, &root), "too_complex");
}

fn verdict(
    peer: &Certificate,
    presented: &[&Authority],
    root: &Authority,
    policies: PolicyRules<'_>,
) -> &'static str {
    let presented: Vec<_> = presented.iter().map(|ca| ca.certificate.clone()).collect();
    let rules = PathRules {
        policies,
        ..PathRules::new(Usage::ClientAuth, NOW)
    };
    match rules.verify(peer, &presented, &root.anchors()) {
        Ok(_) => "accepted",
        Err(error) => error.code(),
    }
}

fn golden(acceptable: &[PolicyId]) -> PolicyRules<'_> {
    PolicyRules {
        acceptable,
        explicit: ExplicitPolicy::Required,
        ..PolicyRules::default()
    }
}

fn ids(dotted: &[&str]) -> Vec<PolicyId> {
    dotted.iter().map(|text| text.parse().unwrap()).collect()
}

/// 1.2.1
fn gold() -> Vec<u8> {
    vec![0x2a, 1]
}

/// 1.2.2
fn silver() -> Vec<u8> {
    vec![0x2a, 2]
}

/// 1.3.9
fn theirs() -> Vec<u8> {
    vec![0x2b, 9]
}

fn policies(params: &mut CertificateParams, oids: &[&[u8]]) {
    add(params, CERTIFICATE_POLICIES, false, &list(oids));
}

fn list(oids: &[&[u8]]) -> Vec<u8> {
    let each = oids.iter().map(|oid| tlv(SEQUENCE, &tlv(OID, oid)));
    tlv(SEQUENCE, &each.collect::<Vec<_>>().concat())
}

fn mappings(params: &mut CertificateParams, pairs: &[(&[u8], &[u8])]) {
    let each = pairs
        .iter()
        .map(|(from, to)| tlv(SEQUENCE, &[tlv(OID, from), tlv(OID, to)].concat()));
    let content = tlv(SEQUENCE, &each.collect::<Vec<_>>().concat());
    add(params, POLICY_MAPPINGS, true, &content);
}

fn constrain(params: &mut CertificateParams, tag: u8, skip: u8) {
    let content = tlv(SEQUENCE, &tlv(tag, &[skip]));
    add(params, POLICY_CONSTRAINTS, true, &content);
}

fn add(params: &mut CertificateParams, oid: &[u64], critical: bool, content: &[u8]) {
    let mut extension = CustomExtension::from_oid_content(oid, content.to_vec());
    extension.set_criticality(critical);
    params.custom_extensions.push(extension);
}

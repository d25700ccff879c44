//! Name constraints of every form of name.

use std::time::Duration;

use crate::authority::{Authority, NOW, code};
use crate::constraints::{below, email, mail, permit};
use proptest::prelude::*;
use rcgen::{
    CertificateParams, CidrSubnet, CustomExtension, DistinguishedName, DnType, DnValue,
    GeneralSubtree, NameConstraints, SanType,
};
use rustls_pki_types::CertificateDer;
use sallyport_pki::{Certificate, PathRules, SIGNATURE_ALGORITHMS, Usage};

const NAME_CONSTRAINTS: &[u64] = &[2, 5, 29, 30];

#[test]
fn e_mail_constraints_hold_for_alternative_names_and_for_the_subject() {
    let mailbox = || GeneralSubtree::Rfc822Name("alice@a.test".to_owned());
    let host = || GeneralSubtree::Rfc822Name("a.test".to_owned());
    let alice = |p: &mut CertificateParams| p.subject_alt_names = vec![email("alice@a.test")];
    let bob = |p: &mut CertificateParams| p.subject_alt_names = vec![email("bob@a.test")];
    let both = |p: &mut CertificateParams| {
        p.subject_alt_names = vec![email("alice@a.test"), email("alice@b.test")];
    };
    assert_eq!(permitted(host(), alice), "accepted");
    assert_eq!(permitted(mailbox(), alice), "accepted");
    assert_eq!(permitted(mailbox(), bob), "name_constraint");
    assert_eq!(permitted(host(), both), "name_constraint");
    assert_eq!(excluded(mailbox(), bob), "accepted");
    assert_eq!(excluded(mailbox(), alice), "name_constraint");
    let in_subject = |address: &'static str| {
        move |p: &mut CertificateParams| {
            let email_address = DnType::CustomDnType(vec![1, 2, 840, 113_549, 1, 9, 1]);
            p.distinguished_name.push(email_address, address);
        }
    };
    assert_eq!(permitted(host(), in_subject("alice@a.test")), "accepted");
    assert_eq!(
        permitted(host(), in_subject("alice@b.test")),
        "name_constraint"
    );
    assert_eq!(
        excluded(host(), in_subject("alice@a.test")),
        "name_constraint"
    );
}

#[test]
fn directory_name_constraints_hold_for_the_subject() {
    let within = |p: &mut CertificateParams| p.distinguished_name = name(&["EXAMPLE  org", "x"]);
    let printable = |p: &mut CertificateParams| {
        let mut name = DistinguishedName::new();
        let organization = DnValue::PrintableString("Example Org".try_into().unwrap());
        name.push(DnType::OrganizationName, organization);
        p.distinguished_name = name;
    };
    let outside = |p: &mut CertificateParams| p.distinguished_name = name(&["Other org", "x"]);
    let base = || GeneralSubtree::DirectoryName(name(&["Example org"]));
    for change in [within, printable] {
        assert_eq!(permitted(base(), change), "accepted");
        assert_eq!(excluded(base(), change), "name_constraint");
    }
    assert_eq!(permitted(base(), outside), "name_constraint");
    assert_eq!(excluded(base(), outside), "accepted");
    // Without a subject there is nothing to be constrained.
    let nameless = |p: &mut CertificateParams| {
        p.distinguished_name = DistinguishedName::new();
        p.subject_alt_names.clear();
        p.custom_extensions = vec![extension(&[2, 5, 29, 17], b"\x30\x03\x82\x01a")];
    };
    assert_eq!(permitted(base(), nameless), "accepted");
}

#[test]
fn uri_constraints_hold_for_the_host_of_a_uri() {
    let uri = |uri: &'static str| {
        move |p: &mut CertificateParams| {
            p.subject_alt_names = vec![SanType::URI(uri.try_into().unwrap())];
        }
    };
    // One permitted subtree: the host a.test.
    let constraints = b"\x30\x0c\xa0\x0a\x30\x08\x86\x06a.test";
    let verdict = |change: &dyn Fn(&mut CertificateParams)| {
        below(
            |p| p.custom_extensions = vec![extension(NAME_CONSTRAINTS, constraints)],
            change,
        )
    };
    assert_eq!(verdict(&uri("spiffe://a.test/workload")), "accepted");
    assert_eq!(verdict(&uri("spiffe://b.test/workload")), "name_constraint");
    assert_eq!(verdict(&uri("urn:a.test")), "name_constraint");
    // Other forms of name are not constrained by it.
    assert_eq!(verdict(&|_| {}), "accepted");
}

#[test]
fn dns_and_address_constraints_hold_beside_those_of_other_forms() {
    let constraints = || {
        vec![
            GeneralSubtree::Rfc822Name("a.test".to_owned()),
            GeneralSubtree::DnsName("a.test".to_owned()),
            GeneralSubtree::IpAddress(CidrSubnet::V4([192, 0, 2, 0], [255, 255, 255, 0])),
        ]
    };
    let verdict = |names: &[SanType]| {
        below(
            |p| permit(p, constraints()),
            |p| p.subject_alt_names = names.to_vec(),
        )
    };
    let dns = |name: &str| SanType::DnsName(name.try_into().unwrap());
    let address = |text: &str| SanType::IpAddress(text.parse().unwrap());
    let good = [email("x@a.test"), dns("x.a.test"), address("192.0.2.7")];
    assert_eq!(verdict(&good), "accepted");
    for bad in [
        dns("a.test.evil.test"),
        address("192.0.3.7"),
        address("::1"),
        email("x@b.test"),
    ] {
        let names: Vec<_> = good.iter().cloned().chain([bad]).collect();
        assert_eq!(verdict(&names), "name_constraint");
    }
}

#[test]
fn a_form_that_is_not_processed_is_refused_where_it_is_constrained() {
    // An excluded registeredID 1.2.3.
    let excluded = b"\x30\x08\xa1\x06\x30\x04\x88\x02\x2a\x03";
    let constrain = |p: &mut CertificateParams| {
        p.custom_extensions = vec![extension(NAME_CONSTRAINTS, excluded)];
    };
    assert_eq!(below(constrain, |_| {}), "accepted");
    let registered = |p: &mut CertificateParams| {
        p.subject_alt_names.clear();
        let names = b"\x30\x04\x88\x02\x2a\x04";
        p.custom_extensions = vec![extension(&[2, 5, 29, 17], names)];
        p.custom_extensions[0].set_criticality(false);
    };
    assert_eq!(below(constrain, registered), "name_constraint");
}

#[test]
fn every_ca_above_constrains_every_certificate_below() {
    let root = Authority::root("root", |p| permit(p, vec![mail("a.test"), mail("b.test")]));
    let first = root.delegate("first", |p| permit(p, vec![mail("b.test")]));
    let second = first.delegate("second", |p| {
        permit(p, vec![mail("a.test"), mail("b.test")])
    });
    for (address, verdict) in [
        ("x@b.test", "accepted"),
        ("x@a.test", "name_constraint"),
        ("x@c.test", "name_constraint"),
    ] {
        let peer = second.issue(|p| p.subject_alt_names = vec![email(address)]);
        assert_eq!(code(&peer, &[&first, &second], &root), verdict, "{address}");
    }
    // An intermediate's own names are below its issuer's constraints.
    let named = root.delegate("named", |p| p.subject_alt_names = vec![email("ca@c.test")]);
    let peer = named.issue(|p| p.subject_alt_names = vec![email("x@a.test")]);
    assert_eq!(code(&peer, &[&named], &root), "name_constraint");
}

/// The verdict on a peer below a CA that permits this subtree.
fn permitted(subtree: GeneralSubtree, peer: impl Fn(&mut CertificateParams)) -> &'static str {
    below(|p| permit(p, vec![subtree.clone()]), peer)
}

fn excluded(subtree: GeneralSubtree, peer: impl Fn(&mut CertificateParams)) -> &'static str {
    let constrain = |p: &mut CertificateParams| {
        p.name_constraints = Some(NameConstraints {
            permitted_subtrees: Vec::new(),
            excluded_subtrees: vec![subtree.clone()],
        });
    };
    below(constrain, peer)
}

/// Organizations and a common name.
fn name(parts: &[&str]) -> DistinguishedName {
    let mut name = DistinguishedName::new();
    let types = [DnType::OrganizationName, DnType::CommonName];
    for (kind, part) in types.into_iter().zip(parts) {
        name.push(kind, *part);
    }
    name
}

fn extension(oid: &[u64], content: &[u8]) -> CustomExtension {
    let mut extension = CustomExtension::from_oid_content(oid, content.to_vec());
    extension.set_criticality(true);
    extension
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn webpki_and_the_walk_agree_on_dns_names_and_addresses(
        permitted in prop::collection::vec(subtree(), 0..3),
        excluded in prop::collection::vec(subtree(), 0..3),
        names in prop::collection::vec(alt_name(), 1..4),
    ) {
        let root = Authority::root("root", |p| {
            let constraints = NameConstraints {
                permitted_subtrees: permitted.clone(),
                excluded_subtrees: excluded.clone(),
            };
            let any = !permitted.is_empty() || !excluded.is_empty();
            p.name_constraints = any.then_some(constraints);
        });
        let peer = root.issue(|p| p.subject_alt_names = names.clone());
        let rules = PathRules::new(Usage::ClientAuth, NOW);
        let ours = rules.verify(&peer, &[], &root.anchors()).is_ok();
        let theirs = webpki_accepts(&peer, &root.certificate);
        prop_assert_eq!(ours, theirs, "{:?} {:?} {:?}", permitted, excluded, names);
    }
}

fn webpki_accepts(peer: &Certificate, root: &Certificate) -> bool {
    let root = CertificateDer::from(root.der());
    let anchor = webpki::anchor_from_trusted_cert(&root).unwrap();
    let peer = CertificateDer::from(peer.der());
    let peer = webpki::EndEntityCert::try_from(&peer).unwrap();
    let seconds = Duration::from_secs(NOW.0.try_into().unwrap());
    let time = rustls_pki_types::UnixTime::since_unix_epoch(seconds);
    let usage = webpki::KeyUsage::client_auth();
    let anchors = [anchor];
    let path = peer.verify_for_usage(SIGNATURE_ALGORITHMS, &anchors, &[], time, usage, None, None);
    path.is_ok()
}

fn domain() -> impl Strategy<Value = String> {
    let label = prop::sample::select(vec!["a", "b", "ab", "A", "x-y"]);
    prop::collection::vec(label, 1..4).prop_map(|labels| labels.join("."))
}

fn subtree() -> impl Strategy<Value = GeneralSubtree> {
    let network = (0_u8..3, 0_u8..=32).prop_map(|(octet, prefix)| {
        GeneralSubtree::IpAddress(CidrSubnet::from_v4_prefix([192, 0, 2, octet], prefix))
    });
    let empty = Just(GeneralSubtree::DnsName(String::new()));
    prop_oneof![
        6 => domain().prop_map(GeneralSubtree::DnsName),
        2 => network,
        1 => empty,
    ]
}

fn alt_name() -> impl Strategy<Value = SanType> {
    let dns = |name: String| SanType::DnsName(name.try_into().unwrap());
    let address = |octet| SanType::IpAddress([192, 0, 2, octet].into());
    prop_oneof![
        4 => domain().prop_map(dns),
        2 => domain().prop_map(move |name| dns(format!("*.{name}"))),
        2 => (0_u8..3).prop_map(address),
    ]
}

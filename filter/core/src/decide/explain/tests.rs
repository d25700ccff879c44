use sallyport_model::{AcceptableTlsVersions, DenyOrAllow};
use sallyport_pki::{
    CheckedCertificates, CrlRules, ExpiredCrl, Pin, PinKind, PinSet, PinnedCertificates,
    RevocationPolicy, Revocations, SIGNATURE_ALGORITHMS, TrustAnchors, UnknownStatus,
};

use super::*;
use crate::decide::Checks;
use crate::facts::{DownstreamFacts, UpstreamFacts};
use crate::fixtures::{AT, Authority, Leaf};
use crate::material::{TlsContext, Verification};
use crate::reason::Reason;

fn context(ca: &Authority) -> TlsContext {
    TlsContext {
        versions: AcceptableTlsVersions {
            v1_1: false,
            v1_2: false,
            v1_3: true,
        },
        client_certificate: ClientCertificatePolicy::Require,
        server_certificate: ServerCertificatePolicy::Verify,
        truststore: Some(TrustAnchors::new(vec![ca.certificate()]).unwrap()),
        pinned: PinnedCertificates::default(),
        verification: Verification::default(),
    }
}

fn client(leaf: &Leaf, version: &str) -> Facts {
    Facts::Downstream(DownstreamFacts {
        mtls: Some(true),
        tls_version: Some(version.into()),
        peer_certificate: Some(leaf.pem().into()),
        forwarded_client_certificate: Some(leaf.forwarded(&[]).into()),
    })
}

fn policy(context: &TlsContext) -> Policy<'_> {
    Policy {
        context,
        pins: None,
        server_name: None,
        peer_names: None,
        observed: Checks::default(),
        algorithms: SIGNATURE_ALGORITHMS,
    }
}

fn outcomes(explanation: &Explanation) -> Vec<(&'static str, &'static str)> {
    let checks = explanation.checks.iter();
    checks
        .map(|one| (one.check.as_str(), one.outcome.as_str()))
        .filter(|(_, outcome)| *outcome != "not_asked")
        .collect()
}

fn evidence(explanation: &Explanation, check: Check) -> &str {
    let found = explanation.checks.iter().find(|one| one.check == check);
    found.unwrap().evidence.as_deref().unwrap()
}

#[test]
fn an_allowed_peer_has_evidence_for_every_check_that_is_asked() {
    let ca = Authority::new("root");
    let leaf = ca.client_named("partner", &["app.partner.test"]);
    let context = context(&ca);
    let pins = Pin::active(PinKind::Spki, ca.spki_sha256());
    let pins = PinSet::new(vec![pins]).unwrap();
    let names = ["dns:app.partner.test".parse().unwrap()];
    let names = sallyport_pki::AllowedNames::new(names.to_vec()).unwrap();
    let policy = Policy {
        pins: Some(&pins),
        peer_names: Some(&names),
        ..policy(&context)
    };
    let explained = explain(&policy, &client(&leaf, "TLSv1.3"), AT);
    let passed = ["tls_version", "certificate", "path", "pins", "peer_names"];
    assert_eq!(outcomes(&explained), passed.map(|check| (check, "passed")));
    assert_eq!(evidence(&explained, Check::TlsVersion), "TLSv1.3");
    assert_eq!(
        evidence(&explained, Check::Path),
        "`CN=partner` < `CN=root`"
    );
    assert_eq!(
        evidence(&explained, Check::PeerNames),
        "DNS:app.partner.test"
    );
    let digest = leaf.certificate().sha256().to_string();
    assert!(evidence(&explained, Check::Certificate).contains(&digest));
}

#[test]
fn the_check_that_failed_is_named_and_those_behind_it_were_not_reached() {
    let (ca, other) = (Authority::new("root"), Authority::new("other"));
    let context = context(&ca);
    let pins = PinSet::new(vec![Pin::active(PinKind::Spki, ca.spki_sha256())]).unwrap();
    let policy = Policy {
        pins: Some(&pins),
        ..policy(&context)
    };
    let stranger = explain(&policy, &client(&other.client("x"), "TLSv1.3"), AT);
    assert_eq!(
        outcomes(&stranger),
        [
            ("tls_version", "passed"),
            ("certificate", "passed"),
            ("path", "failed"),
            ("pins", "not_reached")
        ]
    );
    assert!(evidence(&stranger, Check::Path).starts_with("unknown_issuer: "));

    let old = explain(&policy, &client(&ca.client("x"), "TLSv1.2"), AT);
    assert_eq!(outcomes(&old)[0], ("tls_version", "failed"));
    assert_eq!(outcomes(&old)[1], ("certificate", "not_reached"));
}

#[test]
fn a_revoked_certificate_has_a_path_and_the_list_as_evidence() {
    let ca = Authority::new("root");
    let (good, bad) = (ca.client("good"), ca.client("bad"));
    let crl = ca.crl(&[bad.certificate()], (12, 31));
    let rules = CrlRules::new(AT);
    let (lists, refused) = Revocations::load([&*crl], &[ca.certificate()], &rules);
    assert!(refused.is_empty());
    let strict = RevocationPolicy {
        unknown: UnknownStatus::Deny,
        expired: ExpiredCrl::Deny,
        certificates: CheckedCertificates::AllBelowAnchor,
    };
    let mut context = context(&ca);
    context.verification.revocation = Some((strict, lists));
    let policy = policy(&context);

    let revoked = explain(&policy, &client(&bad, "TLSv1.3"), AT);
    let path = ("path", "passed");
    assert_eq!(outcomes(&revoked)[2..], [path, ("revocation", "failed")]);
    assert!(evidence(&revoked, Check::Revocation).starts_with("certificate_revoked: "));

    let fine = explain(&policy, &client(&good, "TLSv1.3"), AT);
    assert_eq!(outcomes(&fine)[2..], [path, ("revocation", "passed")]);
    assert!(evidence(&fine, Check::Revocation).starts_with("not on list 7, "));
}

#[test]
fn a_path_without_the_policy_that_is_wanted_is_a_path() {
    let ca = Authority::new("root");
    let mut context = context(&ca);
    context.verification.policies = Some(vec!["1.2.3".parse().unwrap()]);
    let facts = client(&ca.client("x"), "TLSv1.3");
    let explained = explain(&policy(&context), &facts, AT);
    let found = [("path", "passed"), ("policies", "failed")];
    assert_eq!(outcomes(&explained)[2..], found);
}

#[test]
fn explaining_and_deciding_come_to_the_same() {
    let (ca, other) = (Authority::new("root"), Authority::new("other"));
    let mut context = context(&ca);
    context.verification.tolerances.other_purpose = DenyOrAllow::Allow;
    let policy = policy(&context);
    for leaf in [
        ca.client("a"),
        ca.server("b"),
        other.client("c"),
        ca.as_leaf(),
    ] {
        let server = Facts::Upstream(UpstreamFacts {
            ready: true,
            tls_version: Some(b"TLSv1.3".to_vec()),
            peer_certificate: Some(leaf.pem().into()),
        });
        for facts in [client(&leaf, "TLSv1.3"), client(&leaf, "none"), server] {
            let verdict = super::super::decide(&policy, &facts, AT);
            assert_eq!(explain(&policy, &facts, AT).verdict, verdict);
        }
    }
}

#[test]
fn every_reason_of_a_peer_belongs_to_a_check() {
    let about_peers = Reason::ALL.into_iter().filter_map(Check::behind);
    let found: std::collections::BTreeSet<_> = about_peers.collect();
    assert_eq!(found.into_iter().collect::<Vec<_>>(), Check::ALL);
}

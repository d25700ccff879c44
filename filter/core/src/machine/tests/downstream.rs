use sallyport_model::{ClientCertificatePolicy, Material, TlsVersion};
use sallyport_pki::UnixTime;

use super::{PIN_SETTING, PINS, TLS, trusting};
use crate::direction::Direction;
use crate::facts::{DownstreamFacts, Facts};
use crate::fixtures::{
    AFTER, AT, Authority, BEFORE, Contents, Fate, Host, from_client, pinset, tls_context,
};
use crate::metric::Counter;
use crate::reason::Reason;

const DOWN: Direction = Direction::Downstream;

fn client_facts(host_facts: Facts) -> DownstreamFacts {
    match host_facts {
        Facts::Downstream(facts) => facts,
        Facts::Upstream(_) => panic!("upstream"),
    }
}

fn fate(host: &mut Host, facts: DownstreamFacts) -> Fate {
    let stream = host.request(Facts::Downstream(facts));
    host.fates[&stream].clone()
}

#[test]
fn a_client_of_the_trusted_authority_passes() {
    let ca = Authority::new("root");
    let mut host = Host::ready(&Host::downstream(""), &trusting(&[&ca]));
    assert_eq!(host.client(&ca.client("partner")), Fate::Resumed);
    assert_eq!(host.count(Counter::Allowed(DOWN)), 1);
}

#[test]
fn a_client_of_another_authority_is_refused_with_its_subject_in_the_log_only() {
    let (ca, other) = (Authority::new("root"), Authority::new("other root"));
    let mut host = Host::ready(&Host::downstream(""), &trusting(&[&ca]));
    let rogue = other.client("rogue");
    let Fate::Denied(reply) = host.client(&rogue) else {
        panic!("passed")
    };
    assert_eq!((reply.status(), reply.reason), (403, Reason::UnknownIssuer));
    assert!(!reply.body().contains("rogue"));
    let line = host.log.last().unwrap();
    assert!(line.contains("code=unknown_issuer"), "{line}");
    assert!(line.contains("CN=rogue"), "{line}");
    assert!(
        line.contains(&rogue.certificate().sha256().to_string()),
        "{line}"
    );
    assert_eq!(host.count(Counter::Denied(DOWN, Reason::UnknownIssuer)), 1);
}

#[test]
fn a_client_without_certificate_never_passes_where_one_is_required() {
    let ca = Authority::new("root");
    let mut host = Host::ready(&Host::downstream(""), &trusting(&[&ca]));
    let good = client_facts(from_client(&ca.client("partner")));
    for mtls in [None, Some(false)] {
        let facts = DownstreamFacts {
            mtls,
            ..good.clone()
        };
        assert_eq!(
            fate(&mut host, facts).reason(),
            Some(Reason::CertificateMissing)
        );
    }
    let facts = DownstreamFacts {
        peer_certificate: None,
        ..good
    };
    let fate = fate(&mut host, facts);
    assert_eq!(fate.reason(), Some(Reason::CertificateMissing));
    assert_eq!(fate.status(), Some(403));
}

#[test]
fn a_certificate_that_cannot_be_read_is_refused() {
    let ca = Authority::new("root");
    let mut host = Host::ready(&Host::downstream(""), &trusting(&[&ca]));
    for pem in [
        b"".as_slice(),
        b"\xff\xfe",
        b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
    ] {
        let facts = DownstreamFacts {
            peer_certificate: Some(pem.to_vec()),
            ..client_facts(from_client(&ca.client("partner")))
        };
        assert_eq!(
            fate(&mut host, facts).reason(),
            Some(Reason::CertificateMalformed)
        );
    }
}

#[test]
fn an_expired_client_certificate_is_refused_and_so_is_one_of_the_future() {
    let ca = Authority::new("root");
    let leaf = ca.client("partner");
    for (wall, reason) in [
        (AFTER, Reason::CertificateExpired),
        (BEFORE, Reason::CertificateNotYetValid),
    ] {
        let mut host = Host::ready(&Host::downstream(""), &trusting(&[&ca]));
        host.wall = wall;
        assert_eq!(host.client(&leaf).reason(), Some(reason));
    }
}

#[test]
fn a_verdict_does_not_outlive_the_certificate() {
    let ca = Authority::new("root");
    let leaf = ca.client("partner");
    let mut host = Host::ready(&Host::downstream(""), &trusting(&[&ca]));
    host.wall = leaf.certificate().not_after();
    assert_eq!(host.client(&leaf), Fate::Resumed);
    host.wall = UnixTime(host.wall.0 + 1);
    assert_eq!(
        host.client(&leaf).reason(),
        Some(Reason::CertificateExpired)
    );
}

#[test]
fn a_known_client_costs_no_further_path_validation() {
    let ca = Authority::new("root");
    let leaf = ca.client("partner");
    let mut host = Host::ready(&Host::downstream(""), &trusting(&[&ca]));
    for _ in 0..10 {
        assert_eq!(host.client(&leaf), Fate::Resumed);
    }
    assert_eq!(host.count(Counter::Verified(DOWN)), 1);
    assert_eq!(host.count(Counter::Allowed(DOWN)), 10);
}

#[test]
fn a_server_certificate_does_not_make_a_client() {
    let ca = Authority::new("root");
    let mut host = Host::ready(&Host::downstream(""), &trusting(&[&ca]));
    assert_eq!(
        host.client(&ca.server("backend.test")).reason(),
        Some(Reason::WrongUsage)
    );
}

#[test]
fn an_authority_that_only_has_the_name_of_the_trusted_one_is_found_out_by_its_signature() {
    let (ca, impostor) = (Authority::new("root"), Authority::new("root"));
    let mut host = Host::ready(&Host::downstream(""), &trusting(&[&ca]));
    let fate = host.client(&impostor.client("partner"));
    assert_eq!(fate.reason(), Some(Reason::InvalidSignature));
    assert_eq!(fate.status(), Some(403));
}

#[test]
fn the_certificate_of_an_authority_is_not_a_clients() {
    let ca = Authority::new("root");
    let mut host = Host::ready(&Host::downstream(""), &trusting(&[&ca]));
    let fate = host.client(&ca.intermediate("issuing").as_leaf());
    assert_eq!(fate.reason(), Some(Reason::CertificateRefused));
    assert!(host.log.last().unwrap().contains("ca_as_peer"));
}

#[test]
fn a_changed_truststore_denies_the_next_request_of_a_known_client() {
    let (ca, other) = (Authority::new("root"), Authority::new("other root"));
    let leaf = ca.client("partner");
    let mut contents = trusting(&[&ca]);
    let mut host = Host::ready(&Host::downstream(""), &contents);
    assert_eq!(host.client(&leaf), Fate::Resumed);
    contents.put(TLS, Material::TlsContext(tls_context(&[&other])));
    host.vault_answers(&contents);
    assert_eq!(host.client(&leaf).reason(), Some(Reason::UnknownIssuer));
}

#[test]
fn a_changed_pinset_denies_the_next_request_of_a_known_client() {
    let ca = Authority::new("root");
    let (leaf, other) = (ca.client("partner"), ca.client("other"));
    let pin = leaf.certificate().spki_sha256();
    let mut contents = trusting(&[&ca]).with(PINS, pinset(&[pin]));
    let mut host = Host::ready(&Host::downstream(PIN_SETTING), &contents);
    assert_eq!(host.client(&leaf), Fate::Resumed);
    assert_eq!(host.client(&other).reason(), Some(Reason::PinMismatch));
    contents.put(PINS, pinset(&[other.certificate().spki_sha256()]));
    host.vault_answers(&contents);
    assert_eq!(host.client(&leaf).reason(), Some(Reason::PinMismatch));
    assert_eq!(host.client(&other), Fate::Resumed);
}

#[test]
fn the_pin_of_an_authority_pins_all_that_it_issued() {
    let ca = Authority::new("root");
    let contents = trusting(&[&ca]).with(PINS, pinset(&[ca.spki_sha256()]));
    let mut host = Host::ready(&Host::downstream(PIN_SETTING), &contents);
    assert_eq!(host.client(&ca.client("partner")), Fate::Resumed);
}

#[test]
fn a_pin_does_not_replace_trust() {
    let (ca, other) = (Authority::new("root"), Authority::new("other root"));
    let rogue = other.client("rogue");
    let pin = rogue.certificate().spki_sha256();
    let contents = trusting(&[&ca]).with(PINS, pinset(&[pin]));
    let mut host = Host::ready(&Host::downstream(PIN_SETTING), &contents);
    assert_eq!(host.client(&rogue).reason(), Some(Reason::UnknownIssuer));
}

#[test]
fn tls_versions_outside_of_the_range_are_refused_and_unknown_ones_too() {
    let ca = Authority::new("root");
    let mut context = tls_context(&[&ca]);
    context.min_version = TlsVersion::V1_3;
    let contents = Contents::default().with(TLS, Material::TlsContext(context));
    let mut host = Host::ready(&Host::downstream(""), &contents);
    let good = client_facts(from_client(&ca.client("partner")));
    for (version, reason) in [
        (Some("TLSv1.2"), Reason::TlsVersionRefused),
        (Some("TLSv1"), Reason::TlsVersionUnknown),
        (Some("TLSv1.3 "), Reason::TlsVersionUnknown),
        (Some("\u{fffd}"), Reason::TlsVersionUnknown),
        (None, Reason::TlsVersionUnknown),
    ] {
        let facts = DownstreamFacts {
            tls_version: version.map(|version| version.as_bytes().to_vec()),
            ..good.clone()
        };
        assert_eq!(fate(&mut host, facts).reason(), Some(reason), "{version:?}");
    }
    assert_eq!(fate(&mut host, good), Fate::Resumed);
}

#[test]
fn a_context_that_ignores_client_certificates_lets_any_tls_client_in() {
    let mut context = tls_context(&[]);
    context.client_certificate = ClientCertificatePolicy::Ignore;
    let contents = Contents::default().with(TLS, Material::TlsContext(context));
    let mut host = Host::ready(&Host::downstream(""), &contents);
    let anonymous = DownstreamFacts {
        mtls: Some(false),
        tls_version: Some(b"TLSv1.3".to_vec()),
        ..DownstreamFacts::default()
    };
    assert_eq!(fate(&mut host, anonymous), Fate::Resumed);
    assert_eq!(
        fate(&mut host, DownstreamFacts::default()).reason(),
        Some(Reason::TlsVersionUnknown)
    );
}

#[test]
fn pins_without_client_certificates_deny_with_their_own_code() {
    let ca = Authority::new("root");
    let leaf = ca.client("partner");
    let mut context = tls_context(&[&ca]);
    context.client_certificate = ClientCertificatePolicy::Ignore;
    let contents = Contents::default()
        .with(TLS, Material::TlsContext(context))
        .with(PINS, pinset(&[leaf.certificate().spki_sha256()]));
    let mut host = Host::ready(&Host::downstream(PIN_SETTING), &contents);
    let fate = host.client(&leaf);
    assert_eq!(fate.reason(), Some(Reason::PinsWithoutCertificate));
    assert_eq!(fate.status(), Some(503));
}

#[test]
fn a_context_that_requires_certificates_but_has_no_truststore_lets_nobody_in() {
    let ca = Authority::new("root");
    let mut host = Host::ready(&Host::downstream(""), &trusting(&[]));
    let fate = host.client(&ca.client("partner"));
    assert_eq!(fate.reason(), Some(Reason::TruststoreMissing));
    assert_eq!(fate.status(), Some(503));
}

#[test]
fn intermediates_come_from_the_forwarded_header_of_the_same_leaf() {
    let ca = Authority::new("root");
    let intermediate = ca.intermediate("issuing");
    let leaf = intermediate.client("partner");
    let mut host = Host::ready(&Host::downstream(""), &trusting(&[&ca]));
    let bare = client_facts(from_client(&leaf));
    assert_eq!(
        fate(&mut host, bare.clone()).reason(),
        Some(Reason::UnknownIssuer)
    );
    let forwarded = DownstreamFacts {
        forwarded_client_certificate: Some(leaf.forwarded(&[&intermediate]).into_bytes()),
        ..bare
    };
    assert_eq!(fate(&mut host, forwarded), Fate::Resumed);
}

#[test]
fn a_forwarded_header_about_somebody_else_is_not_believed() {
    let (ca, other) = (Authority::new("root"), Authority::new("other root"));
    let (good, rogue) = (ca.client("partner"), other.client("rogue"));
    let mut host = Host::ready(&Host::downstream(""), &trusting(&[&ca]));
    for header in [
        good.forwarded(&[&ca]),
        format!("{},{}", rogue.forwarded(&[&other]), good.forwarded(&[&ca])),
        format!("{},{}", good.forwarded(&[&ca]), rogue.forwarded(&[&other])),
        format!("By=x;{};URI=spiffe://trusted", good.forwarded(&[])),
    ] {
        let facts = DownstreamFacts {
            forwarded_client_certificate: Some(header.into_bytes()),
            ..client_facts(from_client(&rogue))
        };
        assert_eq!(fate(&mut host, facts).reason(), Some(Reason::UnknownIssuer));
    }
}

#[test]
fn a_truststore_brought_by_the_client_is_no_truststore() {
    let (ca, other) = (Authority::new("root"), Authority::new("other root"));
    let rogue = other.client("rogue");
    let mut host = Host::ready(&Host::downstream(""), &trusting(&[&ca]));
    let facts = DownstreamFacts {
        forwarded_client_certificate: Some(rogue.forwarded(&[&other, &ca]).into_bytes()),
        ..client_facts(from_client(&rogue))
    };
    assert_eq!(fate(&mut host, facts).reason(), Some(Reason::UnknownIssuer));
}

#[test]
fn a_broken_forwarded_header_is_named_in_the_log() {
    let ca = Authority::new("root");
    let leaf = ca.intermediate("issuing").client("partner");
    let mut host = Host::ready(&Host::downstream(""), &trusting(&[&ca]));
    let facts = DownstreamFacts {
        forwarded_client_certificate: Some(b"Chain=\"%zz\"".to_vec()),
        ..client_facts(from_client(&leaf))
    };
    assert_eq!(fate(&mut host, facts).reason(), Some(Reason::UnknownIssuer));
    assert!(host.log.last().unwrap().contains("x-forwarded-client-cert"));
}

#[test]
fn the_forwarded_header_is_removed_unless_it_is_to_be_kept() {
    let ca = Authority::new("root");
    let leaf = ca.client("partner");
    let mut host = Host::ready(&Host::downstream(""), &trusting(&[&ca]));
    host.client(&leaf);
    assert_eq!(host.headers, ["-x-forwarded-client-cert"]);
    let keep = Host::downstream(r#","forwardClientCertificate":"keep""#);
    let mut host = Host::ready(&keep, &trusting(&[&ca]));
    host.client(&leaf);
    assert!(host.headers.is_empty());
}

#[test]
fn control_characters_of_a_subject_do_not_reach_the_log() {
    let (ca, other) = (Authority::new("root"), Authority::new("other root"));
    let mut host = Host::ready(&Host::downstream(""), &trusting(&[&ca]));
    assert_eq!(host.wall, AT);
    host.client(&other.client("evil\r\nsallyport forged line"));
    assert!(host.log.iter().all(|line| !line.contains(['\r', '\n'])));
}

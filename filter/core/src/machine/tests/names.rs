//! Allowed names of clients and servers.

use sallyport_model::{ClientCertificatePolicy, Material};

use super::{TLS, trusting};
use crate::config::Place;
use crate::fixtures::{Authority, Contents, Fate, Host, from_client, tls_context};
use crate::reason::Reason;

#[test]
fn a_client_passes_by_one_of_its_alternative_names_and_never_by_its_common_name() {
    let ca = Authority::new("root");
    let config = Host::downstream(r#","peerNames":["dns:*.partner.test","spiffe://td/ns/*"]"#);
    let mut host = Host::ready(&config, &trusting(&[&ca]));
    for names in [
        ["a.partner.test"].as_slice(),
        &["other.test", "B.partner.test"],
        &["spiffe://td/ns/app"],
        &["other.test", "spiffe://td/ns/app"],
    ] {
        let fate = host.client(&ca.client_named("x", names));
        assert_eq!(fate, Fate::Resumed, "{names:?}");
    }
    for names in [
        [].as_slice(),
        &["partner.test"],
        &["a.b.partner.test"],
        &["spiffe://td/nsx/app"],
        &["spiffe://td/ns/app", "spiffe://td/ns/other"],
        &["https://a.partner.test/"],
    ] {
        let fate = host.client(&ca.client_named("a.partner.test", names));
        assert_eq!(fate.reason(), Some(Reason::PeerNameMismatch), "{names:?}");
        assert_eq!(fate.status(), Some(403));
    }
    let line = host.log.last().unwrap();
    assert!(line.contains("URI:https://a.partner.test/"), "{line}");
}

#[test]
fn a_good_name_of_a_stranger_is_still_a_stranger() {
    let (ca, other) = (Authority::new("root"), Authority::new("other root"));
    let config = Host::downstream(r#","peerNames":["dns:a.test"]"#);
    let mut host = Host::ready(&config, &trusting(&[&ca]));
    let rogue = other.client_named("a.test", &["a.test"]);
    assert_eq!(host.client(&rogue).reason(), Some(Reason::UnknownIssuer));
}

#[test]
fn each_route_has_names_of_its_own() {
    let ca = Authority::new("root");
    let routes = format!(
        r#","peerNames":["dns:a.test"],"routes":[{{"match":{{"route":"open"}},"tlsContext":"{TLS}"}},
        {{"match":{{"route":"b"}},"tlsContext":"{TLS}","peerNames":["dns:b.test"]}}]"#
    );
    let mut host = Host::ready(&Host::downstream(&routes), &trusting(&[&ca]));
    let (a, b) = (
        ca.client_named("a", &["a.test"]),
        ca.client_named("b", &["b.test"]),
    );
    for (route, leaf, passes) in [
        ("other", &a, true),
        ("other", &b, false),
        ("b", &a, false),
        ("b", &b, true),
        ("open", &a, true),
        ("open", &b, true),
    ] {
        let place = Place {
            route: Some(route.as_bytes().to_vec()),
            ..Place::default()
        };
        let stream = host.request_to(place, from_client(leaf));
        assert_eq!(host.fates[&stream] == Fate::Resumed, passes, "{route}");
    }
}

#[test]
fn names_without_client_certificates_are_a_contradiction_that_denies() {
    let ca = Authority::new("root");
    let mut context = tls_context(&[&ca]);
    context.client_certificate = ClientCertificatePolicy::Ignore;
    let contents = Contents::default().with(TLS, Material::TlsContext(context));
    let config = Host::downstream(r#","peerNames":["dns:a.test"]"#);
    let fate = Host::ready(&config, &contents).client(&ca.client_named("a", &["a.test"]));
    assert_eq!(fate.reason(), Some(Reason::NamesWithoutCertificate));
    assert_eq!(fate.status(), Some(503));
}

#[test]
fn a_server_needs_its_server_name_and_one_of_the_allowed_names() {
    let ca = Authority::new("root");
    let config = |names: &str| {
        Host::upstream(&format!(
            r#","serverName":"a.test","peerNames":["{names}"]"#
        ))
    };
    let leaf = ca.server("a.test");
    let mut host = Host::ready(&config("dns:a.test"), &trusting(&[&ca]));
    assert_eq!(host.server(&leaf), Fate::Resumed);
    let mut host = Host::ready(&config("dns:b.test"), &trusting(&[&ca]));
    let fate = host.server(&leaf);
    assert_eq!(fate.reason(), Some(Reason::PeerNameMismatch));
    assert_eq!(fate.status(), Some(502));
    let fate = host.server(&ca.server("b.test"));
    assert_eq!(fate.reason(), Some(Reason::ServerNameMismatch));
}

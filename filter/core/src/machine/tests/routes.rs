use sallyport_model::{ClientCertificatePolicy, Material, TlsContextMaterial};

use super::{TLS, trusting};
use crate::config::Place;
use crate::direction::Direction;
use crate::facts::{DownstreamFacts, Facts};
use crate::fixtures::{Authority, Contents, Fate, Host, Leaf, from_client, tls_context};
use crate::known_peers::PeerId;
use crate::metric::Counter;
use crate::reason::Reason;

const PARTNERS: &str = "secret://payments/tlsContexts/partners";
const OPEN: &str = "secret://payments/tlsContexts/open";

/// Partners have a context of their own, the public route asks for no certificate.
const ROUTES: &str = r#","routes":[
    {"match":{"route":"partners"},"tlsContext":"secret://payments/tlsContexts/partners"},
    {"match":{"route":"public"},"tlsContext":"secret://payments/tlsContexts/open"},
    {"match":{"cluster":"legacy"},"tlsContext":"secret://payments/tlsContexts/partners","mode":"observe"}]"#;

fn contents(everybody: &Authority, partners: &Authority) -> Contents {
    trusting(&[everybody])
        .with(PARTNERS, Material::TlsContext(tls_context(&[partners])))
        .with(
            OPEN,
            Material::TlsContext(TlsContextMaterial {
                client_certificate: ClientCertificatePolicy::Ignore,
                ..tls_context(&[everybody])
            }),
        )
}

fn on_route(route: &str) -> Place {
    Place {
        route: Some(route.as_bytes().to_vec()),
        ..Place::default()
    }
}

fn fate(host: &mut Host, place: Place, leaf: &Leaf) -> Fate {
    let stream = host.request_to(place, from_client(leaf));
    host.fates[&stream].clone()
}

#[test]
fn a_connection_is_looked_at_with_what_was_told_of_its_request() {
    let (everybody, partners) = (Authority::new("everybody"), Authority::new("partners"));
    let mut host = Host::ready(&Host::downstream(ROUTES), &contents(&everybody, &partners));
    let place = Place {
        peer: Some(PeerId::Connection(7)),
        ..on_route("partners")
    };
    let stream = host.arrive(place.clone(), from_client(&partners.client("partner")));
    assert_eq!(host.reads, [(stream, place)]);
    assert_eq!(host.fates[&stream], Fate::Resumed);
}

#[test]
fn apis_on_one_port_trust_different_authorities() {
    let (everybody, partners) = (Authority::new("everybody"), Authority::new("partners"));
    let mut host = Host::ready(&Host::downstream(ROUTES), &contents(&everybody, &partners));
    let (customer, partner) = (everybody.client("customer"), partners.client("partner"));
    assert_eq!(
        fate(&mut host, on_route("orders"), &customer),
        Fate::Resumed
    );
    assert_eq!(
        fate(&mut host, on_route("partners"), &partner),
        Fate::Resumed
    );
    for (route, stranger) in [("orders", &partner), ("partners", &customer)] {
        let fate = fate(&mut host, on_route(route), stranger);
        assert_eq!(fate.reason(), Some(Reason::UnknownIssuer), "{route}");
    }
}

#[test]
fn a_verdict_on_one_route_does_not_open_another_on_the_same_connection() {
    let (everybody, partners) = (Authority::new("everybody"), Authority::new("partners"));
    let mut host = Host::ready(&Host::downstream(ROUTES), &contents(&everybody, &partners));
    let partner = partners.client("partner");
    for _ in 0..3 {
        assert_eq!(
            fate(&mut host, on_route("partners"), &partner),
            Fate::Resumed
        );
        let elsewhere = fate(&mut host, on_route("orders"), &partner);
        assert_eq!(elsewhere.reason(), Some(Reason::UnknownIssuer));
    }
    assert_eq!(host.count(Counter::Verified(Direction::Downstream)), 2);
}

#[test]
fn a_client_certificate_is_required_on_some_routes_only() {
    let (everybody, partners) = (Authority::new("everybody"), Authority::new("partners"));
    let mut host = Host::ready(&Host::downstream(ROUTES), &contents(&everybody, &partners));
    let anonymous = || {
        Facts::Downstream(DownstreamFacts {
            mtls: Some(false),
            tls_version: Some(b"TLSv1.3".to_vec()),
            ..DownstreamFacts::default()
        })
    };
    let public = host.request_to(on_route("public"), anonymous());
    assert_eq!(host.fates[&public], Fate::Resumed);
    for place in [on_route("partners"), on_route("Public"), Place::default()] {
        let stream = host.request_to(place, anonymous());
        let reason = host.fates[&stream].reason();
        assert_eq!(reason, Some(Reason::CertificateMissing));
    }
}

#[test]
fn a_route_is_observed_while_the_others_are_enforced() {
    let (everybody, partners) = (Authority::new("everybody"), Authority::new("partners"));
    let mut host = Host::ready(&Host::downstream(ROUTES), &contents(&everybody, &partners));
    let customer = everybody.client("customer");
    let legacy = Place {
        cluster: Some(b"legacy".to_vec()),
        ..Place::default()
    };
    assert_eq!(fate(&mut host, legacy, &customer), Fate::Resumed);
    let observed = Counter::Observed(Direction::Downstream, Reason::UnknownIssuer);
    assert_eq!(host.count(observed), 1);
    assert_eq!(
        fate(&mut host, on_route("partners"), &customer).reason(),
        Some(Reason::UnknownIssuer)
    );
}

#[test]
fn a_held_request_is_judged_by_the_policy_of_its_own_route() {
    let (everybody, partners) = (Authority::new("everybody"), Authority::new("partners"));
    let mut host = Host::new(&Host::downstream(ROUTES));
    let partner = partners.client("partner");
    let right = host.request_to(on_route("partners"), from_client(&partner));
    let wrong = host.request_to(on_route("orders"), from_client(&partner));
    assert_eq!(host.fates[&right], Fate::Held);
    host.tick(0);
    host.vault_answers(&contents(&everybody, &partners));
    assert_eq!(host.fates[&right], Fate::Resumed);
    assert_eq!(host.fates[&wrong].reason(), Some(Reason::UnknownIssuer));
}

#[test]
fn a_context_that_is_not_granted_closes_its_route_only() {
    let (everybody, partners) = (Authority::new("everybody"), Authority::new("partners"));
    let contents = trusting(&[&everybody]);
    let mut host = Host::ready(&Host::downstream(ROUTES), &contents);
    let customer = everybody.client("customer");
    assert_eq!(
        fate(&mut host, on_route("orders"), &customer),
        Fate::Resumed
    );
    let closed = fate(&mut host, on_route("partners"), &partners.client("partner"));
    assert_eq!(closed.reason(), Some(Reason::SecretRefused), "{TLS}");
}

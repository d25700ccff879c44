//! Which policy is for which requests, and what there is over TCP.

use serde_json::{Value, json};

use super::{downstream, route, upstream, with, with_routes};
use crate::config::{Config, Fault, Place, Protocol};
use crate::mode::Mode;

#[test]
fn the_first_route_that_fits_counts_and_the_default_is_for_the_rest() {
    let mut observed = route(json!({"route": "legacy"}));
    observed["mode"] = json!("observe");
    observed["certificatePinset"] = json!("secret://payments/certificatePinsets/legacy");
    let config = with_routes(json!([
        observed,
        route(json!({"virtualHost": "partners", "serverName": "*.Partners.example"})),
    ]))
    .unwrap();
    assert!(config.policy.depends_on_place());
    assert_eq!(config.references().len(), 3);
    let at = |route: &str, host: &str, name: &str| {
        let bytes = |text: &str| Some(text.as_bytes().to_vec());
        let place = Place {
            peer: None,
            route: bytes(route),
            virtual_host: bytes(host),
            cluster: None,
            server_name: bytes(name),
        };
        let policy = config.policy.get(config.policy.select(&place));
        let context = policy.tls_context.as_ref().unwrap();
        (context.to_string(), policy.mode)
    };
    let partners = "secret://payments/tlsContexts/partners".to_owned();
    let inbound = "secret://payments/tlsContexts/partner-inbound".to_owned();
    assert_eq!(
        at("legacy", "partners", "a.partners.example"),
        (partners.clone(), Mode::Observe)
    );
    assert_eq!(
        at("orders", "partners", "a.partners.example"),
        (partners, Mode::Enforce)
    );
    assert_eq!(
        at("orders", "partners", "partners.example"),
        (inbound, Mode::Enforce)
    );
}

#[test]
fn routes_that_cannot_be_told_apart_or_match_everything_are_refused() {
    let twice = with_routes(json!([
        route(json!({"serverName": "a.example"})),
        route(json!({"serverName": "A.example"})),
    ]));
    let error = twice.unwrap_err();
    assert_eq!(error.pointer, "/downstream/routes/1/match");
    assert_eq!(
        error.fault,
        Fault::HiddenRoute("/downstream/routes/0/match".to_owned())
    );
    for (matches, pointer, fault) in [
        (json!({}), "/downstream/routes/0/match", Fault::EmptyMatch),
        (
            json!({"serverName": "10.0.0.1"}),
            "/downstream/routes/0/match/serverName",
            Fault::RequestedName,
        ),
        (
            json!({"serverName": "*.*.example"}),
            "/downstream/routes/0/match/serverName",
            Fault::RequestedName,
        ),
        (
            json!({"route": ""}),
            "/downstream/routes/0/match/route",
            Fault::Word { max: 253 },
        ),
    ] {
        let error = with_routes(json!([route(matches)])).unwrap_err();
        assert_eq!((error.pointer.as_str(), error.fault), (pointer, fault));
    }
    let many: Vec<Value> = (0..65)
        .map(|index| route(json!({"route": format!("r{index}")})))
        .collect();
    let error = with_routes(json!(many)).unwrap_err();
    assert_eq!(error.fault, Fault::TooMany { found: 65, max: 64 });
}

#[test]
fn an_entry_guards_requests_unless_it_says_tcp() {
    for document in [downstream(), upstream()] {
        let config: Config = document.to_string().parse().unwrap();
        assert_eq!(config.protocol, Protocol::Http);
    }
    let config = with(downstream(), "/downstream/protocol", json!("tcp")).unwrap();
    assert_eq!(config.protocol, Protocol::Tcp);
    let error = with(downstream(), "/downstream/protocol", json!("udp")).unwrap_err();
    assert_eq!(error.pointer, "/downstream/protocol");
}

#[test]
fn what_is_about_requests_is_refused_over_tcp() {
    let route = |wanted: Value| {
        let reference = "secret://payments/tlsContexts/partner-inbound";
        json!([{"match": wanted, "tlsContext": reference}])
    };
    let mut clients = downstream();
    clients["downstream"]["protocol"] = json!("tcp");
    for (pointer, value, place) in [
        (
            "/downstream/forwardClientCertificate",
            json!("remove"),
            "/downstream/forwardClientCertificate",
        ),
        (
            "/downstream/routes",
            route(json!({"route": "partners", "serverName": "a.test"})),
            "/downstream/routes/0/match/route",
        ),
        (
            "/downstream/routes",
            route(json!({"virtualHost": "apis"})),
            "/downstream/routes/0/match/virtualHost",
        ),
        (
            "/downstream/routes",
            route(json!({"cluster": "backend"})),
            "/downstream/routes/0/match/cluster",
        ),
    ] {
        let error = with(clients.clone(), pointer, value).unwrap_err();
        assert_eq!(
            (error.pointer.as_str(), &error.fault),
            (place, &Fault::RequestsOnly)
        );
    }
    let by_name = route(json!({"serverName": "a.test"}));
    assert!(with(clients, "/downstream/routes", by_name).is_ok());
    let error = with(upstream(), "/upstream/protocol", json!("tcp")).unwrap_err();
    assert_eq!(
        (error.pointer.as_str(), error.fault),
        ("/upstream/inject", Fault::RequestsOnly)
    );
}

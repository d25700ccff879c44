#[cfg(not(target_arch = "wasm32"))]
mod check;
#[cfg(not(target_arch = "wasm32"))]
mod choice;
#[cfg(not(target_arch = "wasm32"))]
mod schema;

use super::*;
use sallyport_model::{Collection, ReferenceError};
use serde_json::{Value, json};

use crate::decide::Check;
use crate::duration::DurationError;
use crate::header_name::HeaderNameError;

fn downstream() -> Value {
    json!({
        "vault": vault(),
        "downstream": {"tlsContext": "secret://payments/tlsContexts/partner-inbound"}
    })
}

fn upstream() -> Value {
    json!({
        "vault": vault(),
        "upstream": {
            "tlsContext": "secret://payments/tlsContexts/backend",
            "certificatePinset": "secret://payments/certificatePinsets/backend",
            "serverName": "backend.test",
            "inject": [
                {"header": "Authorization", "basic": "secret://payments/sharedSecrets/backend"},
                {"header": "x-api-key", "template": "key ${secret://payments/sharedSecrets/backend#password}"}
            ]
        }
    })
}

fn vault() -> Value {
    json!({
        "cluster": "sallyport_provider",
        "organization": "11111111-1111-4111-8111-111111111111",
        "environment": "22222222-2222-4222-8222-222222222222"
    })
}

/// Sets the value at `pointer`, whose parent exists, and parses.
fn with(mut document: Value, pointer: &str, value: Value) -> Result<Config, ConfigError> {
    let (parent, key) = pointer.rsplit_once('/').unwrap();
    document.pointer_mut(parent).unwrap()[key] = value;
    document.to_string().parse()
}

fn fault(document: Value, pointer: &str, value: Value) -> Fault {
    let error = with(document, pointer, value).unwrap_err();
    assert_eq!(error.pointer, pointer, "{error}");
    error.fault
}

#[test]
fn what_is_left_out_has_strict_defaults() {
    let config: Config = downstream().to_string().parse().unwrap();
    assert_eq!(config.startup_wait, Duration::from_secs(2));
    assert_eq!(config.vault.timeout, Duration::from_secs(2));
    assert_eq!(config.vault.wait, Duration::from_secs(25));
    assert_eq!(config.vault.authority, "sallyport-vault");
    let Policy::Downstream(policy) = &config.policy else {
        panic!("upstream")
    };
    assert_eq!(policy.default.mode, Mode::Enforce);
    let on_failure = OnFailure {
        unreachable: Failure::Deny,
        denied: Failure::Deny,
        malformed: Failure::Deny,
        stale: OnStale::Use,
    };
    assert_eq!(config.on_failure, on_failure);
    assert!(policy.routes.is_empty() && !config.policy.depends_on_place());
    assert_eq!(
        policy.forward_client_certificate,
        ForwardClientCertificate::Remove
    );
    assert_eq!(config.references().len(), 1);
}

#[test]
fn every_setting_of_an_upstream_entry_is_read() {
    let config = with(upstream(), "/upstream/handshakeWait", json!("250ms")).unwrap();
    let Policy::Upstream(policy) = &config.policy else {
        panic!("downstream")
    };
    assert_eq!(policy.handshake_wait, Duration::from_millis(250));
    assert_eq!(policy.policy.server_name.as_deref(), Some("backend.test"));
    assert_eq!(policy.inject[0].place.to_string(), "authorization");
    assert!(matches!(
        policy.inject[0].value.fixed().unwrap(),
        InjectionValue::Basic(_)
    ));
    assert!(matches!(
        policy.inject[1].value.fixed().unwrap(),
        InjectionValue::Template(_)
    ));
    assert_eq!(config.references().len(), 4);
}

#[test]
fn a_typo_is_refused_and_its_place_is_named() {
    for (document, pointer) in [
        (downstream(), "/downstrem"),
        (downstream(), "/downstream/tlscontext"),
        (downstream(), "/vault/clusterName"),
        (upstream(), "/upstream/inject/1/heder"),
        (downstream(), "/downstream/inject"),
    ] {
        let fault = fault(document, pointer, json!("x"));
        assert!(
            matches!(&fault, Fault::Json { message, .. } if message.starts_with("unknown field")),
            "{fault}"
        );
    }
}

#[test]
fn a_missing_field_is_named_in_its_section() {
    let mut document = downstream();
    document["vault"].as_object_mut().unwrap().remove("cluster");
    let error = document.to_string().parse::<Config>().unwrap_err();
    assert_eq!(error.pointer, "/vault");
    assert!(
        error.to_string().contains("missing field `cluster`"),
        "{error}"
    );
}

#[test]
fn exactly_one_direction_is_wanted() {
    let both = with(
        downstream(),
        "/upstream",
        json!({"tlsContext": "secret://payments/tlsContexts/x"}),
    );
    assert_eq!(both, Err(ConfigError::at("/upstream", Fault::Direction)));
    let none = json!({"vault": vault()}).to_string().parse::<Config>();
    assert_eq!(none, Err(ConfigError::at("", Fault::Direction)));
}

#[test]
fn a_value_in_place_of_a_reference_is_refused_and_not_repeated() {
    let canary = "hunter2-canary";
    for pointer in [
        "/downstream/tlsContext",
        "/vault",
        "/startupWait",
        "/vault/organization",
        "/vault/wait",
    ] {
        let error = with(downstream(), pointer, json!(canary)).unwrap_err();
        assert_eq!(error.pointer, pointer);
        assert!(!error.to_string().contains(canary), "{error}");
    }
    for pointer in [
        "/upstream/inject",
        "/upstream/inject/0/basic",
        "/upstream/inject/1/template",
    ] {
        let error = with(upstream(), pointer, json!(canary)).unwrap_err();
        assert!(!error.to_string().contains(canary), "{error}");
    }
}

#[test]
fn references_must_name_the_kind_that_belongs_there() {
    assert_eq!(
        fault(
            downstream(),
            "/downstream/tlsContext",
            json!("secret://payments/truststores/x")
        ),
        Fault::Collection {
            expected: Collection::TlsContexts,
            found: Collection::Truststores
        }
    );
    assert_eq!(
        fault(
            upstream(),
            "/upstream/inject/0/basic",
            json!("secret://payments/sharedSecrets/x#password")
        ),
        Fault::Field
    );
    assert!(matches!(
        fault(
            upstream(),
            "/upstream/inject/1/template",
            json!("${secret://payments/keystores/x#key}")
        ),
        Fault::Collection { .. }
    ));
    assert_eq!(
        fault(
            downstream(),
            "/downstream/certificatePinset",
            json!("payments/x")
        ),
        Fault::Reference(ReferenceError::Scheme)
    );
}

#[test]
fn every_class_of_failure_is_set_by_itself() {
    let of = |settings: Value| {
        with(downstream(), "/onFailure", settings)
            .unwrap()
            .on_failure
    };
    let strict = OnFailure::default();
    for (class, expected) in [
        (
            "unreachable",
            OnFailure {
                unreachable: Failure::LetPass,
                ..strict
            },
        ),
        (
            "denied",
            OnFailure {
                denied: Failure::LetPass,
                ..strict
            },
        ),
        (
            "malformed",
            OnFailure {
                malformed: Failure::LetPass,
                ..strict
            },
        ),
    ] {
        assert_eq!(of(json!({ class: "letPass" })), expected, "{class}");
        assert_eq!(of(json!({ class: "deny" })), strict, "{class}");
    }
    let stale = OnFailure {
        stale: OnStale::Deny,
        ..strict
    };
    assert_eq!(of(json!({"stale": "deny"})), stale);
    let settings = json!({"stale": "deny", "unreachable": "letPass"});
    let error = with(downstream(), "/onFailure", settings).unwrap_err();
    assert_eq!(
        (error.pointer.as_str(), error.fault),
        ("/onFailure/stale", Fault::StaleDenied)
    );
}

#[test]
fn checks_are_observed_by_name_and_the_certificate_never_is() {
    let every = json!([
        "tlsVersion",
        "path",
        "policies",
        "revocation",
        "pins",
        "peerNames"
    ]);
    for (document, pointer) in [
        (downstream(), "/downstream/observe"),
        (upstream(), "/upstream/observe"),
    ] {
        let config = with(document.clone(), pointer, every.clone()).unwrap();
        let observe = config.policy.get(PolicyIndex::DEFAULT).observe;
        for check in Check::ALL {
            let named = !matches!(check, Check::Certificate | Check::ServerName);
            assert_eq!(observe.contains(check), named, "{}", check.as_str());
        }
        for bad in ["certificate", "peer_names", "Pins", ""] {
            let error = with(document.clone(), pointer, json!([bad])).unwrap_err();
            assert_eq!(error.pointer, format!("{pointer}/0"), "{error}");
        }
    }
}

#[test]
fn headers_of_the_connection_take_no_credential() {
    for name in [
        ":path",
        "Connection",
        "transfer-encoding",
        "Host",
        "X-Forwarded-Client-Cert",
    ] {
        let fault = fault(upstream(), "/upstream/inject/0/header", json!(name));
        assert!(
            matches!(
                fault,
                Fault::Header(HeaderNameError::Reserved(_) | HeaderNameError::Pseudo)
            ),
            "{name}: {fault}"
        );
    }
    assert_eq!(
        fault(
            upstream(),
            "/upstream/inject/1/header",
            json!("AUTHORIZATION")
        ),
        Fault::DuplicateHeader("authorization".to_owned())
    );
}

#[test]
fn faults_of_an_injection_are_found_in_their_place() {
    let secret = "secret://payments/sharedSecrets/x";
    for (field, value, at, expected) in [
        ("query", json!("key"), "", Fault::InjectionPlace),
        ("bearer", json!(secret), "", Fault::InjectionValue),
        ("pointer", json!("/a"), "/pointer", Fault::PointerOfOne),
        ("pointer", json!("a"), "/pointer", Fault::Pointer),
    ] {
        let pointer = format!("/upstream/inject/0/{field}");
        let error = with(upstream(), &pointer, value).unwrap_err();
        let place = format!("/upstream/inject/0{at}");
        assert_eq!((error.pointer, error.fault), (place, expected));
    }
    let twice = json!([{"cookie": "a", "value": secret}, {"cookie": "a", "bearer": secret}]);
    let error = with(upstream(), "/upstream/inject", twice).unwrap_err();
    assert_eq!(error.pointer, "/upstream/inject/1/cookie");
    let bad = json!([{"cookie": "a b", "value": secret}]);
    let error = with(upstream(), "/upstream/inject", bad).unwrap_err();
    let expected = ConfigError::at("/upstream/inject/0/cookie", Fault::Parameter);
    assert_eq!(error, expected);
}

#[test]
fn an_injection_is_either_basic_or_a_template() {
    let error = with(
        upstream(),
        "/upstream/inject/0/template",
        json!("${secret://payments/sharedSecrets/x#key}"),
    )
    .unwrap_err();
    assert_eq!(
        error,
        ConfigError::at("/upstream/inject/0", Fault::InjectionValue)
    );
}

#[test]
fn durations_are_strings_within_bounds() {
    assert_eq!(
        fault(downstream(), "/startupWait", json!("2")),
        Fault::Duration(DurationError::Syntax)
    );
    assert!(matches!(
        fault(downstream(), "/startupWait", json!(2)),
        Fault::Json { .. }
    ));
    assert!(matches!(
        fault(downstream(), "/vault/wait", json!("61s")),
        Fault::Duration(DurationError::Range { .. })
    ));
    assert_eq!(
        fault(downstream(), "/vault/wait", json!("1500ms")),
        Fault::WholeSeconds
    );
    assert!(matches!(
        fault(downstream(), "/vault/timeout", json!("0s")),
        Fault::Duration(DurationError::Range { .. })
    ));
}

#[test]
fn names_that_could_break_out_of_their_place_are_refused() {
    for text in ["", "a b", "a\r\nx-evil: 1", "ä"] {
        assert!(matches!(
            fault(downstream(), "/vault/authority", json!(text)),
            Fault::Word { .. }
        ));
    }
    for text in ["", "a..b", "a b", "*.test", "-a.test", "backend.test."] {
        assert_eq!(
            fault(upstream(), "/upstream/serverName", json!(text)),
            Fault::ServerName,
            "{text:?}"
        );
    }
    for text in ["127.0.0.1", "::1", "backend", "a-b.c_d.test"] {
        assert!(with(upstream(), "/upstream/serverName", json!(text)).is_ok());
    }
}

#[test]
fn allowed_names_are_read_and_a_bad_one_is_named() {
    let names = json!(["dns:*.partner.example", "spiffe://td/ns/*"]);
    for (document, pointer) in [
        (downstream(), "/downstream/peerNames"),
        (upstream(), "/upstream/peerNames"),
    ] {
        let config = with(document.clone(), pointer, names.clone()).unwrap();
        let policy = config.policy.get(PolicyIndex::DEFAULT);
        assert_eq!(policy.peer_names.as_ref().unwrap().patterns().len(), 2);
        let empty = fault(document.clone(), pointer, json!([]));
        assert!(matches!(empty, Fault::PeerNames(_)), "{empty}");
        let many = fault(document.clone(), pointer, json!(vec!["dns:a.test"; 65]));
        assert_eq!(many, Fault::TooMany { found: 65, max: 64 });
        for bad in ["a.test", "dns:*.test", "dns:(a|b).test", "spiffe://*"] {
            let error = with(document.clone(), pointer, json!(["dns:a.test", bad])).unwrap_err();
            assert_eq!(error.pointer, format!("{pointer}/1"));
            assert!(matches!(error.fault, Fault::NamePattern(_)), "{error}");
            assert!(!error.to_string().contains(bad), "{error}");
        }
    }
    let mut named = route(json!({"route": "a"}));
    named["peerNames"] = json!(["dns:a.test", "dns:"]);
    let error = with_routes(json!([named])).unwrap_err();
    assert_eq!(error.pointer, "/downstream/routes/0/peerNames/1");
}

#[test]
fn what_is_no_json_is_refused_with_its_position() {
    let error = "{\n  x}".parse::<Config>().unwrap_err();
    assert!(error.to_string().contains("line 2"), "{error}");
    let trailing = format!("{} x", downstream()).parse::<Config>().unwrap_err();
    assert!(matches!(trailing.fault, Fault::Json { .. }));
    let large = " ".repeat(300_000).parse::<Config>().unwrap_err();
    assert!(matches!(large.fault, Fault::TooLarge { .. }));
}

#[cfg(not(target_arch = "wasm32"))]
proptest::proptest! {
    #[test]
    fn no_text_makes_the_parser_panic(text in "\\PC{0,200}") {
        let _ = text.parse::<Config>();
    }
}

fn with_routes(routes: Value) -> Result<Config, ConfigError> {
    with(downstream(), "/downstream/routes", routes)
}

fn route(matches: Value) -> Value {
    json!({"match": matches, "tlsContext": "secret://payments/tlsContexts/partners"})
}

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
    assert_eq!(error.fault, Fault::HiddenRoute(0));
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

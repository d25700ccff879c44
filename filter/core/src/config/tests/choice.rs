use serde_json::{Value, json};

use super::{fault, upstream, with};
use crate::attribute::Attribute;
use crate::config::{ClientNames, Config, Fault, Policy};
use crate::header_name::HeaderNameError;

const AT: &str = "/upstream/inject/0/basic";

fn reference(name: &str) -> String {
    format!("secret://payments/sharedSecrets/{name}")
}

fn chosen(by: &Value, secrets: &Value) -> Value {
    json!({"by": by, "secrets": secrets})
}

fn tenants() -> Value {
    json!({"acme": reference("acme"), "uri:spiffe://td/b": reference("b")})
}

#[test]
fn every_secret_that_may_be_chosen_is_asked_for_and_no_other_one() {
    let by = json!({"header": "X-Tenant"});
    let mut choice = chosen(&by, &tenants());
    choice["default"] = json!(reference("acme"));
    let config = with(upstream(), AT, choice).unwrap();
    let asked: Vec<_> = config
        .references()
        .iter()
        .map(ToString::to_string)
        .collect();
    for name in ["acme", "b"] {
        assert!(asked.contains(&reference(name)), "{asked:?}");
    }
    assert!(!asked.contains(&reference("backend")), "{asked:?}");
    assert!(config.policy.reads_messages());
    assert_eq!(config.policy.attributes(), []);
}

#[test]
fn attributes_are_read_once_whoever_asks_for_them() {
    let path = [
        "xds",
        "route_metadata",
        "filter_metadata",
        "com.acme",
        "tenant",
    ];
    let by_path = chosen(&json!({"attribute": path}), &tenants());
    let by_client = chosen(
        &json!({"client": "name"}),
        &json!({"uri:spiffe://td/b": reference("b")}),
    );
    let mut document = upstream();
    document["upstream"]["inject"] = json!([
        {"header": "a", "basic": by_path}, {"header": "b", "bearer": by_client}, {"query": "c", "value": by_client},
    ]);
    document["upstream"]["sign"] = json!({"scheme": "sigV4", "secret": by_path});
    let config: Config = document.to_string().parse().unwrap();
    let path = path.map(str::to_owned).to_vec();
    let told = vec!["sallyport.client_names".to_owned()];
    assert_eq!(
        config.policy.attributes(),
        [Attribute(path), Attribute(told)]
    );
}

#[test]
fn names_are_told_only_where_the_configuration_says_so() {
    for (word, expected) in [
        (Value::Null, ClientNames::Withhold),
        (json!("withhold"), ClientNames::Withhold),
        (json!("tell"), ClientNames::Tell),
    ] {
        let config = with(super::downstream(), "/downstream/clientNames", word).unwrap();
        let Policy::Downstream(downstream) = config.policy else {
            panic!("downstream")
        };
        assert_eq!(downstream.client_names, expected);
    }
}

#[test]
fn templates_and_keys_of_bodies_are_chosen_under_the_same_limits() {
    let header = json!({"header": "x-tenant"});
    let by_route = json!({"attribute": ["xds", "route_name"]});
    let text = |group: &str, before: &str| {
        let text = format!("{before}${{secret://{group}/sharedSecrets/a#password}}");
        json!(text)
    };
    let mut document = super::downstream();
    document["downstream"]["request"] = json!({"decrypt": {"secrets": chosen(
        &header, &json!({"acme": [reference("acme"), format!("{}@previous", reference("acme"))]}),
    )}});
    document["downstream"]["response"] =
        json!({"encrypt": {"secret": chosen(&by_route, &json!({"orders": reference("b")}))}});
    let config: Config = document.to_string().parse().unwrap();
    let references = config.references();
    let asked: Vec<_> = references.iter().map(ToString::to_string).collect();
    for name in ["acme", "acme@previous", "b"] {
        assert!(asked.contains(&reference(name)), "{asked:?}");
    }
    assert_eq!(config.policy.attributes().len(), 1);

    // Nothing of a request is read for a response whose key is always the same.
    let mut document = super::downstream();
    document["downstream"]["response"] = json!({"encrypt": {"secret": reference("b")}});
    let config: Config = document.to_string().parse().unwrap();
    assert!(!config.policy.reads_messages());

    let one = json!([{"header": "a", "template": chosen(
        &header, &json!({"acme": text("payments", "x "), "b": text("payments", "y ")}),
    )}]);
    let config = with(upstream(), "/upstream/inject", one).unwrap();
    let Policy::Upstream(upstream_policy) = config.policy else {
        panic!("upstream")
    };
    let values: Vec<_> = upstream_policy.inject[0].value.all().collect();
    assert_eq!(
        values.len(),
        2,
        "the same secret in another text is another value"
    );

    for (side, pointer, value, below, expected) in [
        (
            upstream(),
            "/upstream/inject",
            json!([{"header": "a", "template": chosen(
                &header, &json!({"acme": text("payments", ""), "b": text("ledger", "")}),
            )}]),
            "/0/template/secrets/b",
            Fault::OtherGroup,
        ),
        (
            upstream(),
            "/upstream/inject",
            json!([{"header": "a", "template": [text("payments", "")]}]),
            "/0/template",
            Fault::OneReference,
        ),
        (
            super::downstream(),
            "/downstream/request",
            json!({"decrypt": {"secrets": chosen(&header, &json!({"acme": reference("a")}))}}),
            "/decrypt/secrets/secrets/acme",
            Fault::ListOfReferences,
        ),
        (
            super::downstream(),
            "/downstream/request",
            json!({"encrypt": {"secret": chosen(&header, &json!({"acme": [reference("a")]}))}}),
            "/encrypt/secret/secrets/acme",
            Fault::OneReference,
        ),
        (
            super::downstream(),
            "/downstream/request",
            json!({"encrypt": {"secret": chosen(&json!({"client": "name"}), &json!({"acme": reference("a")}))}}),
            "/encrypt/secret/secrets/acme",
            Fault::ClientName,
        ),
        (
            super::downstream(),
            "/downstream/request",
            json!({"encrypt": {"secret": chosen(
                &header, &json!({"acme": format!("{}@previous", reference("a"))}),
            )}}),
            "/encrypt/secret/secrets/acme",
            Fault::NoCurrentSecret,
        ),
    ] {
        let error = with(side, pointer, value).unwrap_err();
        assert_eq!(
            (error.pointer, error.fault),
            (format!("{pointer}{below}"), expected)
        );
    }
}

#[test]
fn a_value_that_no_request_can_have_is_refused() {
    let server_name = json!({"attribute": ["connection", "requested_server_name"]});
    let client = json!({"client": "name"});
    for (by, fault, possible, impossible) in [
        (
            &server_name,
            Fault::AskedName,
            &["acme.example", "gateway", "xn--bcher-kva.example"][..],
            &[
                "Acme.example",
                "*.acme.example",
                "192.0.2.1",
                "acme.example.",
                "acme:8443",
            ][..],
        ),
        (
            &client,
            Fault::ClientName,
            &[
                "uri:spiffe://td/App",
                "dns:acme.example",
                "email:App@acme.example",
                "ip:192.0.2.1",
                "ip:2001:db8::1",
            ],
            &[
                "acme",
                "acme.example",
                "spiffe://td/app",
                "uri:",
                "uri:acme",
                "uri:spiffe://td/*",
                "URI:spiffe://td/app",
                "DNS:acme.example",
                "dns:Acme.example",
                "dns:*.acme.example",
                "email:app@Acme.example",
                "email:acme.example",
                "ip:2001:DB8::1",
                "ip:192.0.2.0/24",
            ],
        ),
    ] {
        for text in possible {
            let choice = chosen(by, &json!({*text: reference("acme")}));
            with(upstream(), AT, choice).unwrap();
        }
        for text in impossible {
            let choice = chosen(by, &json!({*text: reference("acme")}));
            let error = with(upstream(), AT, choice).unwrap_err();
            let place = text.replace('~', "~0").replace('/', "~1");
            assert_eq!(error.pointer, format!("{AT}/secrets/{place}"));
            assert_eq!(error.fault, fault, "{text}");
        }
    }
}

#[test]
fn an_attribute_that_envoy_does_not_have_is_refused_with_those_it_has() {
    for path in [
        &["xds", "route_nam"][..],
        &["xds", "route_name", "tenant"],
        &["xds", "route_metadata"],
        &["xds", "listener_direction"],
        &["xds", "Node", "id"],
    ] {
        let choice = chosen(&json!({"attribute": path}), &tenants());
        let error = with(upstream(), AT, choice).unwrap_err();
        assert_eq!(error.pointer, format!("{AT}/by/attribute"));
        assert_eq!(error.fault, Fault::XdsAttribute, "{path:?}");
        assert!(error.to_string().contains("route_name, virtual_host_name"));
    }
    for path in [
        &["xds", "filter_chain_name"][..],
        &["xds", "node", "id"],
        &["filter_state", "tenant"],
    ] {
        let choice = chosen(&json!({"attribute": path}), &tenants());
        with(upstream(), AT, choice).unwrap();
    }
}

#[test]
fn faults_of_a_choice_are_found_in_their_place() {
    let header = json!({"header": "x-tenant"});
    let many: serde_json::Map<String, Value> = (0..257)
        .map(|number| (number.to_string(), json!(reference("acme"))))
        .collect();
    let other = json!({"acme": reference("acme"), "b/c~": "secret://ledger/sharedSecrets/b"});
    for (choice, below, expected) in [
        (
            chosen(&header, &json!({})),
            "/secrets",
            Fault::NothingToChoose,
        ),
        (
            chosen(&header, &json!(many)),
            "/secrets",
            Fault::TooMany {
                found: 257,
                max: 256,
            },
        ),
        (
            chosen(&header, &other),
            "/secrets/b~1c~0",
            Fault::OtherGroup,
        ),
        (
            chosen(&header, &json!({"a b": reference("acme")})),
            "/secrets/a b",
            Fault::Word { max: 253 },
        ),
        (
            chosen(&header, &json!({"acme": [reference("acme")]})),
            "/secrets/acme",
            Fault::OneReference,
        ),
        (
            chosen(&header, &json!({"acme": chosen(&header, &tenants())})),
            "/secrets/acme",
            Fault::OneReference,
        ),
        (chosen(&json!({}), &tenants()), "/by", Fault::ChosenBy),
        (
            chosen(&json!({"header": "a", "client": "name"}), &tenants()),
            "/by",
            Fault::ChosenBy,
        ),
        (
            chosen(&json!({"header": "Host"}), &tenants()),
            "/by/header",
            Fault::Header(HeaderNameError::Reserved("host")),
        ),
        (
            chosen(&json!({"attribute": ["request", "path"]}), &tenants()),
            "/by/attribute",
            Fault::Attribute,
        ),
        (
            chosen(
                &json!({"attribute": ["connection", "uri_san_peer_certificate"]}),
                &tenants(),
            ),
            "/by/attribute",
            Fault::Attribute,
        ),
        (
            chosen(&json!({"attribute": ["xds"]}), &tenants()),
            "/by/attribute",
            Fault::Attribute,
        ),
        (
            chosen(&json!({"attribute": []}), &tenants()),
            "/by/attribute",
            Fault::Attribute,
        ),
    ] {
        let error = with(upstream(), AT, choice).unwrap_err();
        assert_eq!(error.pointer, format!("{AT}{below}"), "{error}");
        assert_eq!(error.fault, expected);
    }
    let list = json!([reference("acme")]);
    assert_eq!(fault(upstream(), AT, list), Fault::OneReference);
    let mut twice = upstream();
    twice["upstream"]["inject"] = json!([{"header": "a", "basic": "BASIC"}]);
    let (by, secret) = (header.to_string(), reference("acme"));
    let choice = format!(r#"{{"by":{by},"secrets":{{"acme":"{secret}","acme":"{secret}"}}}}"#);
    let error = twice
        .to_string()
        .replace(r#""BASIC""#, &choice)
        .parse::<Config>();
    assert_eq!(error.unwrap_err().fault, Fault::NamedTwice);
}

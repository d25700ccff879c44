use serde_json::{Value, json};

use super::{downstream, with};
use crate::config::{Config, Fault, Policy};
use crate::policy::check::{Replay, Scheme, SignedBody};

const SECRET: &str = "secret://payments/sharedSecrets/partner";

fn accepting(accept: &Value) -> Value {
    let mut document = downstream();
    document["downstream"] = json!({"check": {"accept": [accept]}});
    document
}

#[test]
fn a_check_needs_no_tls_context_and_its_secrets_are_asked_for() {
    let secrets = [SECRET, "secret://payments/sharedSecrets/partner@previous"];
    let document = accepting(&json!({"scheme": "basic", "secrets": secrets}));
    let config: Config = document.to_string().parse().unwrap();
    let asked = config.references().into_iter().map(ToString::to_string);
    assert_eq!(asked.collect::<Vec<_>>(), secrets);
    assert!(config.policy.reads_messages());
    assert!(
        !downstream()
            .to_string()
            .parse::<Config>()
            .unwrap()
            .policy
            .reads_messages()
    );
}

#[test]
fn what_is_left_out_is_strict() {
    let document = accepting(&json!({"scheme": "signature", "secrets": [SECRET]}));
    let config: Config = document.to_string().parse().unwrap();
    let Policy::Downstream(downstream) = &config.policy else {
        panic!("downstream")
    };
    let check = downstream.default.check.as_ref().unwrap();
    let Scheme::Signature(signature) = &check.accept[0].scheme else {
        panic!("signature")
    };
    assert_eq!(
        (signature.body, signature.replay),
        (SignedBody::Covered, Replay::Refuse)
    );
    assert_eq!(signature.policy.required.len(), 2);
}

#[test]
fn a_size_that_is_none_is_answered_without_a_type_of_rust() {
    let mut document = accepting(&json!({"scheme": "basic", "secrets": [SECRET]}));
    document["downstream"]["body"] = json!({"maxBytes": -1});
    let error = document.to_string().parse::<Config>().unwrap_err();
    let said = error.to_string();
    assert!(said.starts_with("/downstream/body/maxBytes: "), "{said}");
    assert!(said.contains("a whole number within its limit"), "{said}");
}

#[test]
fn faults_of_a_check_are_found_in_their_place() {
    let jwt = json!({"scheme": "jwt", "algorithm": "HS256", "secrets": [SECRET]});
    let document = accepting(&jwt);
    for (pointer, value, at, expected) in [
        (
            "/downstream/check/accept",
            json!([]),
            "",
            Fault::NothingAccepted,
        ),
        (
            "/downstream/check/accept/0/header",
            json!("x-key"),
            "",
            Fault::OtherScheme,
        ),
        (
            "/downstream/check/accept/0/replay",
            json!("allow"),
            "",
            Fault::OtherScheme,
        ),
        (
            "/downstream/check/accept/0/algorithm",
            Value::Null,
            "",
            Fault::Algorithm,
        ),
        (
            "/downstream/check/realm",
            json!("a\"b"),
            "",
            Fault::Quotable { max: 253 },
        ),
        (
            "/downstream/check/accept/0/issuers",
            json!(["a\nb"]),
            "/0",
            Fault::Quotable { max: 253 },
        ),
        (
            "/downstream/check/accept/0/secrets",
            json!([format!("{SECRET}@previous")]),
            "",
            Fault::NoCurrentSecret,
        ),
        (
            "/downstream/check/accept/0/secrets",
            json!([format!("{SECRET}#key")]),
            "/0",
            Fault::Field,
        ),
        (
            "/downstream/check/identity",
            json!([{"header": "authorization"}]),
            "/0/header",
            Fault::NameTaken {
                name: "authorization".to_owned(),
                earlier: "/downstream/check/accept/0".to_owned(),
            },
        ),
        (
            "/downstream/certificatePinset",
            json!("secret://payments/certificatePinsets/p"),
            "",
            Fault::NeedsTlsContext,
        ),
        (
            "/downstream/mode",
            json!("observe"),
            "",
            Fault::NeedsTlsContext,
        ),
        (
            "/downstream/check",
            Value::Null,
            "\u{0}",
            Fault::NothingEnforced,
        ),
    ] {
        let error = with(document.clone(), pointer, value).unwrap_err();
        let place = match at {
            "\u{0}" => "/downstream".to_owned(),
            at => format!("{pointer}{at}"),
        };
        assert_eq!((error.pointer, error.fault), (place, expected), "{pointer}");
    }
    let pasted = accepting(&json!({"scheme": "basic", "secrets": ["hunter2-canary"]}));
    let error = pasted.to_string().parse::<Config>().unwrap_err();
    assert_eq!(error.pointer, "/downstream/check/accept/0/secrets/0");
    assert!(!error.to_string().contains("canary"));
}

#[test]
fn tcp_has_no_requests_to_check() {
    let document = accepting(&json!({"scheme": "basic", "secrets": [SECRET]}));
    let error = with(document, "/downstream/protocol", json!("tcp")).unwrap_err();
    assert_eq!(
        (error.pointer.as_str(), error.fault),
        ("/downstream/check", Fault::RequestsOnly)
    );
}

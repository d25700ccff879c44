//! The document as a whole: its defaults, what is missing, unknown or no JSON, and where that is.

use std::time::Duration;

use serde_json::json;

use super::{downstream, fault, upstream, vault, with};
use crate::config::{
    Config, ConfigError, Failure, Fault, ForwardClientCertificate, InjectionValue, OnFailure,
    Policy,
};
use crate::mode::Mode;
use crate::usable::OnStale;

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

#[test]
fn a_member_that_comes_twice_is_named() {
    for (text, pointer) in [
        (r#"{"onFailure": {}, "onFailure": {}}"#, "/onFailure"),
        (
            r#"{"vault": {"cluster": "a", "cluster": "a"}}"#,
            "/vault/cluster",
        ),
        (
            r#"{"downstream": {"mode": "observe", "tlsContext": "x", "mode": "enforce"}}"#,
            "/downstream/mode",
        ),
        (
            r#"{"downstream": {"routes": [{"match": {"route": "a", "route" : "b"}}]}}"#,
            "/downstream/routes/0/match/route",
        ),
        (
            r#"{"upstream": {"inject": [{}, {"header": "a", "header": "b"}]}}"#,
            "/upstream/inject/1/header",
        ),
    ] {
        let error = text.parse::<Config>().unwrap_err();
        assert_eq!(error.pointer, pointer, "{text}");
        assert!(error.to_string().contains("duplicate field"), "{error}");
    }
}

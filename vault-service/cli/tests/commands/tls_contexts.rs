//! `tls-context`.

use serde_json::json;

use crate::scene::{GROUP, Scene, in_group};

const CONTEXT: &str = "50000000-0000-4000-8000-000000000003";
const KEYSTORE: &str = "50000000-0000-4000-8000-000000000004";
const TRUSTSTORE: &str = "50000000-0000-4000-8000-000000000005";

fn with_stores() -> Scene {
    let scene = Scene::logged_in();
    scene.vault.answer(
        "GET",
        &in_group("/keystores"),
        200,
        json!([{"name": "edge", "meta": {"id": KEYSTORE}}]),
    );
    scene.vault.answer(
        "GET",
        &in_group("/truststores"),
        200,
        json!([{"name": "ca", "meta": {"id": TRUSTSTORE}}]),
    );
    scene.vault.answer(
        "GET",
        &in_group("/tlsContexts"),
        200,
        json!([{"name": "inbound", "meta": {"id": CONTEXT}}]),
    );
    scene.vault.answer(
        "POST",
        &in_group("/tlsContexts"),
        201,
        json!({"message": "ok", "id": CONTEXT}),
    );
    scene.vault.answer(
        "PUT",
        &in_group(&format!("/tlsContexts/{CONTEXT}")),
        200,
        json!({"message": "updated"}),
    );
    scene
}

#[test]
fn create_fills_in_strict_defaults() {
    let scene = with_stores();
    scene
        .run(&[
            "tls-context",
            "create",
            "inbound",
            "--group",
            GROUP,
            "--truststore",
            "ca",
        ])
        .succeeds();
    let heard = scene.vault.heard();
    let post = heard.last().unwrap();
    assert_eq!(post.line(), format!("POST {}", in_group("/tlsContexts")));
    assert_eq!(
        post.json(),
        json!({
            "target": "FlexGateway", "name": "inbound",
            "minTlsVersion": "TLSv1.2", "maxTlsVersion": "TLSv1.3",
            "alpnProtocols": ["h2", "http/1.1"],
            "inboundSettings": {"enableClientCertValidation": false},
            "outboundSettings": {"skipServerCertValidation": false},
            "cipherSuites": [
                "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256",
                "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384",
                "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256",
                "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
                "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384",
                "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256",
            ],
            "truststore": {"path": format!("truststores/{TRUSTSTORE}")},
        })
    );
}

#[test]
fn replace_sends_everything_that_was_said() {
    let scene = with_stores();
    scene
        .run(&[
            "tls-context",
            "replace",
            "inbound",
            "--group",
            GROUP,
            "--keystore",
            "edge",
            "--truststore",
            TRUSTSTORE,
            "--min-tls-version",
            "TLSv1.3",
            "--alpn",
            "http/1.1",
            "--require-client-certificate",
            "--skip-server-verification",
        ])
        .succeeds();
    let heard = scene.vault.heard();
    let put = heard.last().unwrap();
    assert_eq!(
        put.line(),
        format!("PUT {}", in_group(&format!("/tlsContexts/{CONTEXT}")))
    );
    assert_eq!(
        put.json(),
        json!({
            "target": "FlexGateway", "name": "inbound",
            "minTlsVersion": "TLSv1.3", "maxTlsVersion": "TLSv1.3",
            "alpnProtocols": ["http/1.1"],
            "inboundSettings": {"enableClientCertValidation": true},
            "outboundSettings": {"skipServerCertValidation": true},
            "cipherSuites": [],
            "keystore": {"path": format!("keystores/{KEYSTORE}")},
            "truststore": {"path": format!("truststores/{TRUSTSTORE}")},
        })
    );
}

#[test]
fn chosen_suites_take_the_place_of_the_default_ones() {
    let scene = with_stores();
    let suite = "TLS_RSA_WITH_AES_128_GCM_SHA256";
    scene
        .run(&[
            "tls-context",
            "create",
            "x",
            "--group",
            GROUP,
            "--keystore",
            "edge",
            "--cipher",
            suite,
        ])
        .succeeds();
    assert_eq!(
        scene.vault.heard().last().unwrap().json()["cipherSuites"],
        json!([suite])
    );
}

#[test]
fn what_makes_no_sense_is_refused_before_any_request() {
    let scene = with_stores();
    let create = |extra: &[&str]| {
        let mut arguments = vec!["tls-context", "create", "x", "--group", GROUP];
        arguments.extend(extra);
        scene.run(&arguments).fails(2).to_owned()
    };
    assert!(create(&[]).contains("--keystore"));
    assert!(
        create(&["--keystore", "edge", "--require-client-certificate"]).contains("--truststore")
    );
    assert!(
        create(&["--keystore", "edge", "--min-tls-version", "TLSv1.0"])
            .contains("TLSv1.1, TLSv1.2, TLSv1.3")
    );
    assert!(create(&["--keystore", "edge", "--alpn", "h3"]).contains("h2, http/1.1"));
    assert!(create(&["--keystore", "edge", "--cipher", "AES"]).contains("unknown cipher suite"));
    assert!(scene.vault.heard().is_empty());
}

#[test]
fn an_unknown_store_is_named_with_its_kind() {
    let scene = with_stores();
    let ended = scene.run(&[
        "tls-context",
        "create",
        "x",
        "--group",
        GROUP,
        "--truststore",
        "edge",
    ]);
    assert!(
        ended
            .fails(1)
            .starts_with("error: no truststore \"edge\"; there are: ca\n")
    );
}

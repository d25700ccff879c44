//! `gateway`.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use rcgen::{CertificateSigningRequestParams, KeyPair, PublicKeyData};
use serde_json::{Value, json};

use crate::scene::{Scene, own};

const ID: &str = "70000000-0000-4000-8000-000000000001";

fn issued(certificate: &str) -> Value {
    json!({"id": ID, "name": "edge-1", "identity": "spiffe://sallyport/x", "certificate": certificate,
        "ca": "CA", "notAfter": "2026-12-31T00:00:00Z"})
}

fn with_a_gateway() -> Scene {
    let scene = Scene::logged_in();
    let gateway = json!({"id": ID, "name": "edge-1", "identity": "spiffe://sallyport/x",
        "createdAt": "2026-01-01T00:00:00Z", "notAfter": "2026-12-31T00:00:00Z"});
    scene
        .vault
        .answer("GET", &own("/gateways"), 200, json!([gateway]));
    scene
        .vault
        .answer("POST", &own("/gateways"), 201, issued("FIRST"));
    scene.vault.answer(
        "POST",
        &own(&format!("/gateways/{ID}/certificate")),
        200,
        issued("SECOND"),
    );
    scene
        .vault
        .answer_text("DELETE", &own(&format!("/gateways/{ID}")), 204, "", "");
    scene
}

fn key_of(scene: &Scene) -> KeyPair {
    KeyPair::from_pem(&fs::read_to_string(scene.path("edge/gateway.key")).unwrap()).unwrap()
}

/// The public key of a request whose signature holds.
fn requested_key(csr: &Value) -> Vec<u8> {
    let request = CertificateSigningRequestParams::from_pem(csr.as_str().unwrap()).unwrap();
    request.public_key.der_bytes().to_vec()
}

#[test]
fn create_keeps_the_key_here_and_sends_a_request_for_it() {
    let scene = with_a_gateway();
    let ended = scene.run(&["gateway", "create", "edge-1", "--out", "edge", "-o", "json"]);
    let json = ended.json();
    assert_eq!((&json["id"], &json["name"]), (&json!(ID), &json!("edge-1")));
    assert_eq!(json["key"], "edge/gateway.key");

    let heard = scene.vault.heard();
    assert_eq!(heard[0].line(), format!("POST {}", own("/gateways")));
    let body = heard[0].json();
    assert_eq!(body.as_object().unwrap().len(), 2);
    assert_eq!(body["name"], "edge-1");
    assert_eq!(requested_key(&body["csr"]), key_of(&scene).der_bytes());

    let mode = |name: &str| fs::metadata(scene.path(name)).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode("edge"), 0o700);
    assert_eq!(mode("edge/gateway.key"), 0o600);
    assert_eq!(
        fs::read_to_string(scene.path("edge/gateway.pem")).unwrap(),
        "FIRST"
    );
    assert_eq!(fs::read_to_string(scene.path("edge/ca.pem")).unwrap(), "CA");
    assert!(!String::from_utf8_lossy(&heard[0].body).contains("PRIVATE"));
    scene.never_shows("PRIVATE KEY");
}

#[test]
fn create_never_overwrites_a_key_unless_forced() {
    let scene = with_a_gateway();
    scene
        .run(&["gateway", "create", "edge-1", "--out", "edge"])
        .succeeds();
    let first = fs::read(scene.path("edge/gateway.key")).unwrap();
    scene.vault.heard();
    let ended = scene.run(&["gateway", "create", "edge-1", "--out", "edge"]);
    assert!(ended.fails(2).contains("pass --force"));
    assert!(scene.vault.heard().is_empty());
    assert_eq!(fs::read(scene.path("edge/gateway.key")).unwrap(), first);
    scene
        .run(&["gateway", "create", "edge-1", "--out", "edge", "--force"])
        .succeeds();
    assert_ne!(fs::read(scene.path("edge/gateway.key")).unwrap(), first);
}

#[test]
fn a_refused_registration_leaves_no_key_behind() {
    let scene = Scene::logged_in();
    scene.vault.answer("POST", &own("/gateways"), 409, json!({"type": "about:blank", "title": "Conflict",
        "status": 409, "detail": "a gateway named edge-1 exists", "code": "name_taken", "requestId": "r-1", "pointer": "/name"}));
    let ended = scene.run(&["gateway", "create", "edge-1", "--out", "edge"]);
    assert_eq!(
        ended.fails(4),
        "error: a gateway named edge-1 exists\n  at /name\n  request id r-1\n  \
         look at what is there with `list` or `show`\n"
    );
    assert!(!scene.path("edge").exists());
    fs::create_dir(scene.path("edge")).unwrap();
    scene.say("gateway create edge-1 --out edge").fails(4);
    assert!(scene.path("edge").exists());
}

#[test]
fn renew_uses_the_key_again_and_replaces_the_certificate() {
    let scene = with_a_gateway();
    scene
        .run(&["gateway", "create", "edge-1", "--out", "edge"])
        .succeeds();
    let key = key_of(&scene);
    scene.vault.heard();
    scene
        .run(&["gateway", "renew", "edge-1", "--out", "edge"])
        .succeeds();
    let heard = scene.vault.heard();
    assert_eq!(
        heard[1].line(),
        format!("POST {}", own(&format!("/gateways/{ID}/certificate")))
    );
    let body = heard[1].json();
    assert_eq!(body.as_object().unwrap().len(), 1);
    assert_eq!(requested_key(&body["csr"]), key.der_bytes());
    assert_eq!(
        fs::read_to_string(scene.path("edge/gateway.pem")).unwrap(),
        "SECOND"
    );

    scene
        .run(&["gateway", "renew", ID, "--out", "edge", "--force"])
        .succeeds();
    assert_ne!(key_of(&scene).der_bytes(), key.der_bytes());
}

#[test]
fn gateways_are_listed_and_deleted() {
    let scene = with_a_gateway();
    let table = scene.run(&["gateway", "list"]).succeeds().to_owned();
    assert!(
        table.contains("edge-1") && table.contains("2026-12-31"),
        "{table}"
    );
    scene.say("gateway delete edge-1 --yes").succeeds();
    assert_eq!(
        scene.vault.heard_lines().last().unwrap(),
        &format!("DELETE {}", own(&format!("/gateways/{ID}")))
    );
}

#[test]
fn an_ambiguous_gateway_is_told_apart_by_id() {
    let scene = Scene::logged_in();
    let twin = "70000000-0000-4000-8000-000000000002";
    scene.vault.answer(
        "GET",
        &own("/gateways"),
        200,
        json!([{"id": ID, "name": "edge"}, {"id": twin, "name": "edge"}]),
    );
    let ended = scene.say("gateway delete edge --yes");
    let stderr = ended.fails(1);
    assert!(
        stderr.contains(ID) && stderr.contains(twin) && stderr.contains("use an id"),
        "{stderr}"
    );
}

#[test]
fn a_dry_run_makes_no_key_and_sends_nothing() {
    let scene = with_a_gateway();
    let ended = scene.say("gateway create edge-2 --out edge --dry-run -o json");
    assert_eq!(
        ended.json()["dryRun"]["body"],
        json!({"name": "edge-2", "csr": "(made when it is sent)"})
    );
    scene
        .say("gateway renew edge-1 --out edge --dry-run")
        .succeeds();
    scene.say("gateway delete edge-1 --dry-run").succeeds();
    assert!(!scene.path("edge").exists());
    assert!(
        scene
            .vault
            .heard()
            .iter()
            .all(|heard| heard.method == "GET")
    );

    scene.say("gateway create edge-1 --out edge").succeeds();
    let ended = scene.say("gateway create edge-1 --out edge --dry-run");
    assert!(ended.fails(2).contains("holds a private key"));
}

#[test]
fn a_download_without_a_place_for_its_file_is_not_asked_for() {
    let scene = with_a_gateway();
    let url = scene.vault.url();
    let line = format!(
        "gateway download secret://payments/keystores/edge --provider-url {url} --gateway edge \
         --out nowhere/edge.pem"
    );
    let ended = scene.say(&line);
    assert!(ended.fails(2).contains("cannot write nowhere/edge.pem"));
    assert!(scene.vault.heard().is_empty());
}

#[test]
fn a_gateway_of_another_ca_is_registered_by_its_name_there() {
    let scene = Scene::logged_in();
    let id = "spiffe://example.org/edge-1";
    let answer = json!({"id": ID, "name": "edge-1", "identity": id});
    let path = own("/gateways/external");
    scene.vault.answer("POST", &path, 201, answer);
    let said = scene.say(&format!("gateway register edge-1 --spiffe-id {id}"));
    assert_eq!(
        said.succeeds(),
        format!("Registered gateway edge-1 as {id}\n")
    );
    let sent = scene.vault.heard().last().unwrap().json();
    assert_eq!(sent, json!({"name": "edge-1", "spiffeId": id}));

    let certificate = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n";
    let key = "-----BEGIN PRIVATE KEY-----\nc2VjcmV0\n-----END PRIVATE KEY-----\n";
    scene.file("edge.pem", &format!("{key}{certificate}"));
    scene
        .say("gateway register edge-1 --subject-of edge.pem")
        .succeeds();
    // The key beside it stays where it is.
    let sent = scene.vault.heard().last().unwrap().json();
    assert_eq!(sent, json!({"name": "edge-1", "certificate": certificate}));
    for wrong in [
        "",
        "--spiffe-id a --subject-of edge.pem",
        "--subject-of absent.pem",
    ] {
        scene
            .say(&format!("gateway register edge-1 {wrong}"))
            .fails(2);
    }
}

//! What filters get of TLS contexts: one form for every target.

use axum::http::Method;
use rcgen::IsCa;
use sallyport_vault::provider::Gateway;
use serde_json::{Value, json};

use super::{Scene, pair, path};
use crate::http::Part::{File, Text};

const NOTHING: Value = Value::Null;

/// A granted gateway.
async fn edge(scene: &Scene) -> Gateway {
    let (id, gateway) = scene.vault.gateway("edge").await;
    scene.vault.grant(&scene.group, id).await;
    gateway
}

/// The answer about a TLS context.
async fn answer(scene: &Scene, gateway: &Gateway, name: &str, known: Option<&Value>) -> Value {
    let reference = format!("secret://payments/tlsContexts/{name}");
    let answer = scene.vault.resolve(gateway, &reference, known, 0).await;
    answer.unwrap()
}

async fn context(scene: &Scene, gateway: &Gateway, name: &str) -> Value {
    let answer = answer(scene, gateway, name, None).await;
    let material = &answer["outcome"]["current"]["material"]["tlsContext"];
    assert!(material.is_object(), "{answer}");
    material.clone()
}

async fn distributor(scene: &Scene) -> String {
    let signer = scene.certificate("signer", IsCa::NoCa).await;
    let body = json!({
        "name": "crl", "completeCrlIssuerUrl": "http://a/b", "frequency": 2,
        "distributorCertificate": path("certificates", &signer),
    });
    scene.post("crlDistributorConfigs", body).await
}

async fn pinset(scene: &Scene) -> String {
    let (certificate, _) = pair();
    let file = File("certificatePinset", "cert.pem", certificate.as_bytes());
    let parts = [Text("name", "pins"), file];
    scene.upload("certificatePinsets", &parts).await
}

fn fabric(keystore: &str, truststore: &str, mutual: Value) -> Value {
    json!({
        "target": "SecurityFabric", "name": "fabric",
        "acceptableTlsVersions": { "tlsV1Dot1": true, "tlsV1Dot3": true },
        "acceptableCipherSuites": { "tlsAes128GcmSha256": true },
        "enableMutualAuthentication": true, "mutualAuthentication": mutual,
        "keystore": path("keystores", keystore), "truststore": path("truststores", truststore),
    })
}

#[tokio::test]
async fn a_security_fabric_context_is_served_with_all_it_asks() {
    let scene = Scene::new().await;
    let gateway = edge(&scene).await;
    let (keystore, truststore) = (
        scene.pem_keystore("ks").await,
        scene.jks_truststore("ts").await,
    );
    let (crl, pins) = (distributor(&scene).await, pinset(&scene).await);
    let mutual = json!({
        "certificatePolicies": ["2.23.140.1.2.2"], "certificatePolicyChecking": true,
        "verificationDepth": 2, "revocationChecking": true, "revocationCheckingMethod": "CRL",
        "crlDistributorConfig": path("crlDistributorConfigs", &crl),
        "certificatePinning": {"performCertificatePinning": true,
            "certificatePinset": path("certificatePinsets", &pins)},
        "authenticationOverrides": {"certificateHasExpired": true},
    });
    let body = fabric(&keystore, &truststore, mutual);
    scene.post("tlsContexts", body).await;
    let served = context(&scene, &gateway, "fabric").await;
    assert_eq!(
        (&served["minVersion"], &served["maxVersion"]),
        (&json!("TLSv1.1"), &json!("TLSv1.3"))
    );
    assert_eq!(served["versions"]["tlsV1Dot2"], false);
    assert_eq!(served["clientCertificate"], "require");
    assert!(
        !served["truststore"]["anchors"]
            .as_array()
            .unwrap()
            .is_empty()
    );
    let mut verification = served["verification"].clone();
    let pinned = verification["pins"].take();
    assert_eq!(pinned["spkiSha256"].as_array().unwrap().len(), 1);
    assert_eq!(
        verification,
        json!({
            "profile": "strict", "maxDepth": 2, "policies": ["2.23.140.1.2.2"],
            "tolerances": {"expired": "allow", "notYetValid": "deny", "otherPurpose": "deny",
                "selfSigned": "refused"},
            "pins": null,
            "revocation": {
                "policy": {"unknown": "deny", "expired": "deny", "crlForAllCas": false},
                "lists": {"lists": []},
            },
        })
    );
}

#[tokio::test]
async fn a_security_fabric_context_without_mutual_authentication_asks_nothing_of_clients() {
    let scene = Scene::new().await;
    let gateway = edge(&scene).await;
    let (keystore, truststore) = (
        scene.pem_keystore("ks").await,
        scene.pem_truststore("ts").await,
    );
    let mut body = fabric(&keystore, &truststore, json!({"verificationDepth": 0}));
    body["enableMutualAuthentication"] = json!(false);
    scene.post("tlsContexts", body).await;
    let served = context(&scene, &gateway, "fabric").await;
    assert_eq!(served["clientCertificate"], "ignore");
    assert_eq!(served["verification"], Value::Null);
}

#[tokio::test]
async fn a_mule_context_asks_for_certificates_where_it_has_a_truststore() {
    let scene = Scene::new().await;
    let gateway = edge(&scene).await;
    let (keystore, truststore) = (
        path("keystores", &scene.jks_keystore("ks").await),
        path("truststores", &scene.jks_truststore("ts").await),
    );
    for (name, insecure, truststore, client, server) in [
        ("one-way", false, Value::Null, "ignore", "verify"),
        ("mutual", false, truststore.clone(), "require", "verify"),
        ("insecure", true, truststore.clone(), "ignore", "skip"),
    ] {
        let body = json!({
            "target": "Mule", "name": name, "insecure": insecure, "keystore": keystore,
            "truststore": truststore,
        });
        scene.post("tlsContexts", body).await;
        let served = context(&scene, &gateway, name).await;
        assert_eq!(
            (&served["clientCertificate"], &served["serverCertificate"]),
            (&json!(client), &json!(server)),
            "{name}"
        );
        let version = json!("TLSv1.2");
        assert_eq!(
            (&served["minVersion"], &served["maxVersion"]),
            (&version, &version)
        );
        assert_eq!(served["truststore"].is_null(), truststore.is_null());
    }
}

#[tokio::test]
async fn a_gateway_context_may_say_how_peers_are_verified() {
    let scene = Scene::new().await;
    let gateway = edge(&scene).await;
    let truststore = scene.pem_truststore("ts").await;
    let crl = distributor(&scene).await;
    let mut body = json!({
        "target": "FlexGateway", "name": "flex", "truststore": path("truststores", &truststore),
    });
    let id = scene.post("tlsContexts", body.clone()).await;
    assert_eq!(
        scene.shown("tlsContexts", &id).await["verification"],
        Value::Null
    );
    let served = context(&scene, &gateway, "flex").await;
    assert_eq!(served["verification"], Value::Null);

    body["verification"] = json!({"profile": "rfc5280", "maxDepth": 2, "revocation": {
        "crlDistributorConfig": {"path": "crlDistributorConfigs/crl"}, "unknown": "allow"}});
    let place = format!("tlsContexts/{id}");
    scene
        .door
        .json(Method::PUT, &place, &body.to_string())
        .await
        .ok();
    assert_eq!(
        scene.shown("tlsContexts", &id).await["verification"],
        json!({"profile": "rfc5280", "maxDepth": 2, "revocation": {
            "crlDistributorConfig": path("crlDistributorConfigs", &crl), "unknown": "allow",
            "expired": "deny", "certificates": "all"}})
    );
    let served = context(&scene, &gateway, "flex").await;
    assert_eq!(
        served["verification"],
        json!({"profile": "rfc5280", "maxDepth": 2, "revocation": {
            "policy": {"unknown": "allow", "expired": "deny", "crlForAllCas": true},
            "lists": {"lists": []}}})
    );

    for (verification, place) in [
        (json!({"profile": "lax"}), "/verification/profile"),
        (json!({"maxDepth": 10}), "/verification/maxDepth"),
        (
            json!({"revocation": {"crlDistributorConfig": {"path": "crlDistributorConfigs/none"}}}),
            "/verification/revocation/crlDistributorConfig/path",
        ),
    ] {
        body["verification"] = verification;
        body["name"] = json!("other");
        let body = body.to_string();
        let reply = scene.door.json(Method::POST, "tlsContexts", &body).await;
        assert_eq!(reply.refused(), place);
    }
}

#[tokio::test]
async fn what_a_context_refers_to_is_news_about_the_context() {
    let scene = Scene::new().await;
    let gateway = edge(&scene).await;
    let (keystore, truststore) = (
        scene.pem_keystore("ks").await,
        scene.pem_truststore("ts").await,
    );
    let pins = pinset(&scene).await;
    let mutual = json!({"certificatePinning": {"performCertificatePinning": true,
        "certificatePinset": path("certificatePinsets", &pins)}});
    let body = fabric(&keystore, &truststore, mutual);
    scene.post("tlsContexts", body).await;
    let first = answer(&scene, &gateway, "fabric", None).await;
    let unchanged = answer(&scene, &gateway, "fabric", Some(&first)).await;
    assert!(unchanged["outcome"]["unchanged"].is_object());

    let (certificate, _) = pair();
    let file = File("certificatePinset", "cert.pem", certificate.as_bytes());
    let parts = [Text("name", "pins"), file];
    let place = format!("certificatePinsets/{pins}");
    scene.door.form(Method::PUT, &place, &parts).await.ok();
    let news = answer(&scene, &gateway, "fabric", Some(&first)).await;
    let pins_of = |answer: &Value| {
        answer["outcome"]["current"]["material"]["tlsContext"]["verification"]["pins"].clone()
    };
    assert!(pins_of(&news).is_object());
    assert_ne!(pins_of(&news), pins_of(&first));

    let forced = format!("{place}?force=true");
    scene.door.call(Method::DELETE, &forced, &[], NOTHING).await;
    let gone = answer(&scene, &gateway, "fabric", Some(&news)).await;
    let refused = &gone["outcome"]["refused"];
    assert_eq!(refused["reason"], "unavailable", "{gone}");
    assert!(
        refused["detail"]
            .as_str()
            .unwrap()
            .contains("certificate pinset that is gone")
    );
}

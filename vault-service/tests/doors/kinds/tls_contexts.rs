//! TLS contexts of all three targets.

use axum::http::Method;
use rcgen::IsCa;
use serde_json::{Value, json};

use super::{Scene, pair, path};
use crate::http::Part::{File, Text};

#[tokio::test]
async fn flex_gateway_contexts_are_taken_as_the_command_line_sends_them() {
    let scene = Scene::new().await;
    let keystore = scene.pem_keystore("ks").await;
    let truststore = scene.pem_truststore("partner CAs").await;
    let body = format!(
        r#"{{"target":"FlexGateway","name":"f2","minTlsVersion":"TLSv1.3","maxTlsVersion":"TLSv1.3","alpnProtocols":["http/1.1"],"inboundSettings":{{"enableClientCertValidation":false}},"outboundSettings":{{"skipServerCertValidation":true}},"cipherSuites":[],"truststore":{{"path":"truststores/{truststore}"}}}}"#
    );
    let reply = scene.door.json(Method::POST, "tlsContexts", &body).await;
    let id = reply.created();
    let shown = scene.shown("tlsContexts", &id).await;
    assert_eq!(shown["target"], "FlexGateway");
    assert_eq!(shown["alpnProtocols"], json!(["http/1.1"]));
    assert_eq!(shown["cipherSuites"], json!([]));
    assert_eq!(
        shown["inboundSettings"],
        json!({"enableClientCertValidation":false})
    );
    assert_eq!(
        shown["outboundSettings"],
        json!({"skipServerCertValidation":true})
    );
    assert_eq!(shown["truststore"], path("truststores", &truststore));
    assert!(shown.get("keystore").is_none() && shown["expirationDate"].is_string());

    let by_name = json!({
        "target": "FlexGateway", "name": "f3",
        "keystore": { "path": "keystores/ks" },
        "truststore": { "path": "truststores/partner%20CAs" },
        "inboundSettings": { "enableClientCertValidation": true },
    });
    let id = scene.post("tlsContexts", by_name).await;
    let shown = scene.shown("tlsContexts", &id).await;
    assert_eq!(shown["keystore"], path("keystores", &keystore));
    assert_eq!(shown["truststore"], path("truststores", &truststore));
    assert_eq!(shown["alpnProtocols"], json!(["h2", "http/1.1"]));

    let jks = scene.jks_keystore("jks").await;
    let body = json!({"target":"FlexGateway","name":"f4","keystore":path("keystores", &jks)});
    let reply = scene
        .door
        .json(Method::POST, "tlsContexts", &body.to_string())
        .await;
    assert_eq!(reply.refused(), "/keystore/path");
    assert!(reply.text.contains("JKS") && reply.text.contains("PEM"));
}

#[tokio::test]
async fn mule_contexts_are_taken_as_the_command_line_sends_them() {
    let scene = Scene::new().await;
    let (keystore, truststore) = (
        scene.jks_keystore("ks").await,
        scene.jks_truststore("ts").await,
    );
    let body = format!(
        r#"{{"target":"Mule","name":"m1","expirationDate":"2027-06-06","insecure":true,"cipherSuites":["TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"],"keystore":{{"path":"keystores/{keystore}"}},"truststore":{{"path":"truststores/{truststore}"}},"acceptableTlsVersions":{{"tlsV1Dot1":true,"tlsV1Dot2":true}}}}"#
    );
    let reply = scene.door.json(Method::POST, "tlsContexts", &body).await;
    let id = reply.created();
    let shown = scene.shown("tlsContexts", &id).await;
    assert_eq!(shown["expirationDate"], "2027-06-06");
    assert_eq!(shown["insecure"], true);
    assert_eq!(
        shown["cipherSuites"],
        json!(["TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"])
    );
    assert_eq!(
        shown["acceptableTlsVersions"],
        json!({"tlsV1Dot1":true,"tlsV1Dot2":true,"tlsV1Dot3":false})
    );
    assert_eq!(shown["keystore"], path("keystores", &keystore));

    let pem = scene.pem_keystore("pem").await;
    for (body, place) in [
        (
            json!({"target":"Mule","name":"m2","keystore":path("keystores", &pem)}),
            "/keystore/path",
        ),
        (json!({"target":"Mule","name":"m2"}), "/keystore"),
        (
            json!({"target":"Mule","name":"m2","alpnProtocols":["h2"]}),
            "/alpnProtocols",
        ),
    ] {
        let reply = scene
            .door
            .json(Method::POST, "tlsContexts", &body.to_string())
            .await;
        assert_eq!(reply.refused(), place, "{body}");
    }

    let pem = scene.pem_keystore("pem2").await;
    let flex = json!({"target":"FlexGateway","name":"f","keystore":path("keystores", &pem)});
    scene.post("tlsContexts", flex).await;
    for (target, name) in [("Mule", "m1"), ("FlexGateway", "f")] {
        let listed = scene
            .door
            .get(&format!("tlsContexts?type={target}"))
            .await
            .ok();
        assert_eq!(listed.as_array().unwrap().len(), 1);
        assert_eq!(listed[0]["name"], name);
        assert_eq!(listed[0]["type"], target);
        assert_eq!(listed[0]["target"], target);
    }
}

#[tokio::test]
async fn security_fabric_contexts_hold_the_whole_mutual_authentication() {
    let scene = Scene::new().await;
    let (keystore, truststore) = (
        scene.pem_keystore("ks").await,
        scene.jks_truststore("ts").await,
    );
    let signer = scene.certificate("signer", IsCa::NoCa).await;
    let crl = json!({
        "name": "crl", "completeCrlIssuerUrl": "http://a/b", "frequency": 2,
        "distributorCertificate": path("certificates", &signer),
    });
    let crl = scene.post("crlDistributorConfigs", crl).await;
    let (certificate, _) = pair();
    let file = File("certificatePinset", "cert.pem", certificate.as_bytes());
    let pins = scene
        .upload("certificatePinsets", &[Text("name", "pins"), file])
        .await;
    let good = json!({
        "target": "SecurityFabric", "name": "s1",
        "acceptableTlsVersions": { "tlsV1Dot2": true, "tlsV1Dot3": true },
        "acceptableCipherSuites": { "ecdheRsaAes128GcmSha256": true, "tlsAes128GcmSha256": true },
        "enableMutualAuthentication": true,
        "keystore": path("keystores", &keystore),
        "truststore": path("truststores", &truststore),
        "mutualAuthentication": {
            "certificatePolicies": ["2.23.140.1.2.2"], "certCheckingStrength": "Lax",
            "verificationDepth": 3, "performDomainChecking": false,
            "certificatePolicyChecking": true, "requireInitialExplicitPolicy": true,
            "revocationChecking": true, "revocationCheckingMethod": "CRL",
            "crlDistributorConfig": { "path": "crlDistributorConfigs/crl" },
            "requireCrlForAllCa": true, "sendTruststore": true,
            "certificatePinning": {
                "performCertificatePinning": true,
                "certificatePinset": { "path": "certificatePinsets/pins" },
            },
            "authenticationOverrides": { "allowSelfSigned": true },
        },
    });
    let id = scene.post("tlsContexts", good.clone()).await;
    let shown = scene.shown("tlsContexts", &id).await;
    let mut expected = good["mutualAuthentication"].clone();
    expected["crlDistributorConfig"] = path("crlDistributorConfigs", &crl);
    expected["certificatePinning"]["certificatePinset"] = path("certificatePinsets", &pins);
    expected["authenticationOverrides"] = json!({
        "certificateBadFormat": false, "certificateBadSignature": false,
        "certificateNotYetValid": false, "certificateHasExpired": false, "allowSelfSigned": true,
        "certificateUnresolved": false, "certificateUntrusted": false, "invalidCa": false,
        "invalidPurpose": false, "other": false,
    });
    assert_eq!(shown["mutualAuthentication"], expected);
    let suites = shown["acceptableCipherSuites"].as_object().unwrap();
    assert_eq!(suites.len(), 22);
    assert_eq!(shown["enableMutualAuthentication"], true);

    for (field, value, place) in [
        ("keystore", Value::Null, "/keystore"),
        ("truststore", Value::Null, "/truststore"),
        (
            "acceptableCipherSuites",
            Value::Null,
            "/acceptableCipherSuites",
        ),
        (
            "acceptableTlsVersions",
            json!({"tlsV1Dot1":true}),
            "/acceptableCipherSuites/ecdheRsaAes128GcmSha256",
        ),
        (
            "mutualAuthentication",
            json!({"verificationDepth":10}),
            "/mutualAuthentication/verificationDepth",
        ),
        (
            "mutualAuthentication",
            json!({"revocationCheckingMethod":"OCSP"}),
            "/mutualAuthentication/revocationCheckingMethod",
        ),
        (
            "mutualAuthentication",
            json!({"certificatePolicies":["x"]}),
            "/mutualAuthentication/certificatePolicies/0",
        ),
        (
            "mutualAuthentication",
            json!({"crlDistributorConfig":{"path":"crlDistributorConfigs/none"}}),
            "/mutualAuthentication/crlDistributorConfig/path",
        ),
        (
            "mutualAuthentication",
            json!({"certificatePinning":{"certificatePinset":path("truststores", &truststore)}}),
            "/mutualAuthentication/certificatePinning/certificatePinset/path",
        ),
        (
            "mutualAuthentication",
            json!({"authenticationOverrides":{"everything":true}}),
            "/mutualAuthentication/authenticationOverrides/everything",
        ),
        (
            "mutualAuthentication",
            json!({"authenticationOverrides":{"certificateUntrusted":true}}),
            "/mutualAuthentication/authenticationOverrides/certificateUntrusted",
        ),
        (
            "mutualAuthentication",
            json!({"performDomainChecking":true}),
            "/mutualAuthentication/performDomainChecking",
        ),
    ] {
        let mut body = good.clone();
        body["name"] = json!("s2");
        body[field] = value;
        let reply = scene
            .door
            .json(Method::POST, "tlsContexts", &body.to_string())
            .await;
        assert_eq!(reply.refused(), place, "{body}");
    }
}

#[tokio::test]
async fn what_a_context_refers_to_is_recorded() {
    let scene = Scene::new().await;
    let keystore = scene.pem_keystore("ks").await;
    let truststore = scene.pem_truststore("ts").await;
    let context = json!({
        "target": "FlexGateway", "name": "c",
        "keystore": path("keystores", &keystore),
        "truststore": { "path": "truststores/ts" },
    });
    let id = scene.post("tlsContexts", context).await;
    let version = scene.vault.store.version(id.parse().unwrap(), 1).await;
    let refers_to = version.unwrap().unwrap().refers_to;
    assert_eq!(
        refers_to,
        [keystore.parse().unwrap(), truststore.parse().unwrap()]
    );
}

//! Certificates, keystores, truststores, pinsets and CRL distributors.

use axum::http::{Method, StatusCode};
use rcgen::{BasicConstraints, CertificateParams, IsCa, KeyPair};
use serde_json::{Value, json};

use super::{STORE_PASSPHRASE, Scene, keystore, pair, path};
use crate::http::Part::{File, Text};
use crate::vault::ca;

#[tokio::test]
async fn certificates_show_what_is_in_them() {
    let scene = Scene::new().await;
    let id = scene.certificate("signer", IsCa::NoCa).await;
    let shown = scene.shown("certificates", &id).await;
    assert_eq!(shown["type"], "PEM");
    assert_eq!(shown["certificateFileName"], "cert.pem");
    assert_eq!(shown["expirationDate"], "4096-01-01");
    assert_eq!(shown["meta"]["path"], format!("certificates/{id}"));
    let details = &shown["details"];
    assert_eq!(details["certificateType"], "X.509");
    assert_eq!(details["basicConstraints"]["certificateAuthority"], false);
    for field in ["issuer", "subject", "validity"] {
        assert!(details[field].is_object(), "{field}");
    }
    for field in ["subjectAlternativeName", "keyUsage", "extendedKeyUsage"] {
        assert!(details[field].is_array(), "{field}");
    }
    for field in [
        "version",
        "serialNumber",
        "signatureAlgorithm",
        "publicKeyAlgorithm",
    ] {
        assert!(details[field].is_string(), "{field}");
    }

    // As the Terraform provider offers them.
    let parts = [
        Text("name", "from-jks"),
        Text("type", "JKS"),
        File("certStore", "cert.pem", keystore!("java-mismatch.jks")),
        Text("storePassphrase", STORE_PASSPHRASE),
    ];
    let id = scene.upload("certificates", &parts).await;
    assert_eq!(scene.shown("certificates", &id).await["type"], "JKS");
}

#[tokio::test]
async fn an_ended_certificate_needs_allow_expired_cert() {
    let scene = Scene::new().await;
    let mut params = CertificateParams::default();
    params.not_after = rcgen::date_time_ymd(2020, 1, 1);
    let pem = params.self_signed(&KeyPair::generate().unwrap()).unwrap();
    let pem = pem.pem();
    let parts = [
        Text("type", "PEM"),
        Text("name", "old"),
        File("certStore", "cert.pem", pem.as_bytes()),
    ];
    for path in ["certificates", "certificates?allowExpiredCert=false"] {
        let reply = scene.door.form(Method::POST, path, &parts).await;
        assert_eq!(reply.refused(), "certStore");
    }
    let id = scene
        .upload("certificates?allowExpiredCert=true", &parts)
        .await;
    let shown = scene.shown("certificates", &id).await;
    assert_eq!(shown["expirationDate"], "2020-01-01");
}

#[tokio::test]
async fn keystores_of_every_type_show_their_certificates_and_no_key() {
    let scene = Scene::new().await;
    let (certificate, key) = pair();
    let ca = ca().pem();
    // The order and the names of the Terraform provider.
    let parts = [
        Text("name", "pem"),
        Text("type", "PEM"),
        File("certificate", "cert.pem", certificate.as_bytes()),
        File("key", "key.pem", key.as_bytes()),
        Text("keyPassphrase", ""),
        File("caPathCertificate", "ca.pem", ca.as_bytes()),
        Text("algorithm", ""),
    ];
    let id = scene.upload("keystores", &parts).await;
    let shown = scene.shown("keystores", &id).await;
    assert_eq!(shown["capathFileName"], "ca.pem");
    assert_eq!(shown["keyFileName"], "key.pem");
    assert_eq!(
        shown["details"]["capath"][0]["subject"]["commonName"],
        "test CA"
    );

    for (store_type, file, bytes, passphrase) in [
        (
            "JKS",
            "server.jks",
            keystore!("java.jks"),
            "Key-pass22-leaf",
        ),
        (
            "JCEKS",
            "server.jceks",
            keystore!("java.jceks"),
            "Key-pass22-leaf",
        ),
        (
            "PKCS12",
            "server.p12",
            keystore!("java.p12"),
            STORE_PASSPHRASE,
        ),
    ] {
        // The order of the command line.
        let parts = [
            Text("type", store_type),
            Text("name", store_type),
            File("keyStore", file, bytes),
            Text("storePassphrase", STORE_PASSPHRASE),
            Text("keyPassphrase", passphrase),
            Text("alias", "leaf"),
            Text("algorithm", "PKIX"),
            Text("expirationDate", "2027-01-01"),
        ];
        let id = scene.upload("keystores", &parts).await;
        let reply = scene.door.get(&format!("keystores/{id}")).await;
        let shown = reply.ok();
        assert_eq!(shown["type"], store_type);
        assert_eq!(shown["keystoreFileName"], file);
        assert_eq!(shown["alias"], "leaf");
        assert_eq!(shown["algorithm"], "PKIX");
        assert_eq!(shown["expirationDate"], "2027-01-01");
        assert_eq!(
            shown["details"]["certificate"]["subject"]["commonName"],
            "leaf"
        );
        assert!(shown["details"]["capath"].is_array());
        for secret in [STORE_PASSPHRASE, passphrase, "PRIVATE"] {
            assert!(!reply.text.contains(secret), "{secret}");
        }
        let listed = scene
            .door
            .get(&format!("keystores?type={store_type}"))
            .await
            .ok();
        assert_eq!(listed.as_array().unwrap().len(), 1);
        assert_eq!(listed[0]["type"], store_type);
    }
}

#[tokio::test]
async fn truststores_of_every_type_show_their_entries() {
    let scene = Scene::new().await;
    for (store_type, file, passphrase, aliases) in [
        ("JKS", keystore!("java-trust.jks"), STORE_PASSPHRASE, 2),
        ("JCEKS", keystore!("java.jceks"), STORE_PASSPHRASE, 1),
        ("PKCS12", keystore!("java.p12"), STORE_PASSPHRASE, 1),
    ] {
        let parts = [
            Text("type", store_type),
            Text("name", store_type),
            File("trustStore", "truststore.bin", file),
            Text("storePassphrase", passphrase),
            Text("algorithm", "SunX509"),
        ];
        let id = scene.upload("truststores", &parts).await;
        let shown = scene.shown("truststores", &id).await;
        assert_eq!(shown["truststoreFileName"], "truststore.bin");
        assert_eq!(shown["algorithm"], "SunX509");
        let entries = shown["details"]["certificateEntries"].as_array().unwrap();
        assert_eq!(entries.len(), aliases, "{store_type}");
        for entry in entries {
            assert!(entry["alias"].is_string());
            assert!(entry["certificate"]["serialNumber"].is_string());
        }
    }
    let id = scene.pem_truststore("pem").await;
    let shown = scene.shown("truststores", &id).await;
    assert_eq!(shown["details"]["certificateEntries"][0]["alias"], "1");
}

#[tokio::test]
async fn pinsets_have_no_type_and_show_digests() {
    let scene = Scene::new().await;
    let (certificate, _) = pair();
    let pem = certificate.repeat(2);
    let file = File("certificatePinset", "cert.pem", pem.as_bytes());
    let parts = [Text("name", "pins"), file];
    let id = scene.upload("certificatePinsets", &parts).await;
    let shown = scene.shown("certificatePinsets", &id).await;
    assert_eq!(shown["expirationDate"], "4096-01-01");
    let entry = &shown["details"]["certificateEntries"][1];
    assert_eq!(entry["spkiSha256"].as_str().unwrap().len(), 64);
    assert_eq!(entry["sha256"].as_str().unwrap().len(), 64);
    let path = format!("certificatePinsets/{id}");
    let replaced = scene.door.form(Method::PUT, &path, &parts).await.ok();
    assert!(replaced["message"].is_string());
    assert!(!replaced["warnings"].to_string().contains("retired"));
    // What takes its place without having been announced is warned of.
    let (other, _) = pair();
    let file = File("certificatePinset", "cert.pem", other.as_bytes());
    let parts = [Text("name", "pins"), file];
    let replaced = scene.door.form(Method::PUT, &path, &parts).await.ok();
    let warnings = replaced["warnings"].to_string();
    assert!(warnings.contains("was not retired before"), "{warnings}");
}

#[tokio::test]
async fn a_pin_that_goes_with_a_version_or_a_session_is_warned_of_where_it_goes() {
    let scene = Scene::new().await;
    let pinset = |pins: &[(&str, &str)]| {
        let pin = |(digit, role): &(&str, &str)| json!({"digest": digit.repeat(64), "role": role});
        let pins: Vec<_> = pins.iter().map(pin).collect();
        json!(pins).to_string()
    };
    let two = pinset(&[("1", "active"), ("2", "active")]);
    let id = scene
        .upload(
            "certificatePinsets",
            &[Text("name", "pins"), Text("pins", &two)],
        )
        .await;
    let place = format!("certificatePinsets/{id}");
    let own = async |path: &str| {
        let path = format!("{place}/{path}");
        scene.door.own(Method::POST, &path, Value::Null).await.ok()
    };
    let stage = async |pins: &str| {
        let parts = [Text("name", "pins"), Text("pins", pins)];
        let path = format!("{place}/versions");
        let staged = scene.door.own_form(Method::POST, &path, &parts).await;
        staged.is(StatusCode::CREATED).json()
    };
    let is_told = |answer: &Value, pin: &str| {
        let warnings = answer["warnings"].to_string();
        let gone = warnings.contains("was not retired before");
        gone && warnings.contains(&pin.repeat(64))
    };

    // One is lost, one is new: staged, promoted, and taken back.
    let other = pinset(&[("1", "active"), ("3", "active")]);
    let staged = stage(&other).await;
    assert!(is_told(&staged, "2"), "{staged}");
    let promoted = own("promote").await;
    assert!(
        is_told(&promoted, "2") && !is_told(&promoted, "1"),
        "{promoted}"
    );
    let back = own("rollback").await;
    assert!(is_told(&back, "3") && !is_told(&back, "2"), "{back}");

    // What was retired before goes without a word.
    let retiring = pinset(&[("1", "active"), ("2", "retired")]);
    for pins in [retiring, pinset(&[("1", "active")])] {
        let staged = stage(&pins).await;
        let promoted = own("promote").await;
        assert!(!is_told(&staged, "2") && !is_told(&promoted, "2"), "{pins}");
    }

    // A session that puts in what it takes out again is not warned of at its end.
    for (pins, gone) in [
        (
            vec![pinset(&[("4", "active")]), pinset(&[("1", "active")])],
            None,
        ),
        (vec![pinset(&[("5", "active")])], Some("1")),
    ] {
        scene
            .door
            .call(Method::POST, "lock", &[], Value::Null)
            .await
            .is(StatusCode::CREATED);
        for pins in &pins {
            let parts = [Text("name", "pins"), Text("pins", pins)];
            scene.door.form(Method::PUT, &place, &parts).await.ok();
        }
        let finish = scene
            .door
            .call(Method::DELETE, "lock?action=finish", &[], Value::Null);
        let finished = finish.await.ok();
        match gone {
            None => assert_eq!(finished.get("warnings"), None, "{finished}"),
            Some(pin) => {
                assert!(is_told(&finished, pin), "{finished}");
                let warnings = finished["warnings"].to_string();
                assert!(
                    warnings.contains("/certificatePinsets/pins: "),
                    "{warnings}"
                );
            }
        }
    }
}

#[tokio::test]
async fn pins_come_with_certificates_or_alone_and_can_be_changed() {
    let scene = Scene::new().await;
    let next = format!("sha256/{}=", "A".repeat(43));
    let pins = json!([{"digest": next, "role": "backup", "note": "for 2027"}]).to_string();
    let (certificate, _) = pair();
    let file = File("certificatePinset", "cert.pem", certificate.as_bytes());
    let parts = [Text("name", "both"), file, Text("pins", &pins)];
    let id = scene.upload("certificatePinsets", &parts).await;
    let shown = scene.shown("certificatePinsets", &id).await;
    let pin = json!({"digest": "00".repeat(32), "kind": "spki", "role": "backup",
        "note": "for 2027"});
    assert_eq!(shown["pins"], json!([pin]));
    let entries = shown["details"]["certificateEntries"].clone();
    assert_eq!(entries.as_array().unwrap().len(), 1);

    // Other pins beside the same certificates are a new version.
    let path = format!("certificatePinsets/{id}");
    let change = json!({"pins": [{"digest": "11".repeat(32), "kind": "certificate"}]});
    let reply = scene
        .door
        .json(Method::PATCH, &path, &change.to_string())
        .await;
    let warnings = reply.ok()["warnings"].to_string();
    assert!(warnings.contains("no backup pin"), "{warnings}");
    assert!(warnings.contains("was not retired before"), "{warnings}");
    let shown = scene.shown("certificatePinsets", &id).await;
    assert_eq!(shown["version"], 2);
    assert_eq!(shown["pins"][0]["kind"], "certificate");
    assert_eq!(shown["details"]["certificateEntries"], entries);
    assert_eq!(shown["certificatePinsetFileName"], "cert.pem");
    // Name and date alone are not.
    let change = json!({"name": "renamed"}).to_string();
    scene.door.json(Method::PATCH, &path, &change).await.ok();
    assert_eq!(scene.shown("certificatePinsets", &id).await["version"], 2);

    let parts = [Text("name", "alone"), Text("pins", &pins)];
    let id = scene.upload("certificatePinsets", &parts).await;
    let shown = scene.shown("certificatePinsets", &id).await;
    assert!(shown.get("certificatePinsetFileName").is_none());
    for (path, body, place) in [
        (
            format!("certificatePinsets/{id}"),
            json!({"pins": []}),
            "/pins",
        ),
        (
            format!("certificatePinsets/{id}"),
            json!({"pins": [{"digest": "x"}]}),
            "/pins/0/digest",
        ),
        (
            format!("certificatePinsets/{id}"),
            json!({"pins": [{"digest": next, "role": "x"}]}),
            "/pins/0/role",
        ),
        (
            format!("truststores/{}", scene.pem_truststore("ca").await),
            json!({"pins": []}),
            "/pins",
        ),
    ] {
        let reply = scene
            .door
            .json(Method::PATCH, &path, &body.to_string())
            .await;
        assert_eq!(reply.refused(), place, "{body}");
    }
}

#[tokio::test]
async fn leaves_of_a_truststore_are_pinned_where_that_is_allowed() {
    let scene = Scene::new().await;
    let (leaf, _) = pair();
    let pem = format!("{leaf}{}", ca().pem());
    let file = File("trustStore", "truststore.pem", pem.as_bytes());
    let parts = [Text("name", "mixed"), Text("type", "PEM"), file];
    for path in ["truststores", "truststores?allowPinnedLeaves=false"] {
        let reply = scene.door.form(Method::POST, path, &parts).await;
        assert_eq!(reply.refused(), "trustStore");
        assert!(
            reply.text.contains("allowPinnedLeaves=true"),
            "{}",
            reply.text
        );
    }
    let id = scene
        .upload("truststores?allowPinnedLeaves=true", &parts)
        .await;
    let shown = scene.shown("truststores", &id).await;
    let entries = &shown["details"]["certificateEntries"];
    assert_eq!(entries[0]["pinned"], true);
    assert!(entries[1].get("pinned").is_none());
}

#[tokio::test]
async fn crl_distributors_refer_to_certificates_of_the_group() {
    let scene = Scene::new().await;
    let signer = scene.certificate("the signer", IsCa::NoCa).await;
    let root = IsCa::Ca(BasicConstraints::Unconstrained);
    let root = scene.certificate("root", root).await;
    let good = json!({
        "name": "crl", "completeCrlIssuerUrl": "http://crl.example.com/ca.crl", "frequency": 60,
        "distributorCertificate": { "path": "certificates/the%20signer" },
        "deltaCrlIssuerUrl": "https://crl.example.com/delta.crl",
        "caCertificate": path("certificates", &root),
    });
    let id = scene.post("crlDistributorConfigs", good.clone()).await;
    let shown = scene.shown("crlDistributorConfigs", &id).await;
    for field in [
        "name",
        "completeCrlIssuerUrl",
        "deltaCrlIssuerUrl",
        "frequency",
        "caCertificate",
    ] {
        assert_eq!(shown[field], good[field], "{field}");
    }
    // A reference by name is answered with the id.
    let by_id = path("certificates", &signer);
    assert_eq!(shown["distributorCertificate"], by_id);
    assert!(shown.get("type").is_none() && shown["expirationDate"].is_string());

    for (field, value, place) in [
        ("frequency", json!(1), "/frequency"),
        ("frequency", json!(1001), "/frequency"),
        ("frequency", json!(2.5), "/frequency"),
        (
            "completeCrlIssuerUrl",
            json!("ldap://a/b"),
            "/completeCrlIssuerUrl",
        ),
        (
            "deltaCrlIssuerUrl",
            json!("http://me:secret@a/b"),
            "/deltaCrlIssuerUrl",
        ),
        (
            "distributorCertificate",
            path("keystores", &signer),
            "/distributorCertificate/path",
        ),
        (
            "distributorCertificate",
            json!({"path":"certificates/nobody"}),
            "/distributorCertificate/path",
        ),
        (
            "distributorCertificate",
            json!({"path":"../certificates"}),
            "/distributorCertificate/path",
        ),
        ("caCertificate", by_id, "/caCertificate/path"),
        ("colour", json!("blue"), "/colour"),
    ] {
        let mut body = good.clone();
        body["name"] = json!("other");
        body[field] = value;
        let reply = scene
            .door
            .json(Method::POST, "crlDistributorConfigs", &body.to_string())
            .await;
        assert_eq!(reply.refused(), place, "{body}");
        assert!(!reply.text.contains("secret@"), "{}", reply.text);
    }
}

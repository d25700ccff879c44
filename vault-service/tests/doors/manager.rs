//! The public door.

use std::fs;

use axum::http::{Method, StatusCode};
use rcgen::{CertificateParams, KeyPair};
use sallyport_model::{Access, Collection};
use sallyport_vault::clock;
use sallyport_vault::manager::{ExpiredCertificates, Manager, ManagerError, PinnedLeaves};
use serde_json::json;

use crate::scene::Scene;
use crate::vault::{Vault, ca, form, upload};

const PASSWORD: &str = "a password that must not be found";

#[tokio::test]
async fn the_manager_seals_without_any_private_key_at_hand() {
    let vault = Vault::new().await;
    let data = vault.dir.path().join("data");
    fs::remove_file(data.join("root.key")).unwrap();
    let group = vault.group("payments").await;
    vault.password(&group, "backend", PASSWORD).await;

    let listed = vault
        .manager
        .secrets(&group, Collection::SharedSecrets)
        .await
        .unwrap();
    let shown = format!("{listed:?}");
    assert!(shown.contains("backend") && !shown.contains(PASSWORD));
    for entry in fs::read_dir(&data).unwrap() {
        let path = entry.unwrap().path();
        let bytes = fs::read(&path).unwrap();
        assert!(
            !bytes
                .windows(PASSWORD.len())
                .any(|window| window == PASSWORD.as_bytes()),
            "{path:?}"
        );
    }
}

#[tokio::test]
async fn a_refused_upload_names_the_part_and_writes_nothing() {
    let vault = Vault::new().await;
    let group = vault.group("payments").await;
    let (mine, other) = (KeyPair::generate().unwrap(), KeyPair::generate().unwrap());
    let certificate = CertificateParams::default()
        .self_signed(&mine)
        .unwrap()
        .pem();
    let mut old = CertificateParams::default();
    old.not_after = rcgen::date_time_ymd(2020, 1, 1);
    let expired = old.self_signed(&mine).unwrap().pem();
    let (mine, other) = (mine.serialize_pem(), other.serialize_pem());

    for (certificate, key, place, said) in [
        (
            certificate.as_str(),
            other.as_str(),
            "key",
            "does not belong to the certificate",
        ),
        (
            expired.as_str(),
            mine.as_str(),
            "certificate",
            "expired on 2020-01-01",
        ),
        ("nonsense", mine.as_str(), "certificate", ""),
        (certificate.as_str(), "nonsense", "key", "no private key"),
        (mine.as_str(), mine.as_str(), "certificate", ""),
    ] {
        let form = form(
            &[("type", "PEM"), ("name", "server")],
            &[
                ("certificate", certificate.as_bytes()),
                ("key", key.as_bytes()),
            ],
        );
        let violation = Manager::keystore(&form, ExpiredCertificates::Refuse, clock::now())
            .err()
            .unwrap();
        assert_eq!(violation.place, place, "{violation}");
        assert!(violation.to_string().contains(said), "{violation}");
    }
    let allowed = form(
        &[("type", "PEM"), ("name", "server")],
        &[
            ("certificate", expired.as_bytes()),
            ("key", mine.as_bytes()),
        ],
    );
    assert!(Manager::keystore(&allowed, ExpiredCertificates::Allow, clock::now()).is_ok());
    assert!(
        vault
            .manager
            .secrets(&group, Collection::Keystores)
            .await
            .unwrap()
            .is_empty()
    );
}

#[tokio::test]
async fn a_leaf_certificate_is_no_trust_anchor() {
    let key = KeyPair::generate().unwrap();
    let leaf = CertificateParams::default()
        .self_signed(&key)
        .unwrap()
        .pem();
    let both = format!("{}{leaf}", ca().pem());
    let form = form(
        &[("type", "PEM"), ("name", "partners")],
        &[("trustStore", both.as_bytes())],
    );
    let violation = Manager::truststore(&form, PinnedLeaves::Refuse, clock::now())
        .err()
        .unwrap();
    assert_eq!(violation.place, "trustStore");
    assert_eq!(violation.problem.code(), "invalid_trust_anchor");
}

#[tokio::test]
async fn a_tls_context_that_cannot_hold_is_refused_with_the_place() {
    let vault = Vault::new().await;
    let group = vault.group("payments").await;
    let truststore = vault.truststore(&group, "partners").await;
    let good = json!({
        "name": "inbound", "target": "FlexGateway",
        "minTlsVersion": "TLSv1.2", "maxTlsVersion": "TLSv1.3", "alpnProtocols": ["h2"],
        "cipherSuites": ["TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256"],
        "inboundSettings": { "enableClientCertValidation": true },
        "truststore": { "path": format!("truststores/{truststore}") },
    });
    let check = async |change: serde_json::Value| -> Option<String> {
        let mut upload = good.clone();
        for (field, value) in change.as_object().unwrap() {
            upload[field] = value.clone();
        }
        let upload = serde_json::from_value(upload).unwrap();
        match vault
            .manager
            .tls_context(&group, upload, clock::now())
            .await
        {
            Ok(_) => None,
            Err(ManagerError::Invalid(violations)) => Some(violations[0].place.clone()),
            Err(error) => panic!("{error}"),
        }
    };
    assert_eq!(check(json!({})).await, None);
    let other = "truststores/99999999-9999-4999-8999-999999999999";
    for (change, place) in [
        (
            json!({ "minTlsVersion": "TLSv1.3", "maxTlsVersion": "TLSv1.2" }),
            "/minTlsVersion",
        ),
        (json!({ "alpnProtocols": [] }), "/alpnProtocols"),
        (json!({ "cipherSuites": [] }), "/cipherSuites"),
        (
            json!({ "cipherSuites": ["TLS_RSA_WITH_3DES_EDE_CBC_SHA"] }),
            "/cipherSuites/0",
        ),
        (json!({ "target": "Mule" }), "/minTlsVersion"),
        (json!({ "expirationDate": "01/01/2030" }), "/expirationDate"),
        (
            json!({ "truststore": { "path": other } }),
            "/truststore/path",
        ),
        (
            json!({ "truststore": { "path": format!("keystores/{truststore}") } }),
            "/truststore/path",
        ),
        (json!({ "truststore": null }), "/truststore"),
    ] {
        assert_eq!(
            check(change.clone()).await.as_deref(),
            Some(place),
            "{change}"
        );
    }
}

#[tokio::test]
async fn a_name_is_taken_once_and_the_error_says_by_what() {
    let vault = Vault::new().await;
    let group = vault.group("payments").await;
    vault.password(&group, "backend", PASSWORD).await;
    let draft = Manager::shared_secret(upload("backend", "x")).unwrap();
    let error = vault
        .manager
        .create_secret(
            &vault.administrator,
            &group,
            Collection::SharedSecrets,
            draft,
            clock::now(),
        )
        .await
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        "the name \"backend\" is taken by another shared secret"
    );
}

#[tokio::test]
async fn who_has_no_grant_finds_no_group_and_is_written_down() {
    let vault = Vault::new().await;
    let group = vault.group("payments").await;
    let (id, _) = vault.gateway("edge").await;
    let stranger = vault.store.actor(id).await.unwrap().unwrap().into();
    let error = vault
        .manager
        .group(
            &stranger,
            vault.scope,
            group.id,
            Access::Write,
            clock::now(),
        )
        .await
        .unwrap_err();
    assert!(
        matches!(
            error,
            ManagerError::NoSuch {
                what: "secret group",
                ..
            }
        ),
        "{error}"
    );
    let entry = vault.audit().await.pop().unwrap();
    assert_eq!(
        (entry.operation.as_str(), entry.reason.as_deref()),
        ("group.write", Some("not_granted"))
    );
}

#[tokio::test]
async fn a_gateway_can_be_granted_reading_and_nothing_more() {
    let vault = Vault::new().await;
    let group = vault.group("payments").await;
    let (id, _) = vault.gateway("edge").await;
    for access in [Access::Write, Access::Manage] {
        let access = vec![Access::Read, access];
        let error = vault
            .manager
            .grant(&vault.administrator, &group, id, access, clock::now())
            .await
            .unwrap_err();
        assert!(error.to_string().contains("/access/1"), "{error}");
    }
    assert!(vault.manager.grants(&group).await.unwrap().is_empty());
}

#[tokio::test]
async fn the_audit_log_says_who_opened_a_group_for_downloads() {
    let scene = Scene::new().await;
    let since = scene.vault.audit().await.len();
    for change in [
        json!({ "downloadable": true }),
        json!({ "downloadable": true }),
        json!({ "name": "renamed" }),
        json!({ "name": "payments", "downloadable": false }),
    ] {
        let reply = scene.door.call(Method::PATCH, "", &[], change).await;
        reply.is(StatusCode::OK);
    }
    let id = scene.group.id;
    let log = scene.vault.audit().await;
    let told: Vec<_> = log[since..]
        .iter()
        .map(|entry| (entry.operation.as_str(), entry.object.clone()))
        .collect();
    let expected = [
        ("group.downloadable", "payments", "true"),
        ("group.update", "payments", "payments"),
        ("group.update", "payments", "renamed"),
        ("group.update", "renamed", "payments"),
        ("group.downloadable", "renamed", "false"),
    ];
    let expected =
        expected.map(|(operation, name, to)| (operation, format!("{name} ({id}) to {to}")));
    assert_eq!(told, expected);
}

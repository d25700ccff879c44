//! Stored certificate files, handed to gateways as files.

use axum::http::{Method, StatusCode};
use rcgen::IsCa;
use sallyport_model::{DownloadRequest, Refusal};
use sallyport_pki::{Keystore, certificates_from_pem};
use sallyport_vault::clock;
use sallyport_vault::provider::{Download, DownloadError, Gateway};
use sallyport_vault::store::AuditOutcome;
use serde_json::{Value, json};

use super::{Scene, pair};
use crate::http::Part::{File, Text};

const PASSPHRASE: &str = "Export-pass1";

impl Scene {
    async fn downloadable(&self, downloadable: bool) {
        let body = json!({ "downloadable": downloadable });
        let reply = self.door.call(Method::PATCH, "", &[], body).await;
        reply.is(StatusCode::OK);
    }

    /// A gateway with a read grant.
    async fn reader(&self) -> Gateway {
        let (id, gateway) = self.vault.gateway("java").await;
        self.vault.grant(&self.group, id).await;
        gateway
    }

    async fn download(
        &self,
        gateway: &Gateway,
        reference: &str,
        format: &str,
        passphrase: Option<&str>,
    ) -> Result<Download, DownloadError> {
        let reference = format!("secret://payments/{reference}");
        let request = json!({ "reference": reference, "format": format, "passphrase": passphrase });
        let request: DownloadRequest = serde_json::from_value(request).unwrap();
        let provider = &self.vault.provider;
        provider.download(gateway, request, clock::now()).await
    }
}

#[tokio::test]
async fn a_keystore_is_downloaded_as_pem_and_as_pkcs12_and_the_log_has_it() {
    let scene = Scene::new().await;
    scene.downloadable(true).await;
    scene.jks_keystore("edge").await;
    let gateway = scene.reader().await;

    let p12 = scene
        .download(&gateway, "keystores/edge", "pkcs12", Some(PASSPHRASE))
        .await
        .unwrap();
    let stored = Keystore::open(&p12.file, PASSPHRASE).unwrap();
    let entry = stored.private_key("edge", PASSPHRASE).unwrap();
    let plain = scene
        .download(&gateway, "keystores/edge", "pem", None)
        .await
        .unwrap();
    let certificates = String::from_utf8(plain.file.to_vec()).unwrap();
    let (key, certificates) = certificates.split_once("-----BEGIN CERTIFICATE").unwrap();
    assert!(key.starts_with("-----BEGIN PRIVATE KEY-----"));
    let certificates = format!("-----BEGIN CERTIFICATE{certificates}");
    let certificates = certificates_from_pem(certificates.as_bytes()).unwrap();
    assert_eq!(certificates, entry.chain);
    let encrypted = scene
        .download(&gateway, "keystores/edge@1", "pem", Some(PASSPHRASE))
        .await
        .unwrap();
    assert!(
        encrypted
            .file
            .starts_with(b"-----BEGIN ENCRYPTED PRIVATE KEY-----")
    );
    assert_eq!((p12.version, plain.version, encrypted.version), (1, 1, 1));

    let log = scene.vault.audit().await;
    let entry = log.last().unwrap();
    assert_eq!(entry.operation, "secret.download");
    assert_eq!(entry.object, "secret://payments/keystores/edge@1");
    assert_eq!(
        (entry.outcome, entry.version),
        (AuditOutcome::Allowed, Some(1))
    );
}

#[tokio::test]
async fn truststores_and_certificates_are_downloaded_without_a_key() {
    let scene = Scene::new().await;
    scene.downloadable(true).await;
    scene.jks_truststore("partners").await;
    scene.certificate("signer", IsCa::NoCa).await;
    let gateway = scene.reader().await;
    for (reference, first) in [
        ("truststores/partners", "partners-1"),
        ("certificates/signer", "signer-1"),
    ] {
        let pem = scene.download(&gateway, reference, "pem", None).await;
        let pem = certificates_from_pem(&pem.unwrap().file).unwrap();
        let p12 = scene
            .download(&gateway, reference, "pkcs12", Some(PASSPHRASE))
            .await;
        let p12 = Keystore::open(&p12.unwrap().file, PASSPHRASE).unwrap();
        let trusted = p12.trusted_certificates();
        assert_eq!(trusted[0].alias, first);
        let trusted: Vec<_> = trusted.into_iter().map(|entry| entry.certificate).collect();
        assert_eq!(trusted, pem);
    }
}

#[tokio::test]
async fn a_group_that_is_not_downloadable_hands_out_no_file() {
    let scene = Scene::new().await;
    scene.pem_keystore("edge").await;
    let gateway = scene.reader().await;
    let refused = scene
        .download(&gateway, "keystores/edge", "pem", None)
        .await;
    let error = refused.err().unwrap();
    assert_eq!(error.code(), "not_downloadable");
    assert!(
        error.to_string().contains("group update payments"),
        "{error}"
    );
    assert_eq!(last_refusal(&scene).await, "not_downloadable");

    // Taken back, it ends at once.
    scene.downloadable(true).await;
    let allowed = scene
        .download(&gateway, "keystores/edge", "pem", None)
        .await;
    assert!(allowed.is_ok());
    scene.downloadable(false).await;
    let refused = scene
        .download(&gateway, "keystores/edge", "pem", None)
        .await;
    assert_eq!(refused.err().unwrap().code(), "not_downloadable");
}

#[tokio::test]
async fn a_gateway_without_grant_gets_no_file_and_learns_nothing() {
    let scene = Scene::new().await;
    scene.downloadable(true).await;
    scene.pem_keystore("edge").await;
    let (_, stranger) = scene.vault.gateway("stranger").await;
    let there = scene
        .download(&stranger, "keystores/edge", "pem", None)
        .await;
    let absent = scene
        .download(&stranger, "keystores/none", "pem", None)
        .await;
    let (there, absent) = (there.err().unwrap(), absent.err().unwrap());
    assert_eq!(there.to_string(), absent.to_string());
    assert_eq!(there.code(), "not_granted");
    assert_eq!(last_refusal(&scene).await, "not_granted");
}

#[tokio::test]
async fn what_cannot_be_a_file_is_refused_with_the_reason() {
    let scene = Scene::new().await;
    scene.downloadable(true).await;
    scene.pem_keystore("edge").await;
    scene.pem_truststore("partners").await;
    let blob = json!({"type": "Blob", "name": "notes", "content": "c"});
    scene.post("sharedSecrets", blob).await;
    let (leaf, _) = pair();
    let file = File("trustStore", "leaf.pem", leaf.as_bytes());
    let pinned = [Text("name", "pinned"), Text("type", "PEM"), file];
    scene
        .upload("truststores?allowPinnedLeaves=true", &pinned)
        .await;
    let gateway = scene.reader().await;
    let long = "x".repeat(5000);
    for (reference, format, passphrase, code) in [
        ("sharedSecrets/notes", "pem", None, "not_served"),
        ("tlsContexts/none", "pem", None, "not_served"),
        ("keystores/none", "pem", None, "not_found"),
        ("keystores/edge@7", "pem", None, "not_found"),
        ("keystores/edge#key", "pem", None, "not_found"),
        ("keystores", "pem", None, "malformed_reference"),
        ("keystores/edge", "pkcs12", None, "invalid_request"),
        ("keystores/edge", "pkcs12", Some(""), "invalid_request"),
        ("keystores/edge", "pem", Some(&*long), "invalid_request"),
        ("truststores/partners", "pem", Some("p"), "invalid_request"),
        ("truststores/partners", "pkcs12", None, "invalid_request"),
        ("truststores/pinned", "pem", None, "invalid_request"),
    ] {
        let refused = scene
            .download(&gateway, reference, format, passphrase)
            .await;
        let error = refused.err().unwrap();
        assert_eq!(error.code(), code, "{reference} {format}: {error}");
        assert_eq!(last_refusal(&scene).await, code);
    }
    let filter = scene
        .vault
        .resolve(&gateway, "secret://payments/keystores/edge", None, 0)
        .await
        .unwrap();
    let refused: Value = filter["outcome"]["refused"]["reason"].clone();
    assert_eq!(refused, Refusal::NotServed.as_str());
}

async fn last_refusal(scene: &Scene) -> String {
    let log = scene.vault.audit().await;
    let entry = log.last().unwrap();
    assert_eq!(entry.outcome, AuditOutcome::Refused);
    entry.reason.clone().unwrap_or_default()
}

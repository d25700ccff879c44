//! Every kind of secret through the public door, in the bodies real clients send.

mod download;
pub(crate) mod fetched_lists;
mod published_lists;
mod secrecy;
mod served_contexts;
mod stores;
mod tls_contexts;

use std::path::Path;

use axum::http::Method;
use rcgen::{CertificateParams, IsCa, KeyPair};
use sallyport_vault::store::GroupRecord;
use serde_json::{Value, json};

use crate::http::Part::{File, Text};
use crate::http::{Door, Part};
use crate::vault::{Vault, ca};

const STORE_PASSPHRASE: &str = "Store-pass1";

/// A keystore made by a tool of the field; its store passphrase is [`STORE_PASSPHRASE`].
macro_rules! keystore {
    ($name:literal) => {
        include_bytes!(concat!("../../../pki/tests/fixtures/keystores/", $name)).as_slice()
    };
}
use keystore;

pub(crate) struct Scene {
    pub(crate) vault: Vault,
    pub(crate) group: GroupRecord,
    pub(crate) door: Door,
}

impl Scene {
    pub(crate) async fn new() -> Self {
        let vault = Vault::new().await;
        let group = vault.group("payments").await;
        let door = Door::open(&vault, group.id).await;
        Self { vault, group, door }
    }

    /// The same after the process ended and started again.
    async fn reopened(self) -> Self {
        self.closed(async |_| ()).await
    }

    /// The same after something was done with the data directory that no process had open.
    async fn closed(self, meanwhile: impl AsyncFnOnce(&Path)) -> Self {
        let Self { vault, group, door } = self;
        drop(door);
        let vault = vault.closed(meanwhile).await;
        let door = Door::open(&vault, group.id).await;
        Self { vault, group, door }
    }

    pub(crate) async fn post(&self, collection: &str, body: Value) -> String {
        let body = body.to_string();
        self.door
            .json(Method::POST, collection, &body)
            .await
            .created()
    }

    pub(crate) async fn upload(&self, collection: &str, parts: &[Part<'_>]) -> String {
        self.door
            .form(Method::POST, collection, parts)
            .await
            .created()
    }

    pub(crate) async fn shown(&self, collection: &str, id: &str) -> Value {
        self.door.get(&format!("{collection}/{id}")).await.ok()
    }

    pub(crate) async fn pem_keystore(&self, name: &str) -> String {
        let (certificate, key) = pair();
        let parts = [
            Text("type", "PEM"),
            Text("name", name),
            File("certificate", "server.pem", certificate.as_bytes()),
            File("key", "server.key", key.as_bytes()),
        ];
        self.upload("keystores", &parts).await
    }

    pub(crate) async fn jks_keystore(&self, name: &str) -> String {
        let parts = [
            Text("type", "JKS"),
            Text("name", name),
            File("keyStore", "server.jks", keystore!("java.jks")),
            Text("storePassphrase", STORE_PASSPHRASE),
            Text("alias", "leaf"),
            Text("keyPassphrase", "Key-pass22-leaf"),
        ];
        self.upload("keystores", &parts).await
    }

    pub(crate) async fn pem_truststore(&self, name: &str) -> String {
        let pem = ca().pem();
        let file = File("trustStore", "truststore.pem", pem.as_bytes());
        let parts = [Text("name", name), Text("type", "PEM"), file];
        self.upload("truststores", &parts).await
    }

    pub(crate) async fn jks_truststore(&self, name: &str) -> String {
        let file = keystore!("java-trust.jks");
        let parts = [
            Text("name", name),
            Text("type", "JKS"),
            File("trustStore", "truststore.jks", file),
            Text("storePassphrase", STORE_PASSPHRASE),
        ];
        self.upload("truststores", &parts).await
    }

    pub(crate) async fn certificate(&self, name: &str, is_ca: IsCa) -> String {
        let mut params = CertificateParams::default();
        params.is_ca = is_ca;
        let pem = params.self_signed(&KeyPair::generate().unwrap()).unwrap();
        let pem = pem.pem();
        let parts = [
            Text("type", "PEM"),
            Text("name", name),
            File("certStore", "cert.pem", pem.as_bytes()),
        ];
        self.upload("certificates", &parts).await
    }
}

pub(crate) fn pair() -> (String, String) {
    let key = KeyPair::generate().unwrap();
    let certificate = CertificateParams::default().self_signed(&key).unwrap();
    (certificate.pem(), key.serialize_pem())
}

pub(crate) fn path(collection: &str, id: &str) -> Value {
    json!({ "path": format!("{collection}/{id}") })
}

#[tokio::test]
async fn a_type_never_changes() {
    let scene = Scene::new().await;
    let blob = json!({"type":"Blob","name":"x","content":"c"});
    let id = scene.post("sharedSecrets", blob).await;
    let key = json!({"type":"SymmetricKey","name":"x","key":"AAAA"}).to_string();
    let reply = scene
        .door
        .json(Method::PUT, &format!("sharedSecrets/{id}"), &key)
        .await;
    assert_eq!(reply.refused(), "/type");

    let id = scene.pem_truststore("ts").await;
    let parts = [
        Text("type", "JKS"),
        Text("name", "ts"),
        File("trustStore", "ts.jks", keystore!("java-trust.jks")),
        Text("storePassphrase", STORE_PASSPHRASE),
    ];
    let reply = scene
        .door
        .form(Method::PUT, &format!("truststores/{id}"), &parts)
        .await;
    assert!(reply.refused().ends_with("type"));

    let keystore = scene.pem_keystore("ks").await;
    let flex = json!({"target":"FlexGateway","name":"c","keystore":path("keystores", &keystore)});
    let id = scene.post("tlsContexts", flex).await;
    let jks = scene.jks_keystore("jks").await;
    let mule = json!({"target":"Mule","name":"c","keystore":path("keystores", &jks)});
    let reply = scene
        .door
        .json(Method::PUT, &format!("tlsContexts/{id}"), &mule.to_string())
        .await;
    assert_eq!(reply.refused(), "/target");
}

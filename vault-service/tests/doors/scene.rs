//! A group with secrets that refer to each other, and a door in front of it.

use axum::http::{Method, StatusCode};
use sallyport_vault::store::GroupRecord;
use serde_json::{Value, json};

use crate::http::Door;
use crate::vault::Vault;

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

    pub(crate) async fn password(&self, name: &str, password: &str) -> String {
        self.door
            .call(Method::POST, "sharedSecrets", &[], body(name, password))
            .await
            .created()
    }

    pub(crate) async fn replace(&self, id: &str, name: &str, password: &str) {
        self.door
            .call(Method::PUT, &at(id), &[], body(name, password))
            .await
            .is(StatusCode::OK);
    }

    /// A truststore, and a TLS context that uses it.
    pub(crate) async fn context(&self) -> (String, String) {
        let truststore = self.vault.truststore(&self.group, "partners").await;
        let context = context_body("inbound", &truststore.to_string());
        let context = self
            .door
            .call(Method::POST, "tlsContexts", &[], context)
            .await;
        (truststore.to_string(), context.created())
    }

    /// What a gateway gets for a reference to a shared secret.
    pub(crate) async fn served(&self, reference: &str) -> Value {
        let name = format!("edge-{}", self.vault.audit().await.len());
        let (id, gateway) = self.vault.gateway(&name).await;
        self.vault.grant(&self.group, id).await;
        let reference = format!("secret://payments/sharedSecrets/{reference}");
        self.vault
            .resolve(&gateway, &reference, None, 0)
            .await
            .unwrap()["outcome"]
            .clone()
    }

    pub(crate) async fn served_password(&self, reference: &str) -> String {
        let outcome = self.served(reference).await;
        let material = &outcome["current"]["material"]["sharedSecret"];
        let password = &material["usernamePassword"]["password"];
        password.as_str().unwrap_or_default().to_owned()
    }

    /// Operations in the audit log from a position on.
    pub(crate) async fn operations(&self, from: usize) -> Vec<String> {
        let log = self.vault.audit().await.into_iter().skip(from);
        log.map(|entry| entry.operation).collect()
    }
}

pub(crate) fn at(id: &str) -> String {
    format!("sharedSecrets/{id}")
}

pub(crate) fn body(name: &str, password: &str) -> Value {
    json!({ "type": "UsernamePassword", "name": name, "username": "gw", "password": password })
}

pub(crate) fn context_body(name: &str, truststore: &str) -> Value {
    json!({
        "name": name, "target": "FlexGateway",
        "minTlsVersion": "TLSv1.3", "maxTlsVersion": "TLSv1.3", "alpnProtocols": ["http/1.1"],
        "inboundSettings": { "enableClientCertValidation": true },
        "truststore": { "path": format!("truststores/{truststore}") },
    })
}

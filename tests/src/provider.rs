//! The internal door, asked as a gateway asks it.

use std::net::SocketAddr;

use http::Request;
use serde_json::{Value, json};

use crate::client::{Client, Reply};
use crate::pki::Identity;
use crate::vault::Vault;
use crate::{Error, Result};

/// A gateway's view of the vault.
#[derive(Clone)]
pub struct Provider {
    client: Client,
    address: SocketAddr,
    scope: Value,
}

impl Provider {
    /// Calls with that client certificate, or without one.
    pub fn new(vault: &Vault, identity: Option<&Identity>) -> Result<Self> {
        let account = vault.account();
        Ok(Self {
            client: Client::new(&vault.ca()?, "sallyport-vault", identity)?,
            address: vault.provider(),
            scope: json!({
                "organization": account.organization.id,
                "environment": account.environment.id,
            }),
        })
    }

    /// Asks for one reference, without waiting.
    pub async fn resolve(&self, reference: &str) -> Result<Reply> {
        let body = json!({
            "scope": self.scope,
            "references": [{"reference": reference}],
            "wait": 0,
        });
        let request = Request::post("/provider/v1/resolve")
            .header("content-type", "application/json")
            .body(body.to_string())?;
        self.client.send(self.address, request).await
    }

    /// The `outcome` of one reference.
    pub async fn outcome(&self, reference: &str) -> Result<Value> {
        let answer = self.resolve(reference).await?.success("resolve")?.json()?;
        answer
            .pointer("/answers/0/outcome")
            .cloned()
            .ok_or_else(|| Error::shape("resolve", "answers[0].outcome", &answer))
    }
}

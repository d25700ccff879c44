//! The internal door, asked as a gateway asks it.

use std::net::SocketAddr;

use http::Request;
use serde_json::{Value, json};

use crate::client::{Client, Connection, Reply};
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
        let known = json!({"reference": reference});
        self.client.send(self.address, self.call(&known, 0)?).await
    }

    /// A connection for one call after the other.
    pub async fn connect(&self) -> Result<Connection> {
        self.client.connect(self.address).await
    }

    /// What the vault says of whether it is ready.
    pub async fn readiness(&self) -> Result<String> {
        Ok(self.connect().await?.get("/readyz").await?.body)
    }

    /// A call for one reference, with the revision that is known of it or without one, which waits for
    /// so many seconds.
    pub fn call(&self, known: &Value, wait: u32) -> Result<Request<String>> {
        let body = json!({"scope": self.scope, "references": [known], "wait": wait});
        let request = Request::post("/provider/v1/resolve");
        let request = request.header("content-type", "application/json");
        Ok(request.body(body.to_string())?)
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

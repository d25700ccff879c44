//! The requests of the two Terraform providers, header by header and part by part, and what they
//! decode of the answers. Both are written in Go; where they differ, each has a test of its own.

mod community;
mod official;

use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, StatusCode};
use sallyport_tests::Result;
use sallyport_tests::client::{Client, Reply};
use sallyport_tests::multipart::Form;
use sallyport_tests::vault::Vault;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

/// A provider that has signed in.
struct Terraform {
    client: Client,
    address: std::net::SocketAddr,
    /// Sent with every request.
    headers: HeaderMap,
    organization: String,
    environment: String,
}

/// What create calls answer.
#[derive(Deserialize)]
struct Created {
    message: String,
    id: String,
}

/// `meta` of anything.
#[derive(Deserialize)]
struct Meta {
    id: String,
}

impl Terraform {
    /// Signs in and looks up the organization, as every resource of a plan does anew.
    async fn sign_in(vault: &Vault, user_agent: &'static str) -> Result<Self> {
        let account = vault.account();
        let mut terraform = Self {
            client: Client::new(&vault.ca()?, "localhost", None)?,
            address: vault.manager(),
            headers: HeaderMap::new(),
            organization: String::new(),
            environment: account.environment.id.clone(),
        };
        terraform.set("user-agent", user_agent);
        terraform.set("accept-encoding", "gzip");
        let credentials = json!({
            "client_id": account.client_id,
            "client_secret": account.client_secret,
            "grant_type": "client_credentials",
        });
        let token = terraform
            .json(
                Method::POST,
                "/accounts/api/v2/oauth2/token",
                &[],
                &credentials,
            )
            .await?;
        let token: Value = decode(&token, StatusCode::OK);
        let token = token["access_token"].as_str().unwrap();
        terraform.set("authorization", &format!("Bearer {token}"));
        let me = terraform.get("/accounts/api/me", &[]).await?;
        terraform.organization = organization(&decode(&me, StatusCode::OK));
        Ok(terraform)
    }

    /// Adds a header to every request from now on.
    fn set(&mut self, name: &'static str, value: &str) {
        self.headers.insert(
            HeaderName::from_static(name),
            HeaderValue::from_str(value).unwrap(),
        );
    }

    /// Path below the environment.
    fn at(&self, rest: &str) -> String {
        format!(
            "/secrets-manager/api/v1/organizations/{}/environments/{}/{rest}",
            self.organization, self.environment
        )
    }

    async fn get(&self, path: &str, headers: &[(&str, &str)]) -> Result<Reply> {
        self.send(Method::GET, path, headers, Vec::new()).await
    }

    async fn json(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: &Value,
    ) -> Result<Reply> {
        let mut headers = headers.to_vec();
        if !headers.iter().any(|(name, _)| *name == "content-type") {
            headers.push(("content-type", "application/json"));
        }
        self.send(method, path, &headers, body.to_string().into_bytes())
            .await
    }

    async fn form(&self, method: Method, path: &str, form: Form) -> Result<Reply> {
        let content_type = Form::content_type();
        self.send(
            method,
            path,
            &[("content-type", &content_type)],
            form.finish(),
        )
        .await
    }

    async fn send(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: Vec<u8>,
    ) -> Result<Reply> {
        let mut request = Request::builder().method(method).uri(path);
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        self.client.send(self.address, request.body(body)?).await
    }
}

/// Decodes as Go would: the content type has to be JSON, the fields of the right type.
fn decode<T: DeserializeOwned>(reply: &Reply, status: StatusCode) -> T {
    assert_eq!(reply.status, status, "{}", reply.body);
    assert!(
        reply.header("content-type").starts_with("application/json"),
        "{:?}",
        reply.headers
    );
    assert_eq!(reply.header("content-encoding"), "");
    serde_json::from_str(&reply.body).unwrap_or_else(|error| panic!("{error}: {}", reply.body))
}

/// Decodes what a create call answered; gives the id.
fn created(reply: &Reply) -> String {
    let created: Created = decode(reply, StatusCode::CREATED);
    assert!(!created.message.is_empty());
    created.id
}

/// An update answers with a message.
fn updated(reply: &Reply) {
    let answer: Value = decode(reply, StatusCode::OK);
    assert!(answer["message"].is_string(), "{answer}");
}

/// The first of the three places where the official provider looks for the organization.
fn organization(me: &Value) -> String {
    [
        "/client/org_id",
        "/user/organization/id",
        "/user/properties/cs_auth/activeOrganizationId",
    ]
    .iter()
    .find_map(|place| me.pointer(place).and_then(Value::as_str))
    .unwrap_or_else(|| panic!("no organization: {me}"))
    .to_owned()
}

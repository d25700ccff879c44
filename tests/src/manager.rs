//! The Manager API by raw HTTPS, for what the command line would never send.

use http::{Method, Request};
use hyper::body::Bytes;
use serde_json::{Value, json};

use crate::client::{Client, Reply};
use crate::multipart::Form;
use crate::vault::Vault;
use crate::{Error, Result};

/// A caller of the public door with a token.
#[derive(Clone)]
pub struct Manager {
    client: Client,
    address: std::net::SocketAddr,
    token: String,
    scope: String,
}

impl Manager {
    /// Gets a token as the administrator.
    pub async fn login(vault: &Vault) -> Result<Self> {
        let account = vault.account();
        Self::login_as(vault, &account.client_id, &account.client_secret).await
    }

    /// Gets a token as another connected app.
    pub async fn login_as(vault: &Vault, client_id: &str, client_secret: &str) -> Result<Self> {
        let account = vault.account();
        let client = Client::new(&vault.ca()?, "localhost", None)?;
        let credentials = json!({
            "client_id": client_id,
            "client_secret": client_secret,
            "grant_type": "client_credentials",
        });
        let request = Request::post("/accounts/api/v2/oauth2/token")
            .header("content-type", "application/json")
            .body(credentials.to_string())?;
        let answer = client.send(vault.manager(), request).await?;
        let answer = answer.success("the token call")?.json()?;
        let token = answer.get("access_token").and_then(Value::as_str);
        Ok(Self {
            client,
            address: vault.manager(),
            token: token
                .ok_or_else(|| Error::shape("the token call", "access_token", &json!({})))?
                .to_owned(),
            scope: format!(
                "organizations/{}/environments/{}",
                account.organization.id, account.environment.id
            ),
        })
    }

    /// The token it calls with.
    pub fn token(&self) -> &str {
        &self.token
    }

    /// The Anypoint path of `rest` (`secretGroups/...`) in this environment.
    pub fn path(&self, rest: &str) -> String {
        format!("/secrets-manager/api/v1/{}/{rest}", self.scope)
    }

    /// The path of one of Sallyport's own routes (`gateways/...`) in this environment.
    pub fn own_path(&self, rest: &str) -> String {
        format!("/api/v1/{}/{rest}", self.scope)
    }

    /// A request with the token; headers can be added.
    pub fn request(&self, method: Method, path: &str) -> http::request::Builder {
        Request::builder()
            .method(method)
            .uri(path)
            .header("authorization", format!("Bearer {}", self.token))
    }

    /// Sends a request as it is.
    pub async fn deliver(&self, request: Request<impl Into<Bytes>>) -> Result<Reply> {
        self.client.send(self.address, request).await
    }

    /// Sends anything, with the token.
    pub async fn send(
        &self,
        method: Method,
        path: &str,
        content_type: Option<&str>,
        body: impl Into<Bytes>,
    ) -> Result<Reply> {
        let mut request = self.request(method, path);
        if let Some(content_type) = content_type {
            request = request.header("content-type", content_type);
        }
        self.deliver(request.body(body)?).await
    }

    /// `GET`, as JSON.
    pub async fn list(&self, path: &str) -> Result<Value> {
        self.get(path).await?.success(path)?.json()
    }

    /// `GET`, whatever the answer.
    pub async fn get(&self, path: &str) -> Result<Reply> {
        self.send(Method::GET, path, None, String::new()).await
    }

    /// `DELETE`.
    pub async fn delete(&self, path: &str) -> Result<Reply> {
        self.send(Method::DELETE, path, None, String::new()).await
    }

    /// `POST` of JSON.
    pub async fn post(&self, path: &str, body: &Value) -> Result<Reply> {
        self.json(Method::POST, path, body).await
    }

    /// JSON with any method.
    pub async fn json(&self, method: Method, path: &str, body: &Value) -> Result<Reply> {
        self.send(method, path, Some("application/json"), body.to_string())
            .await
    }

    /// `POST` of a form.
    pub async fn upload(&self, path: &str, form: Form) -> Result<Reply> {
        self.form(Method::POST, path, form).await
    }

    /// A form with any method.
    pub async fn form(&self, method: Method, path: &str, form: Form) -> Result<Reply> {
        let content_type = Form::content_type();
        self.send(method, path, Some(&content_type), form.finish())
            .await
    }

    /// Creates a secret group; gives its id.
    pub async fn create_group(&self, name: &str) -> Result<String> {
        let body = json!({"name": name, "downloadable": false});
        let reply = self.post(&self.path("secretGroups"), &body).await?;
        reply.created()
    }
}

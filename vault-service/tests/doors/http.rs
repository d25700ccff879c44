//! The public door as clients see it: requests and answers, without a listener.

use std::sync::Arc;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{Method, Request, StatusCode, header};
use sallyport_model::GroupId;
use sallyport_vault::accounts::Accounts;
use sallyport_vault::http::manager::{ManagerDoor, router};
use serde_json::{Value, json};
use tower::ServiceExt as _;

use crate::vault::Vault;

/// The door, and an administrator in front of it.
pub(crate) struct Door {
    router: Router,
    token: String,
    group: String,
}

/// What came back.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: StatusCode,
    pub(crate) text: String,
}

/// One part of a form, in the order it is sent.
#[derive(Clone, Copy)]
pub(crate) enum Part<'a> {
    Text(&'a str, &'a str),
    File(&'a str, &'a str, &'a [u8]),
}

impl Door {
    pub(crate) async fn open(vault: &Vault, group: GroupId) -> Self {
        let mut door = Self {
            router: router(ManagerDoor {
                manager: vault.manager.clone(),
                accounts: Accounts::new(Arc::clone(&vault.store)),
                store: Arc::clone(&vault.store),
            }),
            token: String::new(),
            group: format!(
                "/secrets-manager/api/v1/organizations/{}/environments/{}/secretGroups/{group}",
                vault.scope.organization, vault.scope.environment
            ),
        };
        let credentials = json!({
            "grant_type": "client_credentials",
            "client_id": vault.administrator.id,
            "client_secret": vault.client_secret.expose(),
        });
        let path = "/accounts/api/v2/oauth2/token";
        let reply = door
            .send(
                Method::POST,
                path,
                "application/json",
                credentials.to_string(),
            )
            .await;
        door.token = reply.json()["access_token"].as_str().unwrap().to_owned();
        door
    }

    pub(crate) async fn get(&self, path: &str) -> Reply {
        let path = format!("{}/{path}", self.group);
        self.send(Method::GET, &path, "", "").await
    }

    /// A JSON body, byte for byte.
    pub(crate) async fn json(&self, method: Method, path: &str, body: &str) -> Reply {
        let path = format!("{}/{path}", self.group);
        self.send(method, &path, "application/json", body.to_owned())
            .await
    }

    pub(crate) async fn form(&self, method: Method, path: &str, parts: &[Part<'_>]) -> Reply {
        const BOUNDARY: &str = "--------------------------834741234567890123456789";
        let mut body = Vec::new();
        for part in parts {
            let (disposition, content) = match part {
                Part::Text(name, text) => (format!("name=\"{name}\""), text.as_bytes()),
                Part::File(name, file, bytes) => (
                    format!(
                        "name=\"{name}\"; filename=\"{file}\"\r\nContent-Type: \
                         application/octet-stream"
                    ),
                    *bytes,
                ),
            };
            let head =
                format!("--{BOUNDARY}\r\nContent-Disposition: form-data; {disposition}\r\n\r\n");
            body.extend_from_slice(head.as_bytes());
            body.extend_from_slice(content);
            body.extend_from_slice(b"\r\n");
        }
        body.extend_from_slice(format!("--{BOUNDARY}--\r\n").as_bytes());
        let path = format!("{}/{path}", self.group);
        let content_type = format!("multipart/form-data; boundary={BOUNDARY}");
        self.send(method, &path, &content_type, body).await
    }

    async fn send(
        &self,
        method: Method,
        path: &str,
        content_type: &str,
        body: impl Into<Body>,
    ) -> Reply {
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .header(header::AUTHORIZATION, format!("Bearer {}", self.token));
        if !content_type.is_empty() {
            request = request.header(header::CONTENT_TYPE, content_type);
        }
        let request = request.body(body.into()).unwrap();
        let response = self.router.clone().oneshot(request).await.unwrap();
        let status = response.status();
        let body = to_bytes(response.into_body(), usize::MAX).await.unwrap();
        Reply {
            status,
            text: String::from_utf8(body.to_vec()).unwrap(),
        }
    }
}

impl Reply {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap()
    }

    /// The id of what was created.
    pub(crate) fn created(&self) -> String {
        assert_eq!(self.status, StatusCode::CREATED, "{}", self.text);
        let body = self.json();
        assert!(!body["message"].as_str().unwrap().is_empty());
        body["id"].as_str().unwrap().to_owned()
    }

    /// The body of an answer that says yes.
    pub(crate) fn ok(&self) -> Value {
        assert_eq!(self.status, StatusCode::OK, "{}", self.text);
        self.json()
    }

    /// The first place of a refusal, checked to be one the real command line can print.
    pub(crate) fn refused(&self) -> String {
        assert_eq!(self.status, StatusCode::BAD_REQUEST, "{}", self.text);
        let body = self.json();
        assert!(!body["message"].as_str().unwrap().is_empty());
        let first = &body["errors"][0];
        assert!(first["code"].is_string() && first["message"].is_string());
        first["dataPath"].as_str().unwrap().to_owned()
    }
}

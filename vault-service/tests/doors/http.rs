//! The public door as clients see it: requests and answers, without a listener.

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{Method, Request, StatusCode, header};
use sallyport_model::GroupId;
use serde_json::{Value, json};
use tower::ServiceExt as _;

use crate::contract;
use crate::vault::Vault;

/// The door, and an administrator in front of it.
#[derive(Clone)]
pub(crate) struct Door {
    router: Router,
    token: String,
    group: String,
}

/// What came back.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: StatusCode,
    pub(crate) etag: Option<String>,
    content_type: Option<String>,
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
            router: vault.routes(),
            token: String::new(),
            group: format!(
                "/secrets-manager/api/v1/organizations/{}/environments/{}/secretGroups/{group}",
                vault.scope.organization, vault.scope.environment
            ),
        };
        let credentials = json!({
            "grant_type": "client_credentials",
            "client_id": vault.administrator.id,
            "client_secret": vault.made.client_secret.expose(),
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

    /// The same door, and somebody else in front of it.
    pub(crate) fn for_token(&self, token: &str) -> Self {
        Self {
            router: self.router.clone(),
            token: token.to_owned(),
            group: self.group.clone(),
        }
    }

    /// The same door, looking at another group of the environment.
    pub(crate) fn at_group(&self, group: GroupId) -> Self {
        let (environment, _) = self.group.rsplit_once('/').unwrap();
        Self {
            router: self.router.clone(),
            token: self.token.clone(),
            group: format!("{environment}/{group}"),
        }
    }

    /// A call below the group on a path of our own; `{}` in front of it for the environment.
    pub(crate) async fn own(&self, method: Method, path: &str, body: Value) -> Reply {
        let group = self.own_group();
        let path = match path.strip_prefix("{}/") {
            Some(path) => {
                let (environment, _) = group.split_once("/secretGroups/").unwrap();
                format!("{environment}/{path}")
            }
            None => format!("{group}/{path}"),
        };
        self.send_body(method, &path, &[], body).await
    }

    /// A call below the group on a path of our own, with a body as it is.
    pub(crate) async fn own_file(
        &self,
        method: Method,
        path: &str,
        content_type: &str,
        bytes: &[u8],
    ) -> Reply {
        let path = format!("{}/{path}", self.own_group());
        self.send_with(method, &path, content_type, &[], bytes.to_vec())
            .await
    }

    /// A call below the group, with more headers.
    pub(crate) async fn call(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: Value,
    ) -> Reply {
        let path = self.below(path);
        self.send_body(method, &path, headers, body).await
    }

    async fn send_body(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: Value,
    ) -> Reply {
        let (content_type, body) = match body {
            Value::Null => ("", String::new()),
            body => ("application/json", body.to_string()),
        };
        self.send_with(method, path, content_type, headers, body)
            .await
    }

    fn below(&self, path: &str) -> String {
        match path {
            "" => self.group.clone(),
            path => format!("{}/{path}", self.group),
        }
    }

    pub(crate) async fn get(&self, path: &str) -> Reply {
        let path = self.below(path);
        self.send(Method::GET, &path, "", "").await
    }

    /// A JSON body, byte for byte.
    pub(crate) async fn json(&self, method: Method, path: &str, body: &str) -> Reply {
        let path = format!("{}/{path}", self.group);
        let reply = self
            .send(method.clone(), &path, "application/json", body.to_owned())
            .await;
        reply.check(&method, &path, serde_json::from_str(body).ok().as_ref());
        reply
    }

    pub(crate) async fn form(&self, method: Method, path: &str, parts: &[Part<'_>]) -> Reply {
        let path = format!("{}/{path}", self.group);
        self.send_form(method, &path, parts).await
    }

    /// A form below the group on a path of our own.
    pub(crate) async fn own_form(&self, method: Method, path: &str, parts: &[Part<'_>]) -> Reply {
        let path = format!("{}/{path}", self.own_group());
        self.send_form(method, &path, parts).await
    }

    /// The group on our own paths.
    fn own_group(&self) -> String {
        self.group.replace("/secrets-manager/api/", "/api/")
    }

    async fn send_form(&self, method: Method, path: &str, parts: &[Part<'_>]) -> Reply {
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
        let content_type = format!("multipart/form-data; boundary={BOUNDARY}");
        let reply = self.send(method.clone(), path, &content_type, body).await;
        let sent = parts.iter().map(|part| match part {
            Part::Text(name, text) => ((*name).to_owned(), json!(text)),
            Part::File(name, _, bytes) => {
                ((*name).to_owned(), json!(String::from_utf8_lossy(bytes)))
            }
        });
        reply.check(&method, path, Some(&Value::Object(sent.collect())));
        reply
    }

    async fn send(
        &self,
        method: Method,
        path: &str,
        content_type: &str,
        body: impl Into<Body>,
    ) -> Reply {
        self.send_with(method, path, content_type, &[], body).await
    }

    async fn send_with(
        &self,
        method: Method,
        path: &str,
        content_type: &str,
        headers: &[(&str, &str)],
        body: impl Into<Body>,
    ) -> Reply {
        let mut request = Request::builder()
            .method(method.clone())
            .uri(path)
            .header(header::AUTHORIZATION, format!("Bearer {}", self.token));
        if !content_type.is_empty() {
            request = request.header(header::CONTENT_TYPE, content_type);
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(body.into()).unwrap();
        let response = self.router.clone().oneshot(request).await.unwrap();
        let status = response.status();
        let etag = response.headers().get(header::ETAG);
        let etag = etag.map(|etag| etag.to_str().unwrap().to_owned());
        let content_type = response.headers().get(header::CONTENT_TYPE);
        let content_type = content_type.map(|word| word.to_str().unwrap().to_owned());
        let body = to_bytes(response.into_body(), usize::MAX).await.unwrap();
        let reply = Reply {
            status,
            etag,
            content_type,
            text: String::from_utf8(body.to_vec()).unwrap(),
        };
        reply.check(&method, path, None);
        reply
    }
}

impl Reply {
    /// Every answer, and every request that was taken, is as described.
    fn check(&self, method: &Method, path: &str, sent: Option<&Value>) {
        let content_type = self.content_type.as_deref();
        contract::check(method, path, sent, self.status, content_type, &self.text);
    }

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

    /// An answer with this status.
    pub(crate) fn is(&self, status: StatusCode) -> &Self {
        assert_eq!(self.status, status, "{}", self.text);
        self
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

//! A caller that keeps every answer.

use http::{Method, Request};
use hyper::body::Bytes;
use sallyport_tests::Result;
use sallyport_tests::client::Reply;
use sallyport_tests::manager::Manager;
use sallyport_tests::multipart::Form;
use sallyport_tests::vault::Vault;
use serde_json::Value;

use super::canaries::Canaries;

/// The administrator, with everything that was answered.
pub(super) struct Recorder {
    manager: Manager,
    answers: Vec<(String, Vec<u8>)>,
}

impl Recorder {
    pub(super) async fn login(vault: &Vault, canaries: &mut Canaries) -> Result<Self> {
        let manager = Manager::login(vault).await?;
        canaries.add("the administrator's token", manager.token());
        Ok(Self {
            manager,
            answers: Vec::new(),
        })
    }

    /// Path of one of Anypoint's routes in the environment.
    pub(super) fn path(&self, rest: &str) -> String {
        self.manager.path(rest)
    }

    /// Path of one of Sallyport's.
    pub(super) fn own_path(&self, rest: &str) -> String {
        self.manager.own_path(rest)
    }

    /// Path of the organization among Sallyport's.
    pub(super) fn organization(&self) -> String {
        let path = self.own_path("");
        path.split("/environments").next().unwrap().to_owned()
    }

    /// A request with the token.
    pub(super) fn request(&self, method: Method, path: &str) -> http::request::Builder {
        self.manager.request(method, path)
    }

    /// Sends a request; keeps what is answered.
    pub(super) async fn send(&mut self, request: Request<impl Into<Bytes>>) -> Result<Reply> {
        self.send_for(request, "").await
    }

    /// The same for a call whose whole point is to answer with a new secret: its value, the field
    /// `issued`, is cut out of what is kept.
    pub(super) async fn send_for(
        &mut self,
        request: Request<impl Into<Bytes>>,
        issued: &str,
    ) -> Result<Reply> {
        // Without the query: what stands there was sent, not answered.
        let place = format!("{} {}", request.method(), request.uri().path());
        let reply = self.manager.deliver(request).await?;
        let mut answer = format!("{} {:?}\n{}", reply.status, reply.headers, reply.body);
        let value = serde_json::from_str::<Value>(&reply.body)
            .ok()
            .and_then(|body| body.get(issued)?.as_str().map(str::to_owned));
        if let Some(value) = value {
            answer = answer.replace(&value, "(issued)");
        }
        self.answers.push((place, answer.into_bytes()));
        Ok(reply)
    }

    /// JSON; the answer has to be a success.
    pub(super) async fn json(&mut self, method: Method, path: &str, body: &Value) -> Result<Reply> {
        self.json_for(method, path, body, "").await
    }

    /// The same, for a new secret in the field `issued`.
    pub(super) async fn json_for(
        &mut self,
        method: Method,
        path: &str,
        body: &Value,
        issued: &str,
    ) -> Result<Reply> {
        let request = self
            .request(method, path)
            .header("content-type", "application/json")
            .body(body.to_string())?;
        self.send_for(request, issued).await?.success(path)
    }

    /// A form; the answer has to be a success.
    pub(super) async fn form(&mut self, method: Method, path: &str, form: Form) -> Result<Reply> {
        let request = self
            .request(method, path)
            .header("content-type", Form::content_type())
            .body(form.finish())?;
        self.send(request).await?.success(path)
    }

    /// A request without a body; the answer has to be a success.
    pub(super) async fn bare(&mut self, method: Method, path: &str) -> Result<Reply> {
        let request = self.request(method, path).body(String::new())?;
        self.send(request).await?.success(path)
    }

    /// Reads; the answer has to be a success.
    pub(super) async fn read(&mut self, path: &str) -> Result<Value> {
        self.bare(Method::GET, path).await?.json()
    }

    /// Reads the whole audit log, page by page.
    pub(super) async fn audit(&mut self) -> Result<()> {
        let mut after = 0;
        loop {
            let path = self.own_path(&format!("audit?limit=1000&after={after}"));
            let page = self.read(&path).await?;
            let last = page.as_array().and_then(|entries| entries.last());
            match last.and_then(|entry| entry["seq"].as_u64()) {
                Some(seq) => after = seq,
                None => break,
            }
        }
        assert!(after > 0, "the audit log is empty");
        Ok(())
    }

    /// Everything that was answered, with its place.
    pub(super) fn answers(self) -> Vec<(String, Vec<u8>)> {
        self.answers
    }
}

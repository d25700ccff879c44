//! A real OpenBao with one secret in its key-value store, TLS and a file for its audit log.

use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;

use http::{Method, Request};
use rustls::ALL_VERSIONS;
use sallyport_tests::client::Client;
use sallyport_tests::pki::Authority;
use sallyport_tests::process::Process;
use sallyport_tests::scratch::Scratch;
use sallyport_tests::wait::{PATIENCE, until};
use sallyport_tests::{Error, Result, files, tls};
use serde_json::{Value, json};

use crate::hammer::{self, NUMBER, Target};

const NAME: &str = "bao.test";
const SECRET: &str = "/v1/kv/data/hot";

/// A running server; it stops when dropped.
pub(crate) struct OpenBao {
    process: Process,
    address: SocketAddr,
    client: Client,
    roots: String,
    token: String,
    _scratch: Scratch,
}

/// What a token's policies cost: the built-in policy `default` is templated, and every request of a
/// token that has it pays for that.
#[derive(Clone, Copy)]
pub(crate) enum Token {
    /// As the server makes it unless told otherwise.
    AsCreated,
    /// Without the policy `default`.
    Fairest,
}

/// Where it stores.
#[derive(Clone, Copy)]
pub(crate) enum Storage {
    /// What its documentation recommends.
    Raft,
    /// What writes fastest.
    PebbleDb,
}

impl OpenBao {
    /// Starts it, unseals it, stores the secret.
    pub(crate) async fn start(bao: &Path, storage: Storage) -> Result<Self> {
        let scratch = Scratch::new()?;
        let authority = Authority::root("OpenBao")?;
        let server = authority.server(NAME)?.write_to(scratch.path(), "bao")?;
        let data = scratch.directory("data")?;
        // It cannot choose a port by itself: one that was free a moment ago.
        let [port, cluster] = [free().await?, free().await?];
        let configuration = json!({
            "storage": match storage {
                Storage::Raft => json!({"raft": {"path": data, "node_id": "one"}}),
                Storage::PebbleDb => json!({"pebbledb": {"path": data}}),
            },
            "listener": {"tcp": {
                "address": port.to_string(),
                "cluster_address": cluster.to_string(),
                "tls_cert_file": server.chain,
                "tls_key_file": server.key,
            }},
            "api_addr": format!("https://{port}"),
            "cluster_addr": format!("https://{cluster}"),
            // The parser takes an object with one member for a label.
            "audit": [{"file": {"log": {
                "description": "all requests",
                "options": {"file_path": scratch.join("audit.log")},
            }}}],
        });
        let file = scratch.join("bao.json");
        files::write(&file, &configuration.to_string())?;
        let mut command = Command::new(bao);
        command
            .args(["server", "-config"])
            .arg(&file)
            .env("GOMAXPROCS", "1");
        let process = Process::start("OpenBao", &mut command, &scratch.join("bao.log"))?;
        let roots = authority.certificate();
        let mut server = Self {
            process,
            address: port,
            client: Client::new(&roots, NAME, None)?,
            roots,
            token: String::new(),
            _scratch: scratch,
        };
        server.unseal().await?;
        let mount = json!({"type": "kv", "options": {"version": "2"}});
        until("OpenBao to be active", PATIENCE, async || {
            server.process.still_runs()?;
            let mounted = server.call(Method::POST, "/v1/sys/mounts/kv", &mount).await;
            Ok(mounted.is_ok().then_some(()))
        })
        .await?;
        let secret = json!({"data": {"username": "gateway", "password": "load-password-77ab19"}});
        until("the key-value store", PATIENCE, async || {
            let stored = server.call(Method::POST, SECRET, &secret).await;
            Ok(stored.is_ok().then_some(()))
        })
        .await?;
        let policy =
            json!({"policy": "path \"kv/data/*\" { capabilities = [\"create\", \"read\"] }"});
        server
            .call(Method::PUT, "/v1/sys/policies/acl/app", &policy)
            .await?;
        Ok(server)
    }

    pub(crate) fn id(&self) -> u32 {
        self.process.id()
    }

    /// A read of the secret with a token of that kind.
    pub(crate) async fn read(&self, token: Token) -> Result<Target> {
        let token = self.token(token).await?;
        self.target(format!(
            "GET {SECRET} HTTP/1.1\r\nhost: {NAME}\r\nx-vault-token: {token}\r\n\r\n"
        ))
    }

    /// Each time another secret, stored with a token of that kind.
    pub(crate) async fn write(&self, token: Token) -> Result<Target> {
        let token = self.token(token).await?;
        let secret = json!({"data": {"username": "gateway", "password": "load-password-77ab19"}});
        let body = secret.to_string();
        self.target(format!(
            "POST /v1/kv/data/written-{NUMBER} HTTP/1.1\r\nhost: {NAME}\r\nx-vault-token: {token}\r\n\
             content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        ))
    }

    async fn token(&self, token: Token) -> Result<String> {
        let wanted = json!({
            "policies": ["app"],
            "no_default_policy": matches!(token, Token::Fairest),
        });
        let made = self
            .call(Method::POST, "/v1/auth/token/create", &wanted)
            .await?;
        text(&made, "/auth/client_token")
    }

    fn target(&self, request: String) -> Result<Target> {
        Ok(Target {
            peer: self.address,
            name: NAME,
            tls: tls::client(&self.roots, None, ALL_VERSIONS)?,
            request: hammer::Request::Text(request.into_bytes()),
        })
    }

    async fn unseal(&mut self) -> Result<()> {
        let shares = json!({"secret_shares": 1, "secret_threshold": 1});
        let made = until("OpenBao's port", PATIENCE, async || {
            self.process.still_runs()?;
            Ok(self.call(Method::PUT, "/v1/sys/init", &shares).await.ok())
        })
        .await?;
        self.token = text(&made, "/root_token")?;
        let key = json!({"key": text(&made, "/keys_base64/0")?});
        self.call(Method::PUT, "/v1/sys/unseal", &key).await?;
        Ok(())
    }

    async fn call(&self, method: Method, path: &str, body: &Value) -> Result<Value> {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header("content-type", "application/json")
            .header("x-vault-token", &self.token)
            .body(body.to_string())?;
        let reply = self
            .client
            .send(self.address, request)
            .await?
            .success(path)?;
        if reply.body.is_empty() {
            return Ok(Value::Null);
        }
        reply.json()
    }
}

fn text(value: &Value, pointer: &str) -> Result<String> {
    let found = value.pointer(pointer).and_then(Value::as_str);
    found.map(str::to_owned).ok_or(Error::NotStarted("OpenBao"))
}

async fn free() -> Result<SocketAddr> {
    let listener = crate::backend::listen().await?;
    listener.local_addr().map_err(|source| Error::Connection {
        peer: sallyport_tests::ports::ANY.to_string(),
        source,
    })
}

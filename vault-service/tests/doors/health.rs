//! The listener of probes: plain HTTP, for anybody.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::body::Bytes;
use axum::http::{Request, StatusCode};
use http_body_util::{BodyExt as _, Full};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use sallyport_vault::data_dir::DataDir;
use sallyport_vault::http::health::{self, Health};
use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

use crate::vault::Vault;

/// The listener, which ends with it.
struct Probed {
    address: SocketAddr,
    stop: watch::Sender<bool>,
    _end: watch::Sender<bool>,
}

impl Probed {
    async fn open(vault: &Vault) -> Self {
        let (stop, stopping) = watch::channel(false);
        let (end, ended) = watch::channel(false);
        let router = health::router(Health {
            provider: Arc::clone(&vault.provider),
            stopping,
        });
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(health::serve(listener, router, ended));
        Self {
            address,
            stop,
            _end: end,
        }
    }

    async fn get(&self, path: &str) -> (StatusCode, String) {
        let stream = TcpStream::connect(self.address).await.unwrap();
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.unwrap();
        tokio::spawn(connection);
        let request = Request::get(path).header("host", "probe");
        let request = request.body(Full::<Bytes>::default()).unwrap();
        let answer = sender.send_request(request).await.unwrap();
        let (head, body) = answer.into_parts();
        // Over plain HTTP nobody may ask for TLS.
        assert!(!head.headers.contains_key("strict-transport-security"));
        assert_eq!(head.headers["x-content-type-options"], "nosniff");
        let bytes = body.collect().await.unwrap().to_bytes();
        (head.status, String::from_utf8(bytes.to_vec()).unwrap())
    }

    async fn readiness(&self) -> (StatusCode, Value) {
        let (status, body) = self.get("/readyz").await;
        (status, serde_json::from_str(&body).unwrap())
    }
}

#[tokio::test]
async fn a_probe_needs_neither_tls_nor_a_certificate() {
    let vault = Vault::new().await;
    vault.group("payments-canary").await;
    let probed = Probed::open(&vault).await;
    assert_eq!(
        probed.get("/livez").await,
        (StatusCode::OK, "ok\n".to_owned())
    );
    let ready = json!({ "ready": true, "reasons": [], "auditSinks": [], "gatewayCas": [] });
    assert_eq!(probed.readiness().await, (StatusCode::OK, ready));
    let (status, metrics) = probed.get("/metrics").await;
    assert_eq!(status, StatusCode::OK);
    assert!(metrics.contains("sallyport_sds_streams 0"), "{metrics}");
    assert!(metrics.ends_with("# EOF\n") && !metrics.contains("canary"));
}

#[tokio::test]
async fn nothing_but_health_is_there() {
    let vault = Vault::new().await;
    let probed = Probed::open(&vault).await;
    for path in ["/", "/api/v1/me", "/provider/v1/resolve", "/openapi.json"] {
        assert_eq!(probed.get(path).await.0, StatusCode::NOT_FOUND, "{path}");
    }
}

#[tokio::test]
async fn a_vault_that_stops_is_alive_but_not_ready() {
    let vault = Vault::new().await;
    let probed = Probed::open(&vault).await;
    probed.stop.send_replace(true);
    let reason = json!({ "code": "stopping", "detail": "the vault is stopping" });
    assert_eq!(
        probed.readiness().await,
        (
            StatusCode::SERVICE_UNAVAILABLE,
            json!({ "ready": false, "reasons": [reason], "auditSinks": [], "gatewayCas": [] })
        )
    );
    assert_eq!(probed.get("/livez").await.0, StatusCode::OK);
}

#[tokio::test]
async fn a_vault_whose_store_does_not_answer_says_so() {
    let vault = Vault::new().await;
    let probed = Probed::open(&vault).await;
    let data = DataDir::open(&vault.dir.path().join("data")).unwrap();
    let database = rusqlite::Connection::open(data.database()).unwrap();
    database.execute("DROP TABLE setting", ()).unwrap();
    let (status, body) = probed.readiness().await;
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(body["reasons"][0]["code"], "store");
}

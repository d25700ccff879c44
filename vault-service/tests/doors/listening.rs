//! A public door on a port of its own, and the connections a client opens to it.

use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::http::{HeaderMap, Request, StatusCode};
use governor::Quota;
use http_body_util::{BodyExt as _, Full};
use hyper::body::Body;
use hyper::client::conn::{http1, http2};
use hyper_util::rt::{TokioExecutor, TokioIo};
use rcgen::{CertificateParams, CertifiedIssuer, KeyPair};
use rustls::crypto::aws_lc_rs;
use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer, ServerName};
use sallyport_vault::http::edge::{self, Quotas};
use sallyport_vault::http::listener::{self, Limits};
use sallyport_vault::http::tls::{self, ServerIdentity};
use sallyport_vault::metrics::Metrics;
use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::vault::ca;

/// A listener with the edge around some routes. Stops when dropped.
pub(crate) struct Listening {
    pub(crate) address: SocketAddr,
    ca: CertifiedIssuer<'static, KeyPair>,
    _stop: watch::Sender<bool>,
}

/// A whole answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }
}

/// No client of a test comes near it.
pub(crate) fn plenty() -> Quota {
    Quota::per_second(NonZeroU32::new(1_000_000).unwrap())
}

/// So many requests, and none after them while a test runs.
pub(crate) fn only(requests: u32) -> Quota {
    Quota::with_period(Duration::from_secs(3600))
        .unwrap()
        .allow_burst(NonZeroU32::new(requests).unwrap())
}

impl Listening {
    pub(crate) async fn open(routes: Router, quota: Quota, limits: Limits) -> Self {
        let ca = ca();
        let key = KeyPair::generate().unwrap();
        let leaf = CertificateParams::new(vec!["localhost".to_owned()])
            .unwrap()
            .signed_by(&key, &ca)
            .unwrap();
        let identity = ServerIdentity {
            chain: vec![leaf.der().clone()],
            key: PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der())),
        };
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = watch::channel(false);
        tokio::spawn(listener::serve(
            listener,
            tls::public(identity).unwrap(),
            edge::around(routes, Arc::new(Quotas::new(quota)), Metrics::new().door),
            limits,
            None,
            stopped,
        ));
        Self {
            address,
            ca,
            _stop: stop,
        }
    }

    /// Handshake done, nothing sent.
    pub(crate) async fn connect(&self, protocol: &str) -> std::io::Result<TlsStream<TcpStream>> {
        let mut roots = RootCertStore::empty();
        roots.add(self.ca.der().clone()).unwrap();
        let mut config =
            ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
                .with_safe_default_protocol_versions()
                .unwrap()
                .with_root_certificates(roots)
                .with_no_client_auth();
        config.alpn_protocols = vec![protocol.as_bytes().to_vec()];
        let stream = TcpStream::connect(self.address).await?;
        let name = ServerName::try_from("localhost").unwrap();
        TlsConnector::from(Arc::new(config))
            .connect(name, stream)
            .await
    }

    /// One request over HTTP/1.1, on a connection of its own.
    pub(crate) async fn ask(&self, request: Request<Full<Bytes>>) -> Answer {
        let stream = self.connect("http/1.1").await.unwrap();
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.unwrap();
        tokio::spawn(connection);
        whole(sender.send_request(request).await.unwrap()).await
    }

    /// One request over HTTP/2.
    pub(crate) async fn ask_http2<B>(&self, request: Request<B>) -> Answer
    where
        B: Body<Data = Bytes, Error: std::error::Error + Send + Sync> + Send + Unpin + 'static,
    {
        let stream = self.connect("h2").await.unwrap();
        let (mut sender, connection) = http2::handshake(TokioExecutor::new(), TokioIo::new(stream))
            .await
            .unwrap();
        tokio::spawn(connection);
        whole(sender.send_request(request).await.unwrap()).await
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.ask(Request::get(path).body(Full::default()).unwrap())
            .await
    }

    /// Sends bytes as they are, and returns what comes back until the end of the connection.
    pub(crate) async fn send(&self, bytes: &[u8]) -> String {
        let mut stream = self.connect("http/1.1").await.unwrap();
        stream.write_all(bytes).await.unwrap();
        rest(&mut stream).await
    }
}

/// What comes back until the other side ends the connection, with or without a proper farewell.
pub(crate) async fn rest(stream: &mut TlsStream<TcpStream>) -> String {
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer).await;
    String::from_utf8_lossy(&answer).into_owned()
}

async fn whole(response: axum::http::Response<hyper::body::Incoming>) -> Answer {
    let (parts, body) = response.into_parts();
    Answer {
        status: parts.status,
        headers: parts.headers,
        body: body.collect().await.unwrap().to_bytes(),
    }
}

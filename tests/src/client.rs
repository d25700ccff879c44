//! An HTTPS client that shows everything: its connections are held by the caller, nothing is
//! retried, nothing is followed.

use std::net::SocketAddr;
use std::sync::Arc;

use http::{HeaderMap, Request, StatusCode};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Bytes;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use rustls::{ClientConfig, HandshakeKind};
use rustls_pki_types::ServerName;
use tokio::net::TcpStream;
use tokio::task::JoinHandle;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::byte_stream::ByteStream;
use crate::pki::Identity;
use crate::wait::{PATIENCE, at_most, until};
use crate::{Error, Result, tls};

/// A TLS client with its trust and, maybe, a certificate.
#[derive(Clone)]
pub struct Client {
    configuration: Arc<ClientConfig>,
    server_name: String,
}

/// One open HTTP/1.1 connection; requests on it go one after the other.
#[derive(Debug)]
pub struct Connection {
    peer: SocketAddr,
    authority: String,
    handshake: Option<HandshakeKind>,
    sender: http1::SendRequest<Full<Bytes>>,
    driver: JoinHandle<()>,
}

/// A complete answer.
#[derive(Clone, Debug)]
pub struct Reply {
    /// Status.
    pub status: StatusCode,
    /// Headers.
    pub headers: HeaderMap,
    /// The whole body, as text.
    pub body: String,
}

impl Client {
    /// Trusts `roots` (PEM), expects the server to be `server_name`, presents `identity`.
    pub fn new(roots: &str, server_name: &str, identity: Option<&Identity>) -> Result<Self> {
        Self::with_versions(roots, server_name, identity, rustls::ALL_VERSIONS)
    }

    /// The same, but with TLS 1.2 only.
    pub fn with_tls_1_2(
        roots: &str,
        server_name: &str,
        identity: Option<&Identity>,
    ) -> Result<Self> {
        Self::with_versions(roots, server_name, identity, &[&rustls::version::TLS12])
    }

    fn with_versions(
        roots: &str,
        server_name: &str,
        identity: Option<&Identity>,
        versions: &[&'static rustls::SupportedProtocolVersion],
    ) -> Result<Self> {
        Ok(Self {
            configuration: tls::client(roots, identity, versions)?,
            server_name: server_name.to_owned(),
        })
    }

    /// The same client, but it does not say in the handshake which server it wants.
    pub fn without_server_name(mut self) -> Self {
        Arc::make_mut(&mut self.configuration).enable_sni = false;
        self
    }

    /// Opens a connection for bytes.
    pub async fn connect_bytes(&self, peer: SocketAddr) -> Result<ByteStream> {
        let stream = at_most("a connection", PATIENCE, self.tls(peer)).await?;
        Ok(ByteStream::new(peer, stream))
    }

    /// Opens a connection.
    pub async fn connect(&self, peer: SocketAddr) -> Result<Connection> {
        at_most("a connection", PATIENCE, self.open(peer)).await
    }

    /// One request on a connection of its own.
    pub async fn send(
        &self,
        peer: SocketAddr,
        request: Request<impl Into<Bytes>>,
    ) -> Result<Reply> {
        self.connect(peer).await?.send(request).await
    }

    /// `GET path` on a connection of its own.
    pub async fn get(&self, peer: SocketAddr, path: &str) -> Result<Reply> {
        self.send(peer, get(path)?).await
    }

    /// The same client, which speaks that protocol alone.
    pub fn with_alpn(&self, protocol: &str) -> Self {
        let mut configuration = ClientConfig::clone(&self.configuration);
        configuration.alpn_protocols = vec![protocol.into()];
        Self {
            configuration: Arc::new(configuration),
            server_name: self.server_name.clone(),
        }
    }

    /// A connection whose handshake is done. Sessions that the server let this client keep are resumed.
    pub async fn tls(&self, peer: SocketAddr) -> Result<TlsStream<TcpStream>> {
        let name = ServerName::try_from(self.server_name.clone())
            .map_err(|error| std::io::Error::other(error.to_string()))
            .map_err(Error::connection(peer))?;
        let stream = TcpStream::connect(peer)
            .await
            .map_err(Error::connection(peer))?;
        // The request would wait for the acknowledgement of the handshake's last message.
        stream.set_nodelay(true).map_err(Error::connection(peer))?;
        TlsConnector::from(Arc::clone(&self.configuration))
            .connect(name, stream)
            .await
            .map_err(Error::connection(peer))
    }

    async fn open(&self, peer: SocketAddr) -> Result<Connection> {
        let stream = self.tls(peer).await?;
        let handshake = stream.get_ref().1.handshake_kind();
        let (sender, connection) = http1::handshake(TokioIo::new(stream))
            .await
            .map_err(Error::exchange(peer))?;
        let driver = tokio::spawn(async move {
            // A broken connection is reported by the request that meets it.
            let _ = connection.await;
        });
        Ok(Connection {
            peer,
            authority: self.server_name.clone(),
            handshake,
            sender,
            driver,
        })
    }
}

impl Connection {
    /// Sends a request and reads the whole answer.
    pub async fn send(&mut self, request: Request<impl Into<Bytes>>) -> Result<Reply> {
        at_most("an answer", PATIENCE, self.exchange(request)).await
    }

    /// `GET path`.
    pub async fn get(&mut self, path: &str) -> Result<Reply> {
        self.send(get(path)?).await
    }

    /// Whether its session is an earlier one, resumed.
    pub fn is_resumed(&self) -> bool {
        self.handshake == Some(HandshakeKind::Resumed)
    }

    /// Asks for `path` until the verdict is this one.
    pub async fn ends_with(&mut self, path: &str, verdict: (u16, &str)) -> Result<()> {
        until(&format!("{path}: {verdict:?}"), PATIENCE, async || {
            let reply = self.get(path).await?;
            Ok((reply.verdict() == verdict).then_some(()))
        })
        .await
    }

    async fn exchange(&mut self, request: Request<impl Into<Bytes>>) -> Result<Reply> {
        let peer = self.peer;
        let (mut parts, body) = request.into_parts();
        if !parts.headers.contains_key(http::header::HOST) {
            let host = http::HeaderValue::try_from(self.authority.as_str());
            parts
                .headers
                .insert(http::header::HOST, host.map_err(http::Error::from)?);
        }
        let request = Request::from_parts(parts, Full::new(body.into()));
        self.sender.ready().await.map_err(Error::exchange(peer))?;
        let answer = self
            .sender
            .send_request(request)
            .await
            .map_err(Error::exchange(peer))?;
        let (parts, body) = answer.into_parts();
        let body = body
            .collect()
            .await
            .map_err(Error::exchange(peer))?
            .to_bytes();
        Ok(Reply {
            status: parts.status,
            headers: parts.headers,
            body: String::from_utf8_lossy(&body).into_owned(),
        })
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.driver.abort();
    }
}

impl Reply {
    /// A header as text; empty if it is not there.
    pub fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default()
    }

    /// The status and the filter's reason, empty if it gave none.
    pub fn verdict(&self) -> (u16, &str) {
        (self.status.as_u16(), self.header("x-sallyport-reason"))
    }

    /// The status and, in brackets, the filter's reason if it gave one.
    pub fn summary(&self) -> String {
        match self.header("x-sallyport-reason") {
            "" => self.status.as_str().to_owned(),
            reason => format!("{} ({reason})", self.status.as_str()),
        }
    }

    /// The body as JSON.
    pub fn json(&self) -> Result<serde_json::Value> {
        Error::parse_json("the answer", &self.body)
    }

    /// The id of what was created.
    pub fn created(self) -> Result<String> {
        let answer = self.success("the creation")?.json()?;
        let id = answer.get("id").and_then(serde_json::Value::as_str);
        id.map(str::to_owned)
            .ok_or_else(|| Error::shape("the creation", "id", &answer))
    }

    /// The answer itself if its status is 2xx, an error naming `what` otherwise.
    pub fn success(self, what: &str) -> Result<Self> {
        if self.status.is_success() {
            return Ok(self);
        }
        Err(Error::Status {
            what: what.to_owned(),
            status: self.status.as_u16(),
            body: self.body,
        })
    }
}

/// A `GET` request.
pub fn get(path: &str) -> Result<Request<String>> {
    Ok(Request::get(path).body(String::new())?)
}

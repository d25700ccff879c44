//! A TLS upstream that remembers what reached it.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Instant;

use http::{HeaderMap, Request, Response};
use http_body_util::{BodyExt as _, Full};
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use rustls::ServerConfig;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;

use crate::listening::Listening;
use crate::pki::Identity;
use crate::wait::{PATIENCE, until};
use crate::{Result, tls};

/// A running upstream; it stops when dropped.
#[derive(Debug)]
pub struct Upstream {
    listening: Listening,
    shared: Arc<Shared>,
}

/// A request as it arrived.
#[derive(Clone, Debug)]
pub struct SeenRequest {
    /// When its headers were complete.
    pub at: Instant,
    /// Its path and query.
    pub path: String,
    /// Its headers.
    pub headers: HeaderMap,
    /// Its body.
    pub body: Bytes,
}

/// A connection as it arrived.
#[derive(Clone, Debug, Default)]
pub struct SeenConnection {
    handshake: Arc<AtomicBool>,
    received: Arc<AtomicU64>,
}

#[derive(Debug)]
struct Shared {
    name: &'static str,
    configuration: Mutex<Arc<ServerConfig>>,
    connections: Mutex<Vec<SeenConnection>>,
    requests: Mutex<Vec<SeenRequest>>,
    answer: Mutex<Option<Response<Bytes>>>,
}

impl Upstream {
    /// Listens on a free loopback port with that certificate.
    pub async fn start(name: &'static str, identity: &Identity) -> Result<Self> {
        let shared = Arc::new(Shared {
            name,
            configuration: Mutex::new(tls::server(identity)?),
            connections: Mutex::default(),
            requests: Mutex::default(),
            answer: Mutex::default(),
        });
        let served = Arc::clone(&shared);
        let listening = Listening::start(move |stream| serve(stream, Arc::clone(&served))).await?;
        Ok(Self { listening, shared })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.listening.address()
    }

    /// Presents another certificate on connections from now on.
    pub fn present(&self, identity: &Identity) -> Result<()> {
        *locked(&self.shared.configuration) = tls::server(identity)?;
        Ok(())
    }

    /// The same, and demands client certificates of an authority (PEM).
    pub fn demand(&self, identity: &Identity, clients: &str) -> Result<()> {
        *locked(&self.shared.configuration) = tls::mutual_server(identity, clients)?;
        Ok(())
    }

    /// Answers like this from now on, and no longer with what it saw.
    pub fn answer_with(&self, answer: Response<impl Into<Bytes>>) {
        *locked(&self.shared.answer) = Some(answer.map(Into::into));
    }

    /// Every request so far, oldest first.
    pub fn requests(&self) -> Vec<SeenRequest> {
        locked(&self.shared.requests).clone()
    }

    /// The newest request.
    pub fn last_request(&self) -> Option<SeenRequest> {
        locked(&self.shared.requests).last().cloned()
    }

    /// Every connection so far, oldest first.
    pub fn connections(&self) -> Vec<SeenConnection> {
        locked(&self.shared.connections).clone()
    }

    /// Connections whose TLS handshake was completed.
    pub fn handshakes(&self) -> usize {
        let connections = self.connections();
        connections.iter().filter(|seen| seen.handshake()).count()
    }

    /// Waits for a handshake: with TLS 1.3 the other side may be done with it, and with everything
    /// else, before the last message is here.
    pub async fn reached(&self) -> Result<()> {
        until("a handshake", PATIENCE, async || {
            Ok((self.handshakes() > 0).then_some(()))
        })
        .await
    }

    /// Application bytes received on all connections, after decryption.
    pub fn received_bytes(&self) -> u64 {
        self.connections()
            .iter()
            .map(SeenConnection::received_bytes)
            .sum()
    }
}

impl SeenConnection {
    /// Whether its TLS handshake was completed.
    pub fn handshake(&self) -> bool {
        self.handshake.load(Ordering::Acquire)
    }

    /// Application bytes received on it, after decryption.
    pub fn received_bytes(&self) -> u64 {
        self.received.load(Ordering::Acquire)
    }
}

impl SeenRequest {
    /// A header as text; empty if it is not there.
    pub fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default()
    }
}

async fn serve(stream: TcpStream, shared: Arc<Shared>) {
    let seen = SeenConnection::default();
    locked(&shared.connections).push(seen.clone());
    let configuration = Arc::clone(&locked(&shared.configuration));
    let Ok(stream) = TlsAcceptor::from(configuration).accept(stream).await else {
        return;
    };
    seen.handshake.store(true, Ordering::Release);
    let counted = Counted {
        stream,
        received: Arc::clone(&seen.received),
    };
    let service = service_fn(|request| echo(request, Arc::clone(&shared)));
    // A peer that goes away in the middle is none of the upstream's business.
    let _ = http1::Builder::new()
        .serve_connection(TokioIo::new(counted), service)
        .await;
}

async fn echo(
    request: Request<Incoming>,
    shared: Arc<Shared>,
) -> std::result::Result<Response<Full<Bytes>>, Infallible> {
    let at = Instant::now();
    let (parts, body) = request.into_parts();
    let body = match body.collect().await {
        Ok(body) => body.to_bytes(),
        Err(_) => Bytes::new(),
    };
    // Names only: what was injected is not for the client's eyes.
    let headers: Vec<&str> = parts.headers.keys().map(http::HeaderName::as_str).collect();
    let answer = serde_json::json!({
        "upstream": shared.name,
        "path": parts.uri.to_string(),
        "bodyLength": body.len(),
        "headers": headers,
    });
    locked(&shared.requests).push(SeenRequest {
        at,
        path: parts.uri.to_string(),
        headers: parts.headers,
        body,
    });
    if let Some(answer) = &*locked(&shared.answer) {
        return Ok(answer.clone().map(Full::new));
    }
    let mut response = Response::new(Full::new(Bytes::from(format!("{answer}\n"))));
    response.headers_mut().insert(
        http::header::CONTENT_TYPE,
        http::HeaderValue::from_static("application/json"),
    );
    Ok(response)
}

/// Counts what is read from a decrypted stream.
struct Counted<S> {
    stream: S,
    received: Arc<AtomicU64>,
}

impl<S: AsyncRead + Unpin> AsyncRead for Counted<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<std::io::Result<()>> {
        let before = buffer.filled().len();
        let polled = Pin::new(&mut self.stream).poll_read(context, buffer);
        let read = buffer.filled().len().saturating_sub(before);
        self.received
            .fetch_add(u64::try_from(read).unwrap_or(u64::MAX), Ordering::AcqRel);
        polled
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Counted<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<std::io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::Client;
    use crate::pki::Authority;

    #[tokio::test]
    async fn an_upstream_remembers_requests_and_counts_decrypted_bytes() {
        let root = Authority::root("root").unwrap();
        let upstream = Upstream::start("echo", &root.server("echo.test").unwrap())
            .await
            .unwrap();
        let client = Client::new(&root.certificate(), "echo.test", None).unwrap();
        let mut connection = client.connect(upstream.address()).await.unwrap();
        // With TLS 1.3 the client is ready before the server has seen its last message.
        let reply = connection.get("/a?b=c").await.unwrap();
        assert_eq!((reply.status.as_u16(), upstream.handshakes()), (200, 1));
        assert_eq!(
            upstream.received_bytes(),
            "GET /a?b=c HTTP/1.1\r\nhost: echo.test\r\n\r\n".len() as u64
        );
        let seen = upstream.last_request().unwrap();
        assert_eq!(
            (seen.path.as_str(), seen.header("host")),
            ("/a?b=c", "echo.test")
        );
    }

    #[tokio::test]
    async fn a_handshake_without_a_request_counts_no_bytes() {
        let root = Authority::root("root").unwrap();
        let upstream = Upstream::start("echo", &root.server("echo.test").unwrap())
            .await
            .unwrap();
        let client = Client::new(&root.certificate(), "echo.test", None).unwrap();
        let connection = client.connect(upstream.address()).await.unwrap();
        upstream.reached().await.unwrap();
        drop(connection);
        assert_eq!(upstream.received_bytes(), 0);
    }

    #[tokio::test]
    async fn another_certificate_can_be_presented() {
        let (one, two) = (
            Authority::root("one").unwrap(),
            Authority::root("two").unwrap(),
        );
        let upstream = Upstream::start("echo", &one.server("echo.test").unwrap())
            .await
            .unwrap();
        let client = Client::new(&two.certificate(), "echo.test", None).unwrap();
        assert!(client.get(upstream.address(), "/").await.is_err());
        upstream.present(&two.server("echo.test").unwrap()).unwrap();
        let reply = client.get(upstream.address(), "/").await.unwrap();
        assert_eq!(reply.status.as_u16(), 200);
    }
}

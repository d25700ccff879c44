//! A closed loop: connections with a client certificate, each with one request after the other.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustls::ClientConfig;
use rustls_pki_types::ServerName;
use sallyport_tests::demo::Stage;
use sallyport_tests::{Error, Result, tls};
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::wire::Reader;

/// Open connections to one server.
pub(crate) struct Hammer {
    peer: SocketAddr,
    request: Arc<[u8]>,
    connections: Vec<Connection>,
}

/// Whom to connect to, and what to ask.
pub(crate) struct Target {
    pub(crate) peer: SocketAddr,
    /// The name in the server's certificate.
    pub(crate) name: &'static str,
    pub(crate) tls: Arc<ClientConfig>,
    /// A whole request.
    pub(crate) request: Vec<u8>,
}

struct Connection {
    stream: TlsStream<TcpStream>,
    reader: Reader,
}

/// What came of it.
#[derive(Default)]
pub(crate) struct Strokes {
    /// Latency of every answered request, in nanoseconds, unsorted.
    pub(crate) latencies: Vec<u64>,
    /// Answers that were not 200.
    pub(crate) refused: u64,
}

impl Target {
    /// A gateway, as the partner.
    pub(crate) fn gateway(stage: &Stage, peer: SocketAddr) -> Result<Self> {
        let roots = stage.gateway_ca().certificate();
        let identity = Some(&stage.clients.partner);
        Ok(Self {
            peer,
            name: "gateway.test",
            tls: tls::client(&roots, identity, rustls::ALL_VERSIONS)?,
            request: b"GET /load HTTP/1.1\r\nhost: gateway.test\r\n\r\n".to_vec(),
        })
    }
}

impl Hammer {
    /// Opens that many connections.
    pub(crate) async fn lift(target: &Target, connections: usize) -> Result<Self> {
        let mut open = Vec::with_capacity(connections);
        for _ in 0..connections {
            open.push(connect(target).await?);
        }
        Ok(Self {
            peer: target.peer,
            request: target.request.as_slice().into(),
            connections: open,
        })
    }

    /// Requests on all connections for that long.
    pub(crate) async fn strike(&mut self, time: Duration) -> Result<Strokes> {
        let until = Instant::now() + time;
        let mut running = JoinSet::new();
        for connection in self.connections.drain(..) {
            running.spawn(connection.strike(Arc::clone(&self.request), until));
        }
        let mut all = Strokes::default();
        while let Some(ended) = running.join_next().await {
            let (connection, strokes) = ended.ok().flatten().ok_or_else(|| broken(self.peer))?;
            all.latencies.extend(strokes.latencies);
            all.refused += strokes.refused;
            self.connections.push(connection);
        }
        Ok(all)
    }
}

impl Connection {
    async fn strike(mut self, request: Arc<[u8]>, until: Instant) -> Option<(Self, Strokes)> {
        let mut strokes = Strokes::default();
        loop {
            let start = Instant::now();
            if start >= until {
                return Some((self, strokes));
            }
            self.stream.write_all(&request).await.ok()?;
            self.stream.flush().await.ok()?;
            let good = |head: &[u8]| head.starts_with(b"HTTP/1.1 200 ");
            if !self.reader.next(&mut self.stream, good).await? {
                strokes.refused += 1;
            }
            let latency = u64::try_from(start.elapsed().as_nanos()).unwrap_or(u64::MAX);
            strokes.latencies.push(latency);
        }
    }
}

async fn connect(target: &Target) -> Result<Connection> {
    let peer = target.peer;
    let failed = |source| Error::Connection {
        peer: peer.to_string(),
        source,
    };
    let name = ServerName::try_from(target.name).map_err(|_| broken(peer))?;
    let stream = TcpStream::connect(peer).await.map_err(failed)?;
    stream.set_nodelay(true).map_err(failed)?;
    let connector = TlsConnector::from(Arc::clone(&target.tls));
    Ok(Connection {
        stream: connector.connect(name, stream).await.map_err(failed)?,
        reader: Reader::new(),
    })
}

fn broken(peer: SocketAddr) -> Error {
    Error::Connection {
        peer: peer.to_string(),
        source: std::io::ErrorKind::ConnectionReset.into(),
    }
}

//! A closed loop: connections with a client certificate, each with one request after the other.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use rustls::ClientConfig;
use rustls_pki_types::ServerName;
use sallyport_tests::demo::Stage;
use sallyport_tests::wait::PATIENCE;
use sallyport_tests::{Error, Result, tls};
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::wire::Reader;

/// A request that takes longer hung.
pub(crate) const HUNG: Duration = Duration::from_secs(5);

/// Between attempts to connect again.
const PAUSE: Duration = Duration::from_millis(10);

/// In place of this every request has a number that no other one has.
pub(crate) const NUMBER: &str = "########";

/// The last number.
static LAST: AtomicU32 = AtomicU32::new(0);

/// Open connections to one server.
pub(crate) struct Hammer {
    target: Arc<Target>,
    connections: Vec<Connection>,
}

/// Whom to connect to, and what to ask.
#[derive(Clone)]
pub(crate) struct Target {
    pub(crate) peer: SocketAddr,
    /// The name in the server's certificate.
    pub(crate) name: &'static str,
    pub(crate) tls: Arc<ClientConfig>,
    /// What is sent, again and again.
    pub(crate) request: Request,
}

/// A whole request.
#[derive(Clone)]
pub(crate) enum Request {
    /// With [`NUMBER`] in it or without.
    Text(Vec<u8>),
    /// Made each time.
    New(Arc<dyn Fn() -> Vec<u8> + Send + Sync>),
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
    /// When answers came that were not 200.
    pub(crate) refused: Vec<Instant>,
    /// When connections ended without an answer; they were opened again.
    pub(crate) broken: Vec<Instant>,
    /// Beginning and end of every request that hung.
    pub(crate) hung: Vec<(Instant, Instant)>,
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
            request: Request::Text(b"GET /load HTTP/1.1\r\nhost: gateway.test\r\n\r\n".to_vec()),
        })
    }
}

impl Strokes {
    pub(crate) fn add(&mut self, more: Self) {
        self.latencies.extend(more.latencies);
        self.refused.extend(more.refused);
        self.broken.extend(more.broken);
        self.hung.extend(more.hung);
    }

    /// Requests without a good answer.
    pub(crate) fn failed(&self) -> usize {
        self.refused.len() + self.broken.len()
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
            target: Arc::new(target.clone()),
            connections: open,
        })
    }

    /// Requests on all connections for that long.
    pub(crate) async fn strike(&mut self, time: Duration) -> Result<Strokes> {
        let until = Instant::now() + time;
        let mut running = JoinSet::new();
        for connection in self.connections.drain(..) {
            running.spawn(connection.strike(Arc::clone(&self.target), until));
        }
        let mut all = Strokes::default();
        while let Some(ended) = running.join_next().await {
            let broken = |_| broken(self.target.peer);
            let (connection, strokes) = ended.map_err(broken)??;
            all.add(strokes);
            self.connections.push(connection);
        }
        Ok(all)
    }
}

impl Connection {
    async fn strike(mut self, target: Arc<Target>, end: Instant) -> Result<(Self, Strokes)> {
        let mut strokes = Strokes::default();
        let mut request = match &target.request {
            Request::Text(request) => request.clone(),
            Request::New(_) => Vec::new(),
        };
        let mut windows = request.windows(NUMBER.len());
        let number = windows.position(|window| window == NUMBER.as_bytes());
        loop {
            if let Request::New(make) = &target.request {
                request = make();
            }
            if let Some(place) = number.and_then(|at| request.get_mut(at..at + NUMBER.len())) {
                let number = LAST.fetch_add(1, Ordering::Relaxed);
                place.copy_from_slice(format!("{number:08}").as_bytes());
            }
            let start = Instant::now();
            if start >= end {
                return Ok((self, strokes));
            }
            let good = self.ask(&request).await;
            let now = Instant::now();
            if now - start > HUNG {
                strokes.hung.push((start, now));
            }
            let Some(good) = good else {
                strokes.broken.push(now);
                self = connect_again(&target).await?;
                continue;
            };
            if !good {
                strokes.refused.push(now);
            }
            let latency = u64::try_from((now - start).as_nanos()).unwrap_or(u64::MAX);
            strokes.latencies.push(latency);
        }
    }

    /// One request; whether the answer was 200 or 201, `None` if there was none.
    async fn ask(&mut self, request: &[u8]) -> Option<bool> {
        self.stream.write_all(request).await.ok()?;
        self.stream.flush().await.ok()?;
        let good = |head: &[u8], _: &[u8]| head.starts_with(b"HTTP/1.1 20");
        self.reader.next(&mut self.stream, good).await
    }
}

/// A connection in place of one that ended; the other side may not take it at once.
async fn connect_again(target: &Target) -> Result<Connection> {
    let start = Instant::now();
    loop {
        match connect(target).await {
            Err(_) if start.elapsed() < PATIENCE => tokio::time::sleep(PAUSE).await,
            connected => return connected,
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

//! A TLS listener: handshakes and requests within limits, and a graceful end.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::http::Request;
use hyper::body::Incoming;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use hyper_util::service::TowerToHyperService;
use rustls::{CertificateError, ServerConfig};
use rustls_pki_types::CertificateDer;
use sallyport_pki::Certificate;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::time::Instant;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;
use tracing::debug;

use super::accept::{accept, told};
use super::linger::Lingering;
use super::network::Network;
use super::open_requests::{OpenRequests, held};
use super::remainder;
use crate::clock;
use crate::crowd::Crowd;
use crate::metrics::{GatewayMetrics, TurnedAway};

/// Largest request head, in bytes.
const MAX_HEAD: usize = 32 * 1024;

/// Requests at the same time on one HTTP/2 connection.
const MAX_STREAMS: u32 = 100;

/// How often a quiet HTTP/2 connection is asked whether it is still there. Hyper's own bounds on reset
/// streams and on frames that continue a head stay as they are.
const PING: Duration = Duration::from_secs(30);

/// Which connections of a network count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Counted {
    /// All that are open.
    #[default]
    Open,
    /// Those whose handshake is not done: who has shown a certificate counts no more.
    Greeting,
}

/// What a listener grants its clients.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Connections open at the same time.
    pub connections: usize,
    /// How many of them may come from one network.
    pub connections_per_network: usize,
    /// Which of them count there.
    pub counted: Counted,
    /// Longest TLS handshake.
    pub handshake: Duration,
    /// Longest time until a request's head is complete: from the end of the handshake, or from the end of
    /// the request before.
    pub head: Duration,
}

impl Limits {
    /// The public door: anybody may come, so nobody may come too often.
    pub const PUBLIC: Self = Self {
        connections: 10_000,
        connections_per_network: 256,
        counted: Counted::Open,
        handshake: Duration::from_secs(10),
        head: Duration::from_secs(10),
    };

    /// The internal door: many gateways may stand behind one address, and all of them come at once after an
    /// outage, so that only those count which have not shown a certificate yet.
    pub const INTERNAL: Self = Self {
        connections_per_network: 1_024,
        counted: Counted::Greeting,
        ..Self::PUBLIC
    };
}

/// A connection whose other end is known.
pub(super) struct Connection<S> {
    pub(super) stream: S,
    pub(super) protocol: Protocol,
    /// When what the other end has shown ends: whoever stays has to come again.
    pub(super) until: Option<Instant>,
}

/// How a connection speaks.
pub(super) enum Protocol {
    Http1,
    Http2,
}

/// The other end of a connection.
#[derive(Clone, Debug)]
pub struct Peer {
    /// Where it connects from.
    pub network: Network,
    /// The certificates it showed; the listener has verified their chain. The first is the leaf.
    pub certificates: Arc<Vec<CertificateDer<'static>>>,
}

/// Serves until `stop` says so, then lets open requests end within the grace period. Who gets no further
/// than the handshake is counted there, if anywhere.
pub async fn serve(
    listener: TcpListener,
    tls: Arc<ServerConfig>,
    router: Router,
    limits: Limits,
    turned_away: Option<GatewayMetrics>,
    stop: watch::Receiver<bool>,
) {
    let turn_away = move |why| {
        if let Some(metrics) = &turned_away {
            metrics.turned_away(why);
        }
    };
    let acceptor = TlsAcceptor::from(tls);
    let crowd = Crowd::default();
    let asked = stop.clone();
    accept(listener, limits.connections, stop, |stream, address| {
        let network = Network::from(address.ip());
        let Some(place) = crowd.enter(network, limits.connections_per_network) else {
            debug!(%network, "too many connections from this network");
            turn_away(TurnedAway::NetworkFull);
            return None;
        };
        let (acceptor, router, stop) = (acceptor.clone(), router.clone(), asked.clone());
        let turn_away = turn_away.clone();
        Some(async move {
            let (stream, peer) = match greet(stream, network, acceptor, limits).await {
                Ok(greeted) => greeted,
                Err(why) => return turn_away(why),
            };
            let place = Some(place).filter(|_| limits.counted == Counted::Open);
            // What was agreed in the handshake holds; looking at the first bytes
            // instead would let a client that never sends any stay.
            let protocol = match stream.get_ref().1.alpn_protocol() {
                Some(b"h2") => Protocol::Http2,
                _ => Protocol::Http1,
            };
            let until = end_of(&peer);
            let connection = Connection {
                stream,
                protocol,
                until,
            };
            converse(connection, peer, router, limits, stop).await;
            drop(place);
        })
    })
    .await;
}

/// The TLS handshake.
async fn greet(
    stream: TcpStream,
    network: Network,
    acceptor: TlsAcceptor,
    limits: Limits,
) -> Result<(TlsStream<TcpStream>, Peer), TurnedAway> {
    let _ = stream.set_nodelay(true);
    let stream = match tokio::time::timeout(limits.handshake, acceptor.accept(stream)).await {
        Ok(Ok(stream)) => stream,
        Ok(Err(error)) => {
            debug!(%error, "TLS handshake failed");
            return Err(why(&error));
        }
        Err(_) => {
            debug!("TLS handshake took too long");
            return Err(TurnedAway::HandshakeTimeout);
        }
    };
    let certificates = stream.get_ref().1.peer_certificates().unwrap_or_default();
    let certificates = certificates
        .iter()
        .map(|certificate| certificate.clone().into_owned())
        .collect();
    let peer = Peer {
        network,
        certificates: Arc::new(certificates),
    };
    Ok((stream, peer))
}

/// What the TLS library had against a client.
fn why(error: &io::Error) -> TurnedAway {
    let error = error.get_ref().and_then(|error| error.downcast_ref());
    match error {
        Some(rustls::Error::NoCertificatesPresented) => TurnedAway::NoCertificate,
        Some(rustls::Error::InvalidCertificate(error)) => match error {
            // A CA of the same name as one that is trusted.
            CertificateError::UnknownIssuer | CertificateError::BadSignature => {
                TurnedAway::UnknownCa
            }
            CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
                TurnedAway::Expired
            }
            CertificateError::Revoked => TurnedAway::Revoked,
            _ => TurnedAway::BadCertificate,
        },
        _ => TurnedAway::BadHandshake,
    }
}

/// Requests and answers, until either side has had enough. Every request carries `peer`.
pub(super) async fn converse(
    connection: Connection<impl AsyncRead + AsyncWrite + Unpin + Send + 'static>,
    peer: impl Clone + Send + Sync + 'static,
    router: Router,
    limits: Limits,
    mut stop: watch::Receiver<bool>,
) {
    let Connection {
        stream,
        protocol,
        until,
    } = connection;
    let mut builder = auto::Builder::new(TokioExecutor::new());
    builder = match protocol {
        Protocol::Http2 => builder.http2_only(),
        Protocol::Http1 => builder.http1_only(),
    };
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.head)
        .max_buf_size(MAX_HEAD)
        .http2()
        .timer(TokioTimer::new())
        .max_header_list_size(u32::try_from(MAX_HEAD).unwrap_or(u32::MAX))
        .max_concurrent_streams(MAX_STREAMS)
        .keep_alive_interval(Some(PING));
    // Over HTTP/1.1 the library looks at that itself.
    let requests = matches!(protocol, Protocol::Http2).then(OpenRequests::default);
    let service = tower::service_fn({
        let requests = requests.clone();
        move |mut request: Request<Incoming>| {
            request.extensions_mut().insert(peer.clone());
            let open = requests.as_ref().map(OpenRequests::enter);
            held(open, remainder::answered(router.clone(), request))
        }
    });
    let connection = builder.serve_connection(
        TokioIo::new(Lingering::new(stream)),
        TowerToHyperService::new(service),
    );
    let mut connection = std::pin::pin!(connection);
    tokio::select! {
        result = connection.as_mut() => {
            if let Err(error) = result {
                debug!(%error, "connection ended with an error");
            }
            return;
        }
        () = none(&requests, limits.head) => debug!("no request on a connection"),
        () = told(&mut stop) => {}
        () = over(until) => debug!("the certificate of a client has ended"),
    }
    connection.as_mut().graceful_shutdown();
    // What is open is answered, also what came at the same moment; who does not go then is left.
    tokio::select! {
        _ = connection => {}
        () = none(&requests, limits.head) => {}
    }
}

/// When the certificate of a client ends.
fn end_of(peer: &Peer) -> Option<Instant> {
    let leaf = Certificate::from_der(peer.certificates.first()?).ok()?;
    let left = leaf.not_after().0.saturating_sub(clock::now().0);
    // A moment that no clock reaches is none.
    Instant::now().checked_add(Duration::from_secs(u64::try_from(left).unwrap_or(0)))
}

/// Returns at a moment, or never.
async fn over(moment: Option<Instant>) {
    match moment {
        Some(moment) => tokio::time::sleep_until(moment).await,
        None => std::future::pending().await,
    }
}

/// Returns when no request has been open for so long, or never where nobody counts.
async fn none(requests: &Option<OpenRequests>, limit: Duration) {
    match requests {
        Some(requests) => requests.none_for(limit).await,
        None => std::future::pending().await,
    }
}

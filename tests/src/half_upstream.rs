//! A TLS upstream that says the same to every request, which may be half of an answer, and then ends or falls silent.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use rustls::ServerConfig;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;

use crate::listening::Listening;
use crate::pki::Identity;
use crate::{Result, tls};

/// A running upstream; it stops when dropped.
#[derive(Debug)]
pub struct HalfUpstream {
    listening: Listening,
    shared: Arc<Shared>,
}

/// What it does when everything is said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Then {
    /// It closes the connection.
    Ends,
    /// It waits until the other side closes it.
    IsSilent,
}

#[derive(Debug)]
struct Shared {
    configuration: Arc<ServerConfig>,
    says: Vec<u8>,
    then: Then,
    /// Connections on which it said everything, and those that are over.
    said: AtomicUsize,
    ended: AtomicUsize,
}

impl HalfUpstream {
    /// Listens on a free loopback port with that certificate.
    pub async fn start(identity: &Identity, says: impl Into<Vec<u8>>, then: Then) -> Result<Self> {
        let shared = Arc::new(Shared {
            configuration: tls::server(identity)?,
            says: says.into(),
            then,
            said: AtomicUsize::new(0),
            ended: AtomicUsize::new(0),
        });
        let served = Arc::clone(&shared);
        let serve = move |stream| {
            let shared = Arc::clone(&served);
            async move {
                // A peer that goes away in the middle is what this is for.
                let _ = answer(stream, &shared).await;
                shared.ended.fetch_add(1, Ordering::AcqRel);
            }
        };
        let listening = Listening::start(serve).await?;
        Ok(Self { listening, shared })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.listening.address()
    }

    /// On how many connections it said everything.
    pub fn said(&self) -> usize {
        self.shared.said.load(Ordering::Acquire)
    }

    /// How many connections are over.
    pub fn ended(&self) -> usize {
        self.shared.ended.load(Ordering::Acquire)
    }
}

async fn answer(stream: TcpStream, shared: &Shared) -> io::Result<()> {
    let acceptor = TlsAcceptor::from(Arc::clone(&shared.configuration));
    let mut stream = acceptor.accept(stream).await?;
    let mut head = Vec::new();
    while !head.windows(4).any(|end| end == b"\r\n\r\n") {
        if stream.read_buf(&mut head).await? == 0 {
            return Ok(());
        }
    }
    stream.write_all(&shared.says).await?;
    stream.flush().await?;
    shared.said.fetch_add(1, Ordering::AcqRel);
    if shared.then == Then::IsSilent {
        let mut rest = Vec::new();
        while stream.read_buf(&mut rest).await? > 0 {
            rest.clear();
        }
    }
    stream.shutdown().await
}

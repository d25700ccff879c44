//! A TLS upstream that says back what it hears, and remembers it.

use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rustls::ServerConfig;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio_rustls::TlsAcceptor;

use crate::listening::Listening;
use crate::pki::Identity;
use crate::{Result, tls};

/// A running upstream; it stops when dropped.
#[derive(Debug)]
pub struct ByteUpstream {
    listening: Listening,
    shared: Arc<Shared>,
}

/// A connection as it arrived.
#[derive(Clone, Debug, Default)]
pub struct SeenBytes {
    handshake: Arc<AtomicBool>,
    ended: Arc<AtomicBool>,
    received: Arc<Mutex<Vec<u8>>>,
}

#[derive(Debug)]
struct Shared {
    configuration: Arc<ServerConfig>,
    /// What it says before it hears anything.
    greeting: &'static [u8],
    /// Whether handshakes are made; they wait otherwise.
    door: watch::Sender<bool>,
    connections: Mutex<Vec<SeenBytes>>,
}

impl ByteUpstream {
    /// Listens on a free loopback port with that certificate; it hears first.
    pub async fn start(identity: &Identity) -> Result<Self> {
        Self::with_greeting(identity, b"").await
    }

    /// The same, but it speaks first.
    pub async fn with_greeting(identity: &Identity, greeting: &'static [u8]) -> Result<Self> {
        let shared = Arc::new(Shared {
            configuration: tls::server(identity)?,
            greeting,
            door: watch::Sender::new(true),
            connections: Mutex::default(),
        });
        let served = Arc::clone(&shared);
        let listening = Listening::start(move |stream| serve(stream, Arc::clone(&served))).await?;
        Ok(Self { listening, shared })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.listening.address()
    }

    /// Whether handshakes are made from now on; closed, they wait.
    pub fn open_door(&self, open: bool) {
        self.shared.door.send_replace(open);
    }

    /// Every connection so far, oldest first.
    pub fn connections(&self) -> Vec<SeenBytes> {
        locked(&self.shared.connections).clone()
    }

    /// Everything that was received, connection after connection.
    pub fn received(&self) -> Vec<u8> {
        let connections = self.connections();
        connections.iter().flat_map(SeenBytes::received).collect()
    }
}

impl SeenBytes {
    /// Whether its TLS handshake was completed.
    pub fn handshake(&self) -> bool {
        self.handshake.load(Ordering::Acquire)
    }

    /// Whether it is over.
    pub fn ended(&self) -> bool {
        self.ended.load(Ordering::Acquire)
    }

    /// What was received on it.
    pub fn received(&self) -> Vec<u8> {
        locked(&self.received).clone()
    }
}

async fn serve(stream: TcpStream, shared: Arc<Shared>) {
    let seen = SeenBytes::default();
    locked(&shared.connections).push(seen.clone());
    // A peer that goes away in the middle is none of the upstream's business.
    let _ = echo(stream, &shared, &seen).await;
    seen.ended.store(true, Ordering::Release);
}

async fn echo(stream: TcpStream, shared: &Shared, seen: &SeenBytes) -> io::Result<()> {
    let mut door = shared.door.subscribe();
    let _ = door.wait_for(|open| *open).await;
    let acceptor = TlsAcceptor::from(Arc::clone(&shared.configuration));
    let mut stream = acceptor.accept(stream).await?;
    seen.handshake.store(true, Ordering::Release);
    stream.write_all(shared.greeting).await?;
    stream.flush().await?;
    let mut buffer = vec![0; 16 * 1024];
    loop {
        let count = stream.read(&mut buffer).await?;
        let Some(heard) = buffer.get(..count).filter(|heard| !heard.is_empty()) else {
            return stream.shutdown().await;
        };
        locked(&seen.received).extend_from_slice(heard);
        stream.write_all(heard).await?;
        stream.flush().await?;
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

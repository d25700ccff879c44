//! Accepting connections: so many at the same time, until told to stop, and then a while for those
//! that are open.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream, UnixListener, UnixStream};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;
use tracing::warn;

/// Time open connections have to end when the service stops.
const GRACE: Duration = Duration::from_secs(5);

/// Where connections come from.
pub(super) trait Listener {
    /// A connection.
    type Stream;
    /// Where from.
    type Address;

    /// The next one.
    fn next(&self) -> impl Future<Output = io::Result<(Self::Stream, Self::Address)>> + Send;
}

impl Listener for TcpListener {
    type Stream = TcpStream;
    type Address = SocketAddr;

    fn next(&self) -> impl Future<Output = io::Result<(TcpStream, SocketAddr)>> + Send {
        self.accept()
    }
}

impl Listener for UnixListener {
    type Stream = UnixStream;
    type Address = tokio::net::unix::SocketAddr;

    fn next(&self) -> impl Future<Output = io::Result<(UnixStream, Self::Address)>> + Send {
        self.accept()
    }
}

/// Accepts until `stop` says so. `meet` says what to do with a connection, or turns it away.
pub(super) async fn accept<L: Listener, F: Future<Output = ()> + Send + 'static>(
    listener: L,
    connections: usize,
    mut stop: watch::Receiver<bool>,
    meet: impl Fn(L::Stream, L::Address) -> Option<F>,
) {
    let slots = Arc::new(Semaphore::new(connections));
    let mut open = JoinSet::new();
    loop {
        let Ok(slot) = Arc::clone(&slots).acquire_owned().await else {
            break;
        };
        tokio::select! {
            () = told(&mut stop) => break,
            accepted = listener.next() => match accepted {
                Ok((stream, address)) => {
                    if let Some(conversation) = meet(stream, address) {
                        open.spawn(async move {
                            conversation.await;
                            drop(slot);
                        });
                    }
                }
                Err(error) => {
                    warn!(%error, "cannot accept a connection");
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
            },
        }
        while open.try_join_next().is_some() {}
    }
    drop(listener);
    let _ = tokio::time::timeout(GRACE, async { while open.join_next().await.is_some() {} }).await;
}

/// Returns when told to stop, or when nobody is left to tell.
pub(super) async fn told(stop: &mut watch::Receiver<bool>) {
    let _ = stop.wait_for(|stop| *stop).await;
}

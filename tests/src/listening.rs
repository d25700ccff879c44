//! A server of the harness: a free port, and a task for each connection.

use std::net::SocketAddr;

use tokio::net::TcpStream;
use tokio::task::{JoinHandle, JoinSet};

use crate::{Result, ports};

/// A running server; it and its connections end when it is dropped.
#[derive(Debug)]
pub(crate) struct Listening {
    address: SocketAddr,
    server: JoinHandle<()>,
}

impl Listening {
    /// Listens on a free loopback port and serves each connection by `serve`.
    pub(crate) async fn start<F>(serve: impl Fn(TcpStream) -> F + Send + 'static) -> Result<Self>
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let (listener, address) = ports::listener().await?;
        let server = tokio::spawn(async move {
            // Dropping the set ends the connections too.
            let mut connections = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                while connections.try_join_next().is_some() {}
                connections.spawn(serve(stream));
            }
        });
        Ok(Self { address, server })
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for Listening {
    fn drop(&mut self) {
        self.server.abort();
    }
}

//! A client's TLS connection that carries bytes, and nothing that interprets them.

use std::net::SocketAddr;

use rustls::HandshakeKind;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, ReadHalf, WriteHalf};
use tokio::net::TcpStream;
use tokio_rustls::client::TlsStream;

use crate::wait::{PATIENCE, at_most};
use crate::{Error, Result};

/// An open connection.
#[derive(Debug)]
pub struct ByteStream {
    peer: SocketAddr,
    resumed: bool,
    reader: ReadHalf<TlsStream<TcpStream>>,
    writer: WriteHalf<TlsStream<TcpStream>>,
}

impl ByteStream {
    pub(crate) fn new(peer: SocketAddr, stream: TlsStream<TcpStream>) -> Self {
        let resumed = stream.get_ref().1.handshake_kind() == Some(HandshakeKind::Resumed);
        let (reader, writer) = tokio::io::split(stream);
        Self {
            peer,
            resumed,
            reader,
            writer,
        }
    }

    /// Whether the TLS session is one of an earlier connection.
    pub fn resumed(&self) -> bool {
        self.resumed
    }

    /// Sends bytes; done when the system has taken them.
    pub async fn send(&mut self, bytes: &[u8]) -> Result<()> {
        let sent = async {
            self.writer.write_all(bytes).await?;
            self.writer.flush().await
        };
        sent.await.map_err(Error::connection(self.peer))
    }

    /// The next `count` bytes.
    pub async fn receive(&mut self, count: usize) -> Result<Vec<u8>> {
        let mut bytes = vec![0; count];
        let received = async {
            let received = self.reader.read_exact(&mut bytes).await;
            received.map_err(Error::connection(self.peer))
        };
        at_most("bytes", PATIENCE, received).await?;
        Ok(bytes)
    }

    /// Sends bytes to a server that says them back, and hears them, at the same time.
    pub async fn echo(&mut self, bytes: &[u8]) -> Result<Vec<u8>> {
        let mut heard = vec![0; bytes.len()];
        let (reader, writer) = (&mut self.reader, &mut self.writer);
        let exchange = async {
            let say = async {
                writer.write_all(bytes).await?;
                writer.flush().await
            };
            let both = tokio::try_join!(say, reader.read_exact(&mut heard));
            both.map_err(Error::connection(self.peer))
        };
        at_most("an echo", PATIENCE, exchange).await?;
        Ok(heard)
    }

    /// Ends this side's half of the connection.
    pub async fn finish(&mut self) -> Result<()> {
        let finished = self.writer.shutdown().await;
        finished.map_err(Error::connection(self.peer))
    }

    /// Waits until the other side ends the connection, in whichever way; what came before.
    pub async fn rest(&mut self) -> Result<Vec<u8>> {
        let mut bytes = Vec::new();
        let end = async {
            // A reset is an end too.
            let _ = self.reader.read_to_end(&mut bytes).await;
            Ok(())
        };
        at_most("the end of a connection", PATIENCE, end).await?;
        Ok(bytes)
    }
}

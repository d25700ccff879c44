//! A connection that ends politely: what the other side is still sending is let in and thrown away
//! for a while after our last byte. An answer that comes before the end of a body, such as 401, 413
//! or 429, would otherwise be lost to the reset that unread bytes cause.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::Sleep;

/// Longest time that is read on.
pub(super) const TIME: Duration = Duration::from_secs(2);

/// Most bytes that are thrown away.
pub(super) const BYTES: usize = 16 * 1024 * 1024;

/// A stream whose shutdown waits for the other side's.
pub(super) struct Lingering<S> {
    stream: S,
    draining: Option<Draining>,
}

struct Draining {
    until: Pin<Box<Sleep>>,
    bytes: usize,
}

impl<S> Lingering<S> {
    pub(super) const fn new(stream: S) -> Self {
        Self {
            stream,
            draining: None,
        }
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncRead for Lingering<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buffer)
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Lingering<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if this.draining.is_none() {
            ready!(Pin::new(&mut this.stream).poll_shutdown(cx))?;
        }
        let draining = this.draining.get_or_insert_with(|| Draining {
            until: Box::pin(tokio::time::sleep(TIME)),
            bytes: 0,
        });
        while draining.bytes < BYTES && draining.until.as_mut().poll(cx).is_pending() {
            let mut space = [0; 8192];
            let mut buffer = ReadBuf::new(&mut space);
            match ready!(Pin::new(&mut this.stream).poll_read(cx, &mut buffer)) {
                Ok(()) if !buffer.filled().is_empty() => draining.bytes += buffer.filled().len(),
                Ok(()) | Err(_) => break,
            }
        }
        Poll::Ready(Ok(()))
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::time::Instant;

    use super::*;

    #[tokio::test]
    async fn the_other_side_may_finish_and_then_reads_the_answer() {
        let (ours, mut theirs) = tokio::io::duplex(1024);
        let mut ours = Lingering::new(ours);
        let writing = tokio::spawn(async move {
            theirs.write_all(&[7; 100_000]).await.unwrap();
            theirs.shutdown().await.unwrap();
            let mut answer = String::new();
            theirs.read_to_string(&mut answer).await.unwrap();
            answer
        });
        ours.write_all(b"too large").await.unwrap();
        ours.shutdown().await.unwrap();
        drop(ours);
        assert_eq!(writing.await.unwrap(), "too large");
    }

    #[tokio::test(start_paused = true)]
    async fn nobody_is_waited_for_longer_than_a_while() {
        let (ours, theirs) = tokio::io::duplex(1024);
        let started = Instant::now();
        Lingering::new(ours).shutdown().await.unwrap();
        assert_eq!(started.elapsed(), TIME);
        drop(theirs);
    }

    #[tokio::test(start_paused = true)]
    async fn no_more_is_thrown_away_than_a_lot() {
        let (ours, mut theirs) = tokio::io::duplex(64 * 1024);
        let sending = tokio::spawn(async move {
            let mut sent = 0;
            while theirs.write_all(&[7; 8192]).await.is_ok() {
                sent += 8192;
            }
            sent
        });
        let mut ours = Lingering::new(ours);
        ours.shutdown().await.unwrap();
        drop(ours);
        assert!(sending.await.unwrap() <= BYTES + 128 * 1024);
    }
}

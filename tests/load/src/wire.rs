//! HTTP/1.1 as far as a closed loop needs it: one message after the other, with content-length.

use tokio::io::{AsyncRead, AsyncReadExt as _};

/// Longest message.
const MAX: usize = 128 * 1024;

/// Reads messages of one connection.
pub(crate) struct Reader {
    buffer: Vec<u8>,
    end: usize,
}

impl Reader {
    pub(crate) fn new() -> Self {
        Self {
            buffer: vec![0; MAX],
            end: 0,
        }
    }

    /// Hands the next message's head and body to `take`; `None` at the end of the stream, or if what comes
    /// is no message.
    pub(crate) async fn next<T>(
        &mut self,
        stream: &mut (impl AsyncRead + Unpin),
        take: impl FnOnce(&[u8], &[u8]) -> T,
    ) -> Option<T> {
        loop {
            let read = self.buffer.get(..self.end)?;
            if let Some(head) = find(read, b"\r\n\r\n") {
                let body = head + 4;
                let message = body + content_length(read.get(..head)?);
                while self.end < message {
                    self.fill(stream).await?;
                }
                let taken = take(self.buffer.get(..head)?, self.buffer.get(body..message)?);
                self.buffer.copy_within(message..self.end, 0);
                self.end -= message;
                return Some(taken);
            }
            self.fill(stream).await?;
        }
    }

    async fn fill(&mut self, stream: &mut (impl AsyncRead + Unpin)) -> Option<()> {
        let room = self.buffer.get_mut(self.end..)?;
        let read = stream.read(room).await.ok()?;
        self.end += read;
        (read > 0).then_some(())
    }
}

/// The value of a header; names are compared without regard to case.
pub(crate) fn header<'a>(head: &'a [u8], name: &str) -> Option<&'a [u8]> {
    head.split(|byte| *byte == b'\n').skip(1).find_map(|line| {
        let colon = line.iter().position(|byte| *byte == b':')?;
        let (found, value) = line.split_at_checked(colon)?;
        found
            .eq_ignore_ascii_case(name.as_bytes())
            .then(|| value.get(1..).unwrap_or_default().trim_ascii())
    })
}

fn content_length(head: &[u8]) -> usize {
    header(head, "content-length")
        .and_then(|value| std::str::from_utf8(value).ok()?.parse().ok())
        .unwrap_or(0)
}

fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    haystack
        .windows(needle.len())
        .position(|window| window == needle)
}

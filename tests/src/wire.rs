//! What a careful client would never send: HTTP/1.1 byte by byte, and HTTP/2.

use std::net::SocketAddr;

use http::Request;
use http_body_util::{BodyExt as _, Full};
use hyper::body::Bytes;
use hyper::client::conn::http2;
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::client::{Client, Reply};
use crate::wait::{PATIENCE, at_most};
use crate::{Error, Result};

/// Sends these bytes on a connection of their own; the status of the first answer, and all of it.
pub async fn bytes(client: &Client, peer: SocketAddr, sent: &[u8]) -> Result<(u16, String)> {
    let exchange = async {
        let mut stream = client.tls(peer).await?;
        let mut received = Vec::new();
        let exchanged = async {
            stream.write_all(sent).await?;
            while !is_whole(&received) && stream.read_buf(&mut received).await? > 0 {}
            Ok(())
        };
        // Whoever is refused may find the connection gone before all is written or read.
        let ended: std::io::Result<()> = exchanged.await;
        let text = String::from_utf8_lossy(&received).into_owned();
        let status = text
            .strip_prefix("HTTP/1.1 ")
            .and_then(|rest| rest.get(..3));
        match (status.and_then(|status| status.parse().ok()), ended) {
            (Some(status), _) => Ok((status, text)),
            (None, Err(source)) => Err(Error::connection(peer)(source)),
            (None, Ok(())) => Err(Error::shape("the answer", "status", &text.into())),
        }
    };
    at_most("an answer to bytes", PATIENCE, exchange).await
}

/// Whether an answer is there to the end of its body. One without a length ends with the connection.
fn is_whole(answer: &[u8]) -> bool {
    let text = String::from_utf8_lossy(answer);
    let Some((head, body)) = text.split_once("\r\n\r\n") else {
        return false;
    };
    let length = head
        .lines()
        .find_map(|line| line.strip_prefix("content-length: "));
    let length = length.and_then(|length| length.parse().ok());
    length.is_some_and(|length: usize| body.len() >= length)
}

/// One request over HTTP/2 on a connection of its own.
pub async fn http2(client: &Client, peer: SocketAddr, request: Request<String>) -> Result<Reply> {
    let exchange = async {
        let stream = client.with_alpn("h2").tls(peer).await?;
        let (mut sender, connection) = http2::handshake(TokioExecutor::new(), TokioIo::new(stream))
            .await
            .map_err(Error::exchange(peer))?;
        let driver = tokio::spawn(connection);
        let request = request.map(|body| Full::new(Bytes::from(body)));
        let answer = sender
            .send_request(request)
            .await
            .map_err(Error::exchange(peer))?;
        let (parts, body) = answer.into_parts();
        let body = body.collect().await.map_err(Error::exchange(peer))?;
        driver.abort();
        Ok(Reply {
            status: parts.status,
            headers: parts.headers,
            body: String::from_utf8_lossy(&body.to_bytes()).into_owned(),
        })
    };
    at_most("an answer over HTTP/2", PATIENCE, exchange).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_whole_with_the_last_byte_of_its_body() {
        let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\nabc";
        for end in 0..answer.len() {
            assert!(!is_whole(&answer[..end]), "{end}");
        }
        assert!(is_whole(answer));
    }
}

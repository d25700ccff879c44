//! Envoy's admin interface, over plain HTTP.

use std::net::SocketAddr;

use http::{Request, StatusCode};
use http_body_util::{BodyExt as _, Empty};
use hyper::body::Bytes;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

use crate::wait::{PATIENCE, at_most};
use crate::{Error, Result};

/// Where the admin interface listens.
#[derive(Clone, Copy, Debug)]
pub struct Admin {
    /// Its address.
    pub address: SocketAddr,
}

impl Admin {
    /// `GET path`: the status and the body as text.
    pub async fn get(&self, path: &str) -> Result<(StatusCode, String)> {
        at_most("Envoy's admin interface", PATIENCE, self.fetch(path)).await
    }

    async fn fetch(&self, path: &str) -> Result<(StatusCode, String)> {
        let peer = self.address;
        let stream = TcpStream::connect(peer)
            .await
            .map_err(Error::connection(peer))?;
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream))
            .await
            .map_err(Error::exchange(peer))?;
        let driver = tokio::spawn(connection);
        let request = Request::get(path)
            .header(http::header::HOST, peer.to_string())
            .body(Empty::<Bytes>::new())?;
        let answer = sender
            .send_request(request)
            .await
            .map_err(Error::exchange(peer))?;
        let status = answer.status();
        let body = answer
            .into_body()
            .collect()
            .await
            .map_err(Error::exchange(peer))?
            .to_bytes();
        driver.abort();
        Ok((status, String::from_utf8_lossy(&body).into_owned()))
    }
}

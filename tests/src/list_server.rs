//! A web server with one file on it: a revocation list.

use std::convert::Infallible;
use std::sync::{Arc, Mutex, PoisonError};

use http::{HeaderValue, Response, header};
use http_body_util::Full;
use hyper::body::Bytes;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

use crate::Result;
use crate::listening::Listening;

/// A running server; it stops when dropped.
#[derive(Debug)]
pub struct ListServer {
    listening: Listening,
    list: Arc<Mutex<Bytes>>,
}

impl ListServer {
    /// Listens on a free loopback port.
    pub async fn start() -> Result<Self> {
        let list = Arc::<Mutex<Bytes>>::default();
        let served = Arc::clone(&list);
        let listening = Listening::start(move |stream| serve(stream, Arc::clone(&served))).await?;
        Ok(Self { listening, list })
    }

    /// Where the list is.
    pub fn url(&self) -> String {
        format!("http://{}/ca.crl", self.listening.address())
    }

    /// What is there from now on.
    pub fn put(&self, list: String) {
        *self.list.lock().unwrap_or_else(PoisonError::into_inner) = list.into();
    }
}

async fn serve(stream: TcpStream, list: Arc<Mutex<Bytes>>) {
    let service = service_fn(|_| {
        let list = list.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let mut response = Response::new(Full::new(list));
        let kind = HeaderValue::from_static("application/x-pem-file");
        response.headers_mut().insert(header::CONTENT_TYPE, kind);
        async { Ok::<_, Infallible>(response) }
    });
    // A client that goes away is no business of ours.
    let _ = http1::Builder::new()
        .serve_connection(TokioIo::new(stream), service)
        .await;
}

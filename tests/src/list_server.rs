//! A web server with one file on it: a revocation list.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use http::{Response, header};
use http_body_util::Full;
use hyper::body::Bytes;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use crate::{Error, Result, ports};

/// A running server; it stops when dropped.
#[derive(Debug)]
pub struct ListServer {
    address: SocketAddr,
    list: Arc<Mutex<Bytes>>,
    server: JoinHandle<()>,
}

impl ListServer {
    /// Listens on a free loopback port.
    pub async fn start() -> Result<Self> {
        let failed = Error::connection(ports::ANY);
        let listener = TcpListener::bind(ports::ANY).await.map_err(failed)?;
        let failed = Error::connection(ports::ANY);
        let address = listener.local_addr().map_err(failed)?;
        let list = Arc::<Mutex<Bytes>>::default();
        let server = tokio::spawn(serve(listener, Arc::clone(&list)));
        Ok(Self {
            address,
            list,
            server,
        })
    }

    /// Where the list is.
    pub fn url(&self) -> String {
        format!("http://{}/ca.crl", self.address)
    }

    /// What is there from now on.
    pub fn put(&self, list: String) {
        *self.list.lock().unwrap_or_else(PoisonError::into_inner) = list.into();
    }
}

impl Drop for ListServer {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn serve(listener: TcpListener, list: Arc<Mutex<Bytes>>) {
    while let Ok((stream, _)) = listener.accept().await {
        let service = service_fn(|_| {
            let list = list.lock().unwrap_or_else(PoisonError::into_inner).clone();
            let mut response = Response::new(Full::new(list));
            let kind = header::HeaderValue::from_static("application/x-pem-file");
            response.headers_mut().insert(header::CONTENT_TYPE, kind);
            async { Ok::<_, Infallible>(response) }
        });
        // A client that goes away is no business of ours.
        let _ = http1::Builder::new()
            .serve_connection(TokioIo::new(stream), service)
            .await;
    }
}

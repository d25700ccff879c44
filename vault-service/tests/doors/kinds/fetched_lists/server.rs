//! A server of lists that answers as it is told to, also wrongly.

use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use rustls::ServerConfig;
use rustls::crypto::aws_lc_rs;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use sallyport_vault::jobs::crl_fetch::Resolver;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio::sync::Notify;
use tokio_rustls::TlsAcceptor;

/// What the server does with a request.
#[derive(Clone)]
pub(crate) enum Reply {
    /// Writes this and closes.
    Whole(Vec<u8>),
    /// Writes this, and nothing more.
    Stalled(Vec<u8>),
    /// Waits until it is told to go on, then writes this.
    Held(Arc<Notify>, Vec<u8>),
}

/// A list, as servers send it.
pub(crate) fn list(crl: &[u8]) -> Reply {
    Reply::Whole(head_and(
        "200 OK",
        "Content-Type: application/pkix-crl\r\n",
        crl,
    ))
}

/// A whole answer, its length said.
pub(super) fn head_and(status: &str, fields: &str, body: &[u8]) -> Vec<u8> {
    let length = body.len();
    let head = format!("HTTP/1.1 {status}\r\nContent-Length: {length}\r\n{fields}\r\n");
    [head.as_bytes(), body].concat()
}

pub(crate) struct ListServer {
    pub(super) address: SocketAddr,
    replies: Arc<Mutex<Vec<(String, Reply)>>>,
    seen: Arc<Mutex<Vec<String>>>,
}

impl ListServer {
    pub(crate) async fn start() -> Self {
        Self::serve(None).await
    }

    pub(super) async fn with_tls(
        chain: Vec<CertificateDer<'static>>,
        key: PrivateKeyDer<'static>,
    ) -> Self {
        let provider = Arc::new(aws_lc_rs::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(chain, key)
            .unwrap();
        Self::serve(Some(TlsAcceptor::from(Arc::new(config)))).await
    }

    async fn serve(tls: Option<TlsAcceptor>) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let server = Self {
            address: listener.local_addr().unwrap(),
            replies: Arc::default(),
            seen: Arc::default(),
        };
        let (replies, seen) = (Arc::clone(&server.replies), Arc::clone(&server.seen));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (replies, seen) = (Arc::clone(&replies), Arc::clone(&seen));
                let tls = tls.clone();
                tokio::spawn(async move {
                    match tls {
                        None => answer(stream, &replies, &seen).await,
                        Some(tls) => {
                            if let Ok(stream) = tls.accept(stream).await {
                                answer(stream, &replies, &seen).await;
                            }
                        }
                    }
                });
            }
        });
        server
    }

    /// What is answered at a path from now on.
    pub(crate) fn at(&self, path: &str, reply: Reply) {
        let mut replies = self.replies.lock().unwrap();
        replies.retain(|(known, _)| known != path);
        replies.push((path.to_owned(), reply));
    }

    /// A URL of a path here, by a name that [`Names`] know.
    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://lists.test:{}{path}", self.address.port())
    }

    /// Heads of requests so far.
    pub(super) fn seen(&self) -> Vec<String> {
        self.seen.lock().unwrap().clone()
    }
}

async fn answer<S: AsyncRead + AsyncWrite + Unpin>(
    mut stream: S,
    replies: &Mutex<Vec<(String, Reply)>>,
    seen: &Mutex<Vec<String>>,
) {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        match stream.read_u8().await {
            Ok(byte) => head.push(byte),
            Err(_) => return,
        }
    }
    let head = String::from_utf8(head).unwrap();
    let path = head.split(' ').nth(1).unwrap().to_owned();
    seen.lock().unwrap().push(head);
    let reply = {
        let replies = replies.lock().unwrap();
        let found = replies.iter().find(|(known, _)| *known == path);
        found.map(|(_, reply)| reply.clone())
    };
    let reply = reply.unwrap_or_else(|| Reply::Whole(head_and("404 Not Found", "", b"")));
    match reply {
        Reply::Whole(bytes) => {
            let _ = stream.write_all(&bytes).await;
            let _ = stream.shutdown().await;
        }
        Reply::Stalled(bytes) => {
            let _ = stream.write_all(&bytes).await;
            let _ = stream.flush().await;
            std::future::pending::<()>().await;
        }
        Reply::Held(go, bytes) => {
            go.notified().await;
            let _ = stream.write_all(&bytes).await;
            let _ = stream.shutdown().await;
        }
    }
}

/// Knows one name, by other addresses every time it is asked.
pub(crate) struct Names {
    answers: Vec<Vec<IpAddr>>,
    asked: AtomicUsize,
}

impl Names {
    pub(crate) fn at(addresses: &[&str]) -> Arc<Self> {
        Self::changing(&[addresses])
    }

    /// The last answer stays.
    pub(super) fn changing(answers: &[&[&str]]) -> Arc<Self> {
        let parse =
            |addresses: &&[&str]| addresses.iter().map(|one| one.parse().unwrap()).collect();
        Arc::new(Self {
            answers: answers.iter().map(parse).collect(),
            asked: AtomicUsize::new(0),
        })
    }

    pub(super) fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }
}

#[async_trait]
impl Resolver for Names {
    async fn resolve(&self, host: &str) -> io::Result<Vec<IpAddr>> {
        if host != "lists.test" {
            return Err(io::ErrorKind::NotFound.into());
        }
        let asked = self.asked.fetch_add(1, Ordering::SeqCst);
        let answer = self.answers.get(asked).or(self.answers.last());
        Ok(answer.cloned().unwrap_or_default())
    }
}

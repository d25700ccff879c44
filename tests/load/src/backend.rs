//! A TLS upstream that answers at once, to some requests with their own body, and notes which credentials it
//! was shown, and when.

use std::borrow::Cow;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use sallyport_tests::pki::Identity;
use sallyport_tests::{Error, Result, ports, tls};
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use crate::wire::{Reader, header};

/// Credentials that are looked for among the newest, and those that are kept: a signature is another one for
/// each request.
const RECENT: usize = 16;
const KEPT: usize = 4096;

/// Requests to this target get their body back.
pub(crate) const ECHO: &str = "/echo";

const ANSWER: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";

/// A running upstream; it ends with the program.
pub(crate) struct Backend {
    /// Where it listens.
    pub(crate) address: SocketAddr,
    seen: Arc<Mutex<Vec<Sighting>>>,
}

/// A value of `authorization`, and when it was shown.
#[derive(Clone, Debug)]
pub(crate) struct Sighting {
    pub(crate) credential: Vec<u8>,
    pub(crate) first: Instant,
    pub(crate) last: Instant,
    pub(crate) times: u64,
}

impl Backend {
    pub(crate) async fn start(identity: &Identity) -> Result<Self> {
        let acceptor = TlsAcceptor::from(tls::server(identity)?);
        let listener = listen().await?;
        let address = listener.local_addr().map_err(unreachable)?;
        let seen = Arc::new(Mutex::default());
        let noted = Arc::clone(&seen);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let _ = stream.set_nodelay(true);
                let (acceptor, noted) = (acceptor.clone(), Arc::clone(&noted));
                tokio::spawn(async move {
                    if let Ok(stream) = acceptor.accept(stream).await {
                        let answer = |head: &[u8], body: &[u8]| {
                            note(&noted, head);
                            answer(head, body)
                        };
                        serve(stream, answer).await;
                    }
                });
            }
        });
        Ok(Self { address, seen })
    }

    /// Every credential so far.
    pub(crate) fn sightings(&self) -> Vec<Sighting> {
        let seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.clone()
    }
}

/// A listener on any port.
pub(crate) async fn listen() -> Result<TcpListener> {
    TcpListener::bind(ports::ANY).await.map_err(unreachable)
}

/// Answers every request on a connection.
pub(crate) async fn serve(
    mut stream: impl AsyncRead + AsyncWrite + Unpin,
    mut answer: impl FnMut(&[u8], &[u8]) -> Cow<'static, [u8]>,
) {
    let mut reader = Reader::new();
    while let Some(answer) = reader.next(&mut stream, &mut answer).await {
        if stream.write_all(&answer).await.is_err() || stream.flush().await.is_err() {
            return;
        }
    }
}

fn answer(head: &[u8], body: &[u8]) -> Cow<'static, [u8]> {
    let mut words = head.split(|byte| *byte == b' ');
    if words.nth(1) != Some(ECHO.as_bytes()) {
        return Cow::Borrowed(ANSWER);
    }
    let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", body.len());
    Cow::Owned([head.as_bytes(), body].concat())
}

fn note(seen: &Mutex<Vec<Sighting>>, head: &[u8]) {
    let Some(credential) = header(head, "authorization") else {
        return;
    };
    let now = Instant::now();
    let mut seen = seen.lock().unwrap_or_else(PoisonError::into_inner);
    // The newest ones are at the end.
    match seen
        .iter_mut()
        .rev()
        .take(RECENT)
        .find(|known| known.credential == credential)
    {
        Some(known) => {
            known.last = now;
            known.times += 1;
        }
        None => {
            if seen.len() >= KEPT {
                seen.drain(..KEPT / 2);
            }
            seen.push(Sighting {
                credential: credential.to_vec(),
                first: now,
                last: now,
                times: 1,
            });
        }
    }
}

fn unreachable(source: std::io::Error) -> Error {
    Error::Connection {
        peer: ports::ANY.to_string(),
        source,
    }
}

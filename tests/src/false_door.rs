//! A false door: it stands in front of the vault's internal door and spoils what comes through, so that
//! real material flows until a trick is played.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};

use http::{HeaderValue, Request, Response, StatusCode};
use http_body_util::BodyExt as _;
use hyper::body::{Body, Bytes, Frame, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};
use tokio_rustls::TlsAcceptor;

use crate::client::Client;
use crate::pki::{Authority, Identity};
use crate::vault::Vault;
use crate::{Result, ports, tls};

/// The name that gateways expect in the door's certificate.
const NAME: &str = "sallyport-vault";

/// Marks an answer as the vault's, with the version of the wire format.
const MARKER: &str = "x-sallyport-provider";

/// What is done to a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trick {
    /// Nothing: the vault answers.
    Honest,
    /// The connection ends without an answer.
    HangUp,
    /// No answer comes.
    Silence,
    /// The vault says 500.
    ServerError,
    /// Somebody else says 503.
    AnotherServersError,
    /// Bytes that are no JSON.
    Garbage,
    /// The first half of the JSON, as if it were all.
    HalfOfTheJson,
    /// More than 64 MiB: a good answer with spaces behind it.
    Huge,
    /// The connection ends in the middle of the answer.
    CutOff,
    /// The wire format of another version.
    AnotherVersion,
    /// A good answer that does not say it is the vault's.
    NoMarker,
    /// Answers to another question.
    AnotherReference,
    /// Everything may be used for no time at all.
    NoTime,
    /// Everything may be used for 136 years, twice.
    EndlessTime,
    /// The vault does not serve this gateway.
    Denied,
    /// Every secret was deleted.
    Withdrawn,
    /// Every reference is refused.
    Refused,
}

/// A running door; it closes when dropped.
#[derive(Debug)]
pub struct FalseDoor {
    address: SocketAddr,
    ca: String,
    trick: watch::Sender<Trick>,
    played: Arc<AtomicU64>,
    server: JoinHandle<()>,
}

#[derive(Clone)]
struct Shared {
    client: Client,
    vault: SocketAddr,
    trick: watch::Receiver<Trick>,
    played: Arc<AtomicU64>,
}

/// A body that ends as it should, or breaks off.
struct Spoiled {
    data: Option<Bytes>,
    breaks_off: bool,
}

impl FalseDoor {
    /// Opens on a free loopback port and calls the vault as `gateway`.
    pub async fn open(vault: &Vault, gateway: &Identity) -> Result<Self> {
        let ca = Authority::root("False CA")?;
        let acceptor = TlsAcceptor::from(tls::server(&ca.server(NAME)?)?);
        let (trick, watched) = watch::channel(Trick::Honest);
        let shared = Shared {
            client: Client::new(&vault.ca()?, NAME, Some(gateway))?,
            vault: vault.provider(),
            trick: watched,
            played: Arc::default(),
        };
        let (listener, address) = ports::listener().await?;
        Ok(Self {
            address,
            ca: ca.certificate(),
            trick,
            played: Arc::clone(&shared.played),
            server: tokio::spawn(accept(listener, acceptor, shared)),
        })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The CA of its certificate, PEM.
    pub fn ca(&self) -> &str {
        &self.ca
    }

    /// Plays that trick from now on. Calls that are open end without an answer.
    pub fn play(&self, trick: Trick) {
        self.trick.send_replace(trick);
        self.played.store(0, Ordering::Release);
    }

    /// How often it was played.
    pub fn played(&self) -> u64 {
        self.played.load(Ordering::Acquire)
    }
}

impl Drop for FalseDoor {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn accept(listener: TcpListener, acceptor: TlsAcceptor, shared: Shared) {
    let mut connections = JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        while connections.try_join_next().is_some() {}
        connections.spawn(serve(stream, acceptor.clone(), shared.clone()));
    }
}

async fn serve(stream: TcpStream, acceptor: TlsAcceptor, shared: Shared) {
    let Ok(stream) = acceptor.accept(stream).await else {
        return;
    };
    let service = service_fn(|request| answer(request, shared.clone()));
    // An error is how a trick hangs up.
    let _ = http1::Builder::new()
        .serve_connection(TokioIo::new(stream), service)
        .await;
}

async fn answer(request: Request<Incoming>, mut shared: Shared) -> io::Result<Response<Spoiled>> {
    let trick = *shared.trick.borrow_and_update();
    let mut changed = shared.trick.clone();
    tokio::select! {
        answer = play(trick, request, &shared) => answer,
        _ = changed.changed() => Err(io::Error::other("another trick is played")),
    }
}

async fn play(
    trick: Trick,
    request: Request<Incoming>,
    shared: &Shared,
) -> io::Result<Response<Spoiled>> {
    let (parts, body) = request.into_parts();
    let question = body.collect().await.map_err(io::Error::other)?.to_bytes();
    shared.played.fetch_add(1, Ordering::AcqRel);
    let ask = async |question: Bytes| {
        let request = Request::from_parts(parts, question);
        let reply = shared.client.send(shared.vault, request).await;
        reply.map(|reply| reply.body).map_err(io::Error::other)
    };
    let at_once = |question: &[u8]| {
        let mut question: serde_json::Map<_, _> = serde_json::from_slice(question)?;
        question.insert("wait".to_owned(), json!(0));
        Ok::<_, io::Error>(Bytes::from(Value::from(question).to_string()))
    };
    let text = match trick {
        Trick::HangUp => return Err(io::Error::other("hung up")),
        Trick::Silence => std::future::pending().await,
        Trick::Honest => ask(question).await?,
        Trick::ServerError | Trick::AnotherServersError | Trick::Denied => String::new(),
        Trick::Garbage => "\u{0}\u{1}{]<html>".to_owned(),
        _ => spoiled(trick, &ask(at_once(&question)?).await?)?,
    };
    let status = match trick {
        Trick::ServerError => StatusCode::INTERNAL_SERVER_ERROR,
        Trick::AnotherServersError => StatusCode::SERVICE_UNAVAILABLE,
        Trick::Denied => StatusCode::FORBIDDEN,
        _ => StatusCode::OK,
    };
    let marker = match trick {
        Trick::AnotherServersError | Trick::NoMarker => None,
        Trick::AnotherVersion => Some("2"),
        _ => Some("1"),
    };
    let mut response = Response::new(Spoiled {
        data: Some(Bytes::from(text)),
        breaks_off: trick == Trick::CutOff,
    });
    *response.status_mut() = status;
    if let Some(marker) = marker {
        let headers = response.headers_mut();
        headers.insert(MARKER, HeaderValue::from_static(marker));
    }
    Ok(response)
}

/// What becomes of the vault's answer.
fn spoiled(trick: Trick, answer: &str) -> io::Result<String> {
    let half = answer.get(..answer.len() / 2).unwrap_or_default();
    if matches!(trick, Trick::HalfOfTheJson | Trick::CutOff) {
        return Ok(half.to_owned());
    }
    if trick == Trick::Huge {
        return Ok(answer.to_owned() + &" ".repeat(64 * 1024 * 1024));
    }
    let mut answer: Answer = serde_json::from_str(answer)?;
    match trick {
        Trick::AnotherReference => answer.is_about("secret://payments/sharedSecrets/another"),
        Trick::NoTime => answer.usable_for(0),
        Trick::EndlessTime => answer.usable_for(u32::MAX),
        Trick::Withdrawn => answer.becomes(&json!({"withdrawn": {}})),
        Trick::Refused => {
            let outcome = json!({"refused": {"reason": "not_granted", "detail": "a trick"}});
            answer.becomes(&outcome);
        }
        _ => {}
    }
    Ok(serde_json::to_string(&answer)?)
}

/// What a trick has to know of the wire format.
#[derive(Serialize, Deserialize)]
struct Answer {
    answers: Vec<OneAnswer>,
}

#[derive(Serialize, Deserialize)]
struct OneAnswer {
    reference: String,
    revision: String,
    outcome: Value,
}

impl Answer {
    fn usable_for(&mut self, seconds: u32) {
        for answer in &mut self.answers {
            let outcomes = answer.outcome.as_object_mut().into_iter().flatten();
            for outcome in outcomes.filter_map(|(_, outcome)| outcome.as_object_mut()) {
                let freshness = json!({"ttl": seconds, "staleFor": seconds});
                outcome.insert("freshness".to_owned(), freshness);
            }
        }
    }

    fn is_about(&mut self, reference: &str) {
        for answer in &mut self.answers {
            answer.reference = reference.to_owned();
        }
    }

    fn becomes(&mut self, outcome: &Value) {
        for answer in &mut self.answers {
            answer.outcome = outcome.clone();
            answer.revision = "a trick".to_owned();
        }
    }
}

impl Body for Spoiled {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        Poll::Ready(match self.data.take() {
            Some(data) => Some(Ok(Frame::data(data))),
            None if self.breaks_off => Some(Err(io::Error::other("cut off"))),
            None => None,
        })
    }
}

//! One list over HTTP/1.1, within limits: the name is resolved once, every address is checked, and
//! redirects stay where they are.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use axum::http::{HeaderMap, HeaderName, Request, Response, StatusCode, header};
use http_body_util::{BodyExt as _, Empty};
use hyper::body::{Body as _, Bytes, Incoming};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use rustls::crypto::aws_lc_rs;
use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::{CertificateDer, ServerName};
use sallyport_model::CrlUrl;
use sallyport_pki::Certificate;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

use super::addresses::AddressRules;
use super::failure::FetchFailure;
use super::location::{Location, Scheme};
use super::progress::Validators;
use super::resolver::Resolver;
use crate::trace;

/// What a download may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DownloadLimits {
    /// Most bytes of a list.
    pub bytes: usize,
    /// Longest time to connect, TLS included.
    pub connect: Duration,
    /// Longest time for all of it.
    pub total: Duration,
}

/// Downloads lists.
pub struct Downloader {
    /// Who looks names up.
    pub resolver: Arc<dyn Resolver>,
    /// Which addresses may be contacted.
    pub addresses: AddressRules,
    /// What a download may take.
    pub limits: DownloadLimits,
    /// CAs of servers, besides the certificates of the distributor.
    pub server_cas: Vec<CertificateDer<'static>>,
}

/// What came of a download.
pub(super) enum Downloaded {
    /// The list is the one that was taken last.
    NotModified,
    /// A list, and what to send next time.
    Crl(Vec<u8>, Validators),
}

trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}

impl<S: AsyncRead + AsyncWrite + Unpin + Send> Stream for S {}

impl DownloadLimits {
    /// 10 seconds to connect, two minutes for all of it.
    pub const fn of_bytes(bytes: usize) -> Self {
        Self {
            bytes,
            connect: Duration::from_secs(10),
            total: Duration::from_secs(120),
        }
    }

    const REDIRECTS: usize = 3;
    const ADDRESSES: usize = 4;
    const HEAD: usize = 64 * 1024;
    const HEADERS: usize = 100;
    /// Of a validator the server has sent; a longer one is not kept.
    const VALIDATOR: usize = 1024;
}

/// What servers say of a CRL: registered (RFC 2585), common, or said of any file.
const CONTENT_TYPES: [&str; 8] = [
    "application/pkix-crl",
    "application/x-pkcs7-crl",
    "application/x-x509-crl",
    "application/pem",
    "application/x-pem-file",
    "application/octet-stream",
    "binary/octet-stream",
    "text/plain",
];

const AGENT: &str = concat!("sallyport-vault/", env!("CARGO_PKG_VERSION"));

impl Downloader {
    /// Downloads a list unless it is the one that was taken last. `signers` are the certificates of the
    /// distributor: over https they are trusted as CAs of the server, too.
    pub(super) async fn download(
        &self,
        url: &CrlUrl,
        known: &Validators,
        signers: &[Certificate],
    ) -> Result<Downloaded, FetchFailure> {
        let limit = self.limits.total;
        let download = self.follow(url, known, signers);
        timeout(limit, download)
            .await
            .map_err(|_| FetchFailure::Timeout { limit })?
    }

    async fn follow(
        &self,
        url: &CrlUrl,
        known: &Validators,
        signers: &[Certificate],
    ) -> Result<Downloaded, FetchFailure> {
        let mut location = Location::of(url).ok_or(FetchFailure::Url)?;
        // Once: a name that means something else in a moment is not asked again.
        let addresses = self.resolve(&location.host).await?;
        let tls = self.tls(signers)?;
        for _ in 0..=DownloadLimits::REDIRECTS {
            let mut exchange = self.ask(&location, &addresses, known, &tls).await?;
            let response = &exchange.response;
            match response.status() {
                StatusCode::OK => return self.read(&mut exchange).await,
                StatusCode::NOT_MODIFIED if !known.is_empty() => {
                    return Ok(Downloaded::NotModified);
                }
                StatusCode::MOVED_PERMANENTLY
                | StatusCode::FOUND
                | StatusCode::SEE_OTHER
                | StatusCode::TEMPORARY_REDIRECT
                | StatusCode::PERMANENT_REDIRECT => {
                    let to = text(response.headers(), header::LOCATION);
                    location = location.redirected(to.ok_or(FetchFailure::Redirect)?)?;
                }
                status => return Err(FetchFailure::Status(status)),
            }
        }
        Err(FetchFailure::Redirects {
            limit: DownloadLimits::REDIRECTS,
        })
    }

    /// The addresses of a host, all of which may be contacted.
    async fn resolve(&self, host: &str) -> Result<Vec<IpAddr>, FetchFailure> {
        let mut addresses = match host.parse::<IpAddr>() {
            Ok(address) => vec![address],
            Err(_) => {
                let found = timeout(self.limits.connect, self.resolver.resolve(host)).await;
                let limit = self.limits.connect;
                found
                    .map_err(|_| FetchFailure::Timeout { limit })?
                    .map_err(|source| FetchFailure::Resolve {
                        host: host.to_owned(),
                        source,
                    })?
            }
        };
        if let Some(address) = addresses.iter().find(|one| !self.addresses.permit(**one)) {
            return Err(FetchFailure::Address {
                host: host.to_owned(),
                address: *address,
            });
        }
        addresses.truncate(DownloadLimits::ADDRESSES);
        Ok(addresses)
    }

    fn tls(&self, signers: &[Certificate]) -> Result<TlsConnector, FetchFailure> {
        let mut roots = RootCertStore::empty();
        let signers = signers.iter().map(|signer| signer.der().to_vec().into());
        for certificate in signers.chain(self.server_cas.iter().cloned()) {
            roots.add(certificate).map_err(FetchFailure::Trust)?;
        }
        let provider = Arc::new(aws_lc_rs::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(FetchFailure::Trust)?
            .with_root_certificates(roots)
            .with_no_client_auth();
        Ok(TlsConnector::from(Arc::new(config)))
    }

    async fn ask(
        &self,
        location: &Location,
        addresses: &[IpAddr],
        known: &Validators,
        tls: &TlsConnector,
    ) -> Result<Exchange, FetchFailure> {
        let limit = self.limits.connect;
        let stream = timeout(limit, connect(location, addresses, tls))
            .await
            .map_err(|_| FetchFailure::Timeout { limit })??;
        let (mut sender, connection) = http1::Builder::new()
            .max_buf_size(DownloadLimits::HEAD)
            .max_headers(DownloadLimits::HEADERS)
            .handshake(TokioIo::new(stream))
            .await?;
        // Ends with the exchange, whatever the server does.
        let mut connections = JoinSet::new();
        connections.spawn(async move {
            let _ = connection.await;
        });
        let response = sender.send_request(request(location, known)?).await?;
        Ok(Exchange {
            response,
            _connections: connections,
        })
    }

    async fn read(&self, exchange: &mut Exchange) -> Result<Downloaded, FetchFailure> {
        let response = &mut exchange.response;
        check_kind(response.headers())?;
        let limit = self.limits.bytes;
        let too_large = || FetchFailure::TooLarge { limit };
        let announced = response.body().size_hint().lower();
        if usize::try_from(announced).is_ok_and(|announced| announced > limit) {
            return Err(too_large());
        }
        let mut crl = Vec::new();
        while let Some(frame) = response.body_mut().frame().await {
            let Ok(data) = frame?.into_data() else {
                continue;
            };
            if data.len() > limit.saturating_sub(crl.len()) {
                return Err(too_large());
            }
            crl.extend_from_slice(&data);
        }
        let kept = |name: HeaderName| {
            let value = text(response.headers(), name);
            let value = value.filter(|value| value.len() <= DownloadLimits::VALIDATOR);
            value.map(str::to_owned)
        };
        let validators = Validators {
            etag: kept(header::ETAG),
            last_modified: kept(header::LAST_MODIFIED),
        };
        Ok(Downloaded::Crl(crl, validators))
    }
}

/// A response, and the connection it comes over.
struct Exchange {
    response: Response<Incoming>,
    _connections: JoinSet<()>,
}

async fn connect(
    location: &Location,
    addresses: &[IpAddr],
    tls: &TlsConnector,
) -> Result<Box<dyn Stream>, FetchFailure> {
    let at = || location.to_string();
    let mut failure = FetchFailure::NoAddress {
        host: location.host.clone(),
    };
    for address in addresses {
        let stream = match TcpStream::connect(SocketAddr::new(*address, location.port)).await {
            Ok(stream) => stream,
            Err(source) => {
                failure = FetchFailure::Connect { at: at(), source };
                continue;
            }
        };
        return match location.scheme {
            Scheme::Http => Ok(Box::new(stream)),
            Scheme::Https => {
                let name = ServerName::try_from(location.host.clone());
                let name = name.map_err(|_| FetchFailure::Url)?;
                match tls.connect(name, stream).await {
                    Ok(stream) => Ok(Box::new(stream)),
                    Err(source) => Err(FetchFailure::Tls { at: at(), source }),
                }
            }
        };
    }
    Err(failure)
}

fn request(location: &Location, known: &Validators) -> Result<Request<Empty<Bytes>>, FetchFailure> {
    let mut request = Request::get(location.target.as_str())
        .header(header::HOST, location.authority())
        .header(header::USER_AGENT, AGENT)
        .header(header::ACCEPT, "application/pkix-crl, */*;q=0.5")
        .header(header::ACCEPT_ENCODING, "identity")
        .header(header::CONNECTION, "close");
    if let Some(etag) = &known.etag {
        request = request.header(header::IF_NONE_MATCH, etag);
    }
    if let Some(moment) = &known.last_modified {
        request = request.header(header::IF_MODIFIED_SINCE, moment);
    }
    if let Some(span) = trace::current().and_then(|trace| trace.child()) {
        request = request.header(trace::HEADER, span.to_string());
    }
    request.body(Empty::new()).map_err(|_| FetchFailure::Url)
}

/// Refuses what says that it is no CRL, a page with an error for people above all.
fn check_kind(headers: &HeaderMap) -> Result<(), FetchFailure> {
    let encoding = text(headers, header::CONTENT_ENCODING);
    if encoding.is_some_and(|encoding| !encoding.eq_ignore_ascii_case("identity")) {
        return Err(FetchFailure::Encoded);
    }
    let Some(found) = headers.get(header::CONTENT_TYPE) else {
        return Ok(());
    };
    let found = String::from_utf8_lossy(found.as_bytes());
    let essence = found.split(';').next().unwrap_or_default().trim();
    match CONTENT_TYPES
        .iter()
        .any(|known| known.eq_ignore_ascii_case(essence))
    {
        true => Ok(()),
        false => Err(FetchFailure::ContentType {
            found: essence.chars().take(80).collect(),
        }),
    }
}

fn text(headers: &HeaderMap, name: HeaderName) -> Option<&str> {
    headers.get(name)?.to_str().ok()
}

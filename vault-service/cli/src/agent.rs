//! HTTPS: TLS with the CAs of one file only, and what it means when a call fails.

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use ureq::Agent;
use ureq::http::Method;
use ureq::tls::{Certificate, ClientCert, PemItem, RootCerts, TlsConfig};

use crate::error::{Error, Outcome};
use crate::private_file;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
const CALL_TIMEOUT: Duration = Duration::from_secs(60);
const MAX_CA_FILE: u64 = 1024 * 1024;

/// Trusts the CAs of `ca_file` and nothing else; shows `client` to servers that ask.
///
/// # Errors
/// The CA file is unreadable or has no certificate.
pub(crate) fn build(ca_file: &Path, client: Option<ClientCert>) -> Result<Agent, Error> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let tls = TlsConfig::builder()
        .root_certs(RootCerts::from(certificates(ca_file)?))
        .client_cert(client)
        .unversioned_rustls_crypto_provider(provider)
        .build();
    Ok(Agent::config_builder()
        .tls_config(tls)
        .https_only(true)
        .http_status_as_error(false)
        // A redirect could carry a credential elsewhere; the vault never sends one.
        .max_redirects(0)
        .max_redirects_will_error(false)
        .timeout_connect(Some(CONNECT_TIMEOUT))
        .timeout_global(Some(CALL_TIMEOUT))
        .user_agent(concat!("sallyport/", env!("CARGO_PKG_VERSION")))
        .accept("application/json")
        .build()
        .new_agent())
}

/// The certificates of a PEM file.
///
/// # Errors
/// It is unreadable, or has none.
pub(crate) fn certificates(path: &Path) -> Result<Vec<Certificate<'static>>, Error> {
    let pem = private_file::read(path, MAX_CA_FILE)?;
    let certificates: Vec<Certificate<'static>> = ureq::tls::parse_pem(&pem)
        .filter_map(|item| match item {
            Ok(PemItem::Certificate(certificate)) => Some(certificate),
            _ => None,
        })
        .collect();
    if certificates.is_empty() {
        return Err(Error::CaFile {
            path: path.to_owned(),
        });
    }
    Ok(certificates)
}

/// What a call that brought no answer means; `changes_nothing` says whether a repetition is safe.
pub(crate) fn failure(
    url: &str,
    (method, path): (&Method, &str),
    changes_nothing: bool,
    error: ureq::Error,
) -> Error {
    use ureq::{Error as E, Timeout};
    let never_sent = match &error {
        E::HostNotFound
        | E::ConnectionFailed
        | E::ConnectProxyFailed(_)
        | E::InvalidProxyUrl
        | E::Tls(_)
        | E::Rustls(_)
        | E::Timeout(Timeout::Resolve | Timeout::Connect) => true,
        // Refused connections, and certificates that rustls rejects in the handshake.
        E::Io(error) => {
            error.kind() == io::ErrorKind::ConnectionRefused
                || error
                    .get_ref()
                    .is_some_and(|inner| inner.is::<rustls::Error>())
        }
        E::Timeout(_) => false,
        other => return Error::nonsense(method, path, other),
    };
    Error::Unreachable {
        url: url.to_owned(),
        source: Box::new(error),
        outcome: if never_sent || changes_nothing {
            Outcome::Nothing
        } else {
            Outcome::Unknown
        },
    }
}

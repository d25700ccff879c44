//! HTTPS to the vault: TLS with the profile's CA only, tokens renewed on their own.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use sallyport_model::SecretString;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use ureq::http::{Method, Request, StatusCode, header};
use ureq::tls::{Certificate, PemItem, RootCerts, TlsConfig};
use ureq::unversioned::multipart::{Form, Part};
use ureq::{Agent, AsSendBody};
use zeroize::Zeroizing;

use crate::error::{Error, Outcome};
use crate::output::warn;
use crate::private_file;
use crate::profile::{Profile, Token, exposed};
use crate::refusal::Refusal;

const TOKEN_PATH: &str = "/accounts/api/v2/oauth2/token";
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
const CALL_TIMEOUT: Duration = Duration::from_secs(60);
const MAX_ANSWER: u64 = 16 * 1024 * 1024;
const MAX_CA_FILE: u64 = 1024 * 1024;

/// A connected app at a vault.
pub(crate) struct Client {
    agent: Agent,
    url: String,
    client_id: String,
    client_secret: SecretString,
    token: Option<Token>,
    /// The profile that keeps renewed tokens.
    cache: Option<PathBuf>,
}

/// What is sent.
pub(crate) enum Body<'a> {
    Empty,
    /// From [`to_json`]: zeroed when dropped.
    Json(Zeroizing<Vec<u8>>),
    Form(Vec<FormPart<'a>>),
}

/// One part of a `multipart/form-data` body.
pub(crate) struct FormPart<'a> {
    pub(crate) name: &'static str,
    pub(crate) content: Content<'a>,
}

/// What a part holds.
pub(crate) enum Content<'a> {
    Text(&'a str),
    File { name: &'a str, bytes: &'a [u8] },
}

#[derive(Serialize)]
struct TokenRequest<'a> {
    client_id: &'a str,
    #[serde(serialize_with = "exposed")]
    client_secret: &'a SecretString,
    grant_type: &'static str,
}

#[derive(Deserialize)]
struct TokenAnswer {
    access_token: SecretString,
    /// Seconds; absent means: use it once.
    #[serde(default)]
    expires_in: u64,
}

impl Client {
    /// Trusts the CAs of `ca_file` and nothing else.
    ///
    /// # Errors
    /// The CA file is unreadable or has no certificate.
    pub(crate) fn new(
        url: String,
        ca_file: &Path,
        client_id: String,
        client_secret: SecretString,
    ) -> Result<Self, Error> {
        let roots = root_certificates(ca_file)?;
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let tls = TlsConfig::builder()
            .root_certs(roots)
            .unversioned_rustls_crypto_provider(provider)
            .build();
        let agent = Agent::config_builder()
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
            .new_agent();
        Ok(Self {
            agent,
            url,
            client_id,
            client_secret,
            token: None,
            cache: None,
        })
    }

    /// Uses `token` while it is fresh, and keeps renewed ones in the profile at `path`.
    pub(crate) fn with_cached_token(mut self, path: PathBuf, token: Option<Token>) -> Self {
        self.token = token;
        self.cache = Some(path);
        self
    }

    /// The token in use, to be kept.
    pub(crate) fn token(&self) -> Option<&Token> {
        self.token.as_ref()
    }

    /// The address of the vault.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// `GET path`.
    pub(crate) fn get(&mut self, path: &str) -> Result<Value, Error> {
        self.call(&Method::GET, path, &Body::Empty)
    }

    /// `GET path`, which must be answered by an array.
    pub(crate) fn list(&mut self, path: &str) -> Result<Vec<Value>, Error> {
        match self.get(path)? {
            Value::Array(items) => Ok(items),
            _ => Err(nonsense(&Method::GET, path, &"it is not an array")),
        }
    }

    /// Sends a request with a token; on a 401 once more with a new one. An empty answer is null.
    pub(crate) fn call(
        &mut self,
        method: &Method,
        path: &str,
        body: &Body<'_>,
    ) -> Result<Value, Error> {
        let cached = self.token.take().filter(|token| token.is_fresh(now()));
        let renewed = cached.is_none();
        let token = match cached {
            Some(token) => token,
            None => self.renew()?,
        };
        let mut answer = self.send(method, path, body, Some(&token))?;
        self.token = Some(token);
        if answer.status == StatusCode::UNAUTHORIZED && !renewed {
            let token = self.renew()?;
            answer = self.send(method, path, body, Some(&token))?;
            self.token = Some(token);
        }
        if !answer.status.is_success() {
            return Err(Error::Refused(Box::new(answer.refusal())));
        }
        if answer.text.is_empty() {
            return Ok(Value::Null);
        }
        serde_json::from_str(&answer.text).map_err(|error| nonsense(method, path, &error))
    }

    fn renew(&self) -> Result<Token, Error> {
        let request = to_json(&TokenRequest {
            client_id: &self.client_id,
            client_secret: &self.client_secret,
            grant_type: "client_credentials",
        })?;
        let answer = self.send(&Method::POST, TOKEN_PATH, &Body::Json(request), None)?;
        if matches!(answer.status.as_u16(), 400 | 401 | 403) {
            return Err(Error::Credentials(Box::new(answer.refusal())));
        }
        if !answer.status.is_success() {
            return Err(Error::Refused(Box::new(answer.refusal())));
        }
        let TokenAnswer {
            access_token,
            expires_in,
        } = serde_json::from_str(&answer.text)
            .map_err(|error| nonsense(&Method::POST, TOKEN_PATH, &error))?;
        let token = Token {
            access_token,
            expires_at: now().saturating_add(expires_in),
        };
        if let Some(path) = &self.cache
            && let Err(error) = self.keep(path, &token)
        {
            // The command itself can go on.
            warn(&format!("warning: the token is not kept: {error}"));
        }
        Ok(token)
    }

    /// Another command may have changed the profile meanwhile: only the token of ours is replaced.
    fn keep(&self, path: &Path, token: &Token) -> Result<(), Error> {
        let Some(mut profile) = Profile::load(path)? else {
            return Ok(());
        };
        if profile.url != self.url || profile.client_id != self.client_id {
            return Ok(());
        }
        profile.token = Some(token.clone());
        profile.save(path)
    }

    fn send(
        &self,
        method: &Method,
        path: &str,
        body: &Body<'_>,
        token: Option<&Token>,
    ) -> Result<Answer, Error> {
        match body {
            Body::Empty => self.exchange(method, path, token, None, ()),
            Body::Json(bytes) => self.exchange(
                method,
                path,
                token,
                Some("application/json"),
                bytes.as_slice(),
            ),
            Body::Form(parts) => {
                let form = parts.iter().fold(Form::new(), add_part);
                let content_type = format!("multipart/form-data; boundary={}", form.boundary());
                self.exchange(method, path, token, Some(&content_type), form)
            }
        }
    }

    fn exchange(
        &self,
        method: &Method,
        path: &str,
        token: Option<&Token>,
        content_type: Option<&str>,
        body: impl AsSendBody,
    ) -> Result<Answer, Error> {
        let mut request = Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.url));
        if let Some(content_type) = content_type {
            request = request.header(header::CONTENT_TYPE, content_type);
        }
        if let Some(token) = token {
            let value = Zeroizing::new(format!("Bearer {}", token.access_token.expose()));
            request = request.header(header::AUTHORIZATION, value.as_str());
        }
        let request = request
            .body(body)
            .map_err(|error| nonsense(method, path, &error))?;
        let failed = |error| self.failure(method, path, error);
        let mut response = self.agent.run(request).map_err(failed)?;
        let status = response.status();
        let text = response
            .body_mut()
            .with_config()
            .limit(MAX_ANSWER)
            .read_to_string()
            .map_err(failed)?;
        Ok(Answer {
            status,
            text: Zeroizing::new(text),
        })
    }

    fn failure(&self, method: &Method, path: &str, error: ureq::Error) -> Error {
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
            other => return nonsense(method, path, other),
        };
        Error::Unreachable {
            url: self.url.clone(),
            source: Box::new(error),
            outcome: if never_sent || *method == Method::GET || path == TOKEN_PATH {
                Outcome::Nothing
            } else {
                Outcome::Unknown
            },
        }
    }
}

/// JSON in a buffer of exactly the right size, zeroed when dropped: growing would leave copies.
pub(crate) fn to_json(value: &impl Serialize) -> Result<Zeroizing<Vec<u8>>, Error> {
    let mut length = Length(0);
    let failed = |source| Error::Print {
        source: io::Error::from(source),
    };
    serde_json::to_writer(&mut length, value).map_err(failed)?;
    let mut bytes = Zeroizing::new(Vec::with_capacity(length.0));
    serde_json::to_writer(&mut *bytes, value).map_err(failed)?;
    Ok(bytes)
}

/// Reads what is needed out of an answer to `GET path`.
pub(crate) fn parse<T: DeserializeOwned>(path: &str, answer: &Value) -> Result<T, Error> {
    T::deserialize(answer).map_err(|error| nonsense(&Method::GET, path, &error))
}

/// An answer that cannot be understood.
pub(crate) fn nonsense(method: &Method, path: &str, reason: &impl ToString) -> Error {
    Error::Nonsense {
        method: method.to_string(),
        path: path.to_owned(),
        reason: reason.to_string(),
    }
}

struct Answer {
    status: StatusCode,
    /// May hold an access token.
    text: Zeroizing<String>,
}

impl Answer {
    fn refusal(&self) -> Refusal {
        Refusal::from_body(self.status.as_u16(), &self.text)
    }
}

/// Counts what is written to it.
struct Length(usize);

impl io::Write for Length {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 += bytes.len();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn add_part<'a>(form: Form<'a>, part: &FormPart<'a>) -> Form<'a> {
    match part.content {
        Content::Text(text) => form.text(part.name, text),
        Content::File { name, bytes } => form.part(part.name, Part::bytes(bytes).file_name(name)),
    }
}

fn root_certificates(path: &Path) -> Result<RootCerts, Error> {
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
    Ok(RootCerts::from(certificates))
}

fn now() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.as_secs())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_with_a_secret_fills_its_buffer_exactly() {
        let secret = SecretString::new("a\"b\u{1}".to_owned());
        let bytes = to_json(&TokenRequest {
            client_id: "id",
            client_secret: &secret,
            grant_type: "client_credentials",
        })
        .unwrap();
        assert_eq!(bytes.len(), bytes.capacity());
        let value: Value = serde_json::from_slice(&bytes).unwrap();
        assert_eq!(value["client_secret"], "a\"b\u{1}");
    }
}

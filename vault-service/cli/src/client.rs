//! HTTPS to the vault: TLS with the profile's CA only, tokens renewed on their own.

use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::Value;
use ureq::http::{self, Method, StatusCode, header};
use ureq::unversioned::multipart::{self, Form};
use ureq::{Agent, AsSendBody};
use zeroize::Zeroizing;

use crate::agent;
use crate::error::Error;
use crate::identity::{Credentials, Identity, LOGIN_PATH, TOKEN_PATH, TokenAnswer};
use crate::output::warn;
use crate::profile::{Profile, Token};
use crate::refusal::Refusal;
use crate::request::{Body, Content, Part, Request, to_json};

const MAX_ANSWER: u64 = 16 * 1024 * 1024;

/// An actor at a vault.
pub(crate) struct Client {
    agent: Agent,
    url: String,
    identity: Identity,
    token: Option<Token>,
    /// The profile that keeps renewed tokens.
    cache: Option<PathBuf>,
}

impl Client {
    /// Trusts the CAs of `ca_file` and nothing else.
    ///
    /// # Errors
    /// The CA file is unreadable or has no certificate.
    pub(crate) fn new(url: String, ca_file: &Path, identity: Identity) -> Result<Self, Error> {
        let agent = agent::build(ca_file, None)?;
        Ok(Self {
            agent,
            url,
            identity,
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
    pub(crate) const fn token(&self) -> Option<&Token> {
        self.token.as_ref()
    }

    /// Who talks to the vault.
    pub(crate) const fn identity(&self) -> &Identity {
        &self.identity
    }

    /// The address of the vault.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// Gets a token for a user: only now the password is known.
    pub(crate) fn log_in(&mut self, credentials: &Credentials<'_>) -> Result<(), Error> {
        self.token = Some(self.request_token(credentials)?);
        Ok(())
    }

    /// `GET path`.
    pub(crate) fn get(&mut self, path: &str) -> Result<Value, Error> {
        self.call(&Request::get(path))
    }

    /// `GET path`, which must be answered by an array.
    pub(crate) fn list(&mut self, path: &str) -> Result<Vec<Value>, Error> {
        match self.get(path)? {
            Value::Array(items) => Ok(items),
            _ => Err(Error::nonsense(&Method::GET, path, &"it is not an array")),
        }
    }

    /// Sends a request with a token; on a 401 once more with a new one. An empty answer is null.
    pub(crate) fn call(&mut self, request: &Request) -> Result<Value, Error> {
        let cached = self.token.take().filter(|token| token.is_fresh(now()));
        let renewed = cached.is_none();
        let token = match cached {
            Some(token) => token,
            None => self.renew()?,
        };
        let mut answer = self.send(request, Some(&token))?;
        self.token = Some(token);
        if answer.status == StatusCode::UNAUTHORIZED && !renewed {
            let token = self.renew()?;
            answer = self.send(request, Some(&token))?;
            self.token = Some(token);
        }
        if !answer.status.is_success() {
            return Err(Error::Refused(Box::new(answer.refusal())));
        }
        if answer.text.is_empty() {
            return Ok(Value::Null);
        }
        serde_json::from_str(&answer.text)
            .map_err(|error| Error::nonsense(&request.method, &request.path, &error))
    }

    fn renew(&self) -> Result<Token, Error> {
        let token = match &self.identity {
            Identity::App {
                client_id,
                client_secret,
            } => self.request_token(&Credentials::App(client_id, client_secret))?,
            Identity::User { username } => {
                return Err(Error::LoginEnded {
                    username: username.clone(),
                });
            }
        };
        if let Some(path) = &self.cache
            && let Err(error) = self.keep(path, &token)
        {
            // The command itself can go on.
            warn(&format!("warning: the token is not kept: {error}"));
        }
        Ok(token)
    }

    fn request_token(&self, credentials: &Credentials<'_>) -> Result<Token, Error> {
        let request = credentials.request();
        let answer = self.send(&request, None)?;
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
            .map_err(|error| Error::nonsense(&Method::POST, &request.path, &error))?;
        let expires_at = match (credentials, expires_in) {
            (_, Some(seconds)) => now().saturating_add(seconds),
            // Use it once.
            (Credentials::App(..), None) => now(),
            // The vault says when it has ended: 401.
            (Credentials::User(..), None) => u64::MAX,
        };
        Ok(Token {
            access_token,
            expires_at,
        })
    }

    /// Another command may have changed the profile meanwhile: only the token of ours is replaced.
    fn keep(&self, path: &Path, token: &Token) -> Result<(), Error> {
        let Some(mut profile) = Profile::load(path)? else {
            return Ok(());
        };
        if profile.url != self.url || !profile.identity.is(&self.identity) {
            return Ok(());
        }
        profile.token = Some(token.clone());
        profile.save(path)
    }

    fn send(&self, request: &Request, token: Option<&Token>) -> Result<Answer, Error> {
        const JSON: Option<&str> = Some("application/json");
        match &request.body {
            Body::Empty => self.exchange(request, token, None, ()),
            Body::Object(fields) => {
                self.exchange(request, token, JSON, to_json(fields)?.as_slice())
            }
            Body::Array(items) => self.exchange(request, token, JSON, to_json(items)?.as_slice()),
            Body::File(content_type, bytes) => {
                self.exchange(request, token, Some(content_type), bytes.as_slice())
            }
            Body::Form(parts) => {
                let form = parts.iter().fold(Form::new(), add_part);
                let content_type = format!("multipart/form-data; boundary={}", form.boundary());
                self.exchange(request, token, Some(&content_type), form)
            }
        }
    }

    fn exchange(
        &self,
        request: &Request,
        token: Option<&Token>,
        content_type: Option<&str>,
        body: impl AsSendBody,
    ) -> Result<Answer, Error> {
        let Request { method, path, .. } = request;
        let mut head = http::Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.url));
        if let Some(content_type) = content_type {
            head = head.header(header::CONTENT_TYPE, content_type);
        }
        if let Some(version) = request.if_match_header() {
            head = head.header(header::IF_MATCH, version);
        }
        if let Some(token) = token {
            let value = Zeroizing::new(format!("Bearer {}", token.access_token.expose()));
            head = head.header(header::AUTHORIZATION, value.as_str());
        }
        let whole = head
            .body(body)
            .map_err(|error| Error::nonsense(method, path, &error))?;
        let changes_nothing =
            *method == Method::GET || [TOKEN_PATH, LOGIN_PATH].contains(&path.as_str());
        let failed = |error| agent::failure(&self.url, (method, path), changes_nothing, error);
        let mut response = self.agent.run(whole).map_err(failed)?;
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

fn add_part<'a>(form: Form<'a>, part: &'a Part) -> Form<'a> {
    match &part.content {
        Content::Text(text) => form.text(part.name, text),
        Content::Secret(secret) => form.text(part.name, secret.expose()),
        Content::File(name, bytes) => {
            form.part(part.name, multipart::Part::bytes(bytes).file_name(name))
        }
    }
}

fn now() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.as_secs())
}

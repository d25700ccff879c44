//! Callers that show a credential: Basic, API key, JWT, HTTP message signature. What they show is held
//! against shared secrets of the vault.

mod caller;
mod fault;
mod hides;

use std::sync::Arc;

pub(crate) use caller::Caller;
pub use caller::IdentityHeader;
use fault::{of_api_key, of_basic, of_jwt, of_signature};
use sallyport_message::api_key::ApiKeys;
use sallyport_message::basic::{BasicCredentials, BasicPairs};
use sallyport_message::http_signatures;
use sallyport_message::jwt;
use sallyport_message::{Key, Request, UnixTime};
use sallyport_model::Reference;
use serde_json::{Map, Value};

use super::keys::{self, Found, Missing, Version, fitting};
use crate::choice::Pick;
use crate::decide::Denial;
use crate::direction::Direction;
use crate::head::Head;
use crate::header_name::HeaderName;
use crate::mode::Mode;
use crate::reason::Reason;
use crate::usable::{Age, Usable};

/// What callers must show.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallerCheck {
    /// One of these; the first one that a request has decides.
    pub accept: Vec<Accept>,
    /// Enforce or observe.
    pub mode: Mode,
    /// Headers with credentials that the upstream does not get.
    pub removed: Vec<HeaderName>,
    /// Headers that tell the upstream who called; what the client sent in them is removed.
    pub identity: Vec<IdentityHeader>,
    /// `WWW-Authenticate` of a refusal.
    pub challenge: Arc<str>,
}

/// One way to show who one is, and the secrets it is held against.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Accept {
    /// How.
    pub scheme: Scheme,
    /// Any of these fits.
    pub secrets: Pick<Vec<Reference>>,
}

/// How a caller shows who it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scheme {
    /// RFC 7617, against `UsernamePassword`.
    Basic,
    /// A header of its own.
    ApiKey(HeaderName),
    /// RFC 7519 as a bearer token (RFC 6750), against `SymmetricKey`.
    Jwt(Box<jwt::Policy>),
    /// RFC 9421, against `SymmetricKey`.
    Signature(Box<SignatureCheck>),
}

/// What a signature has to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignatureCheck {
    /// What it covers, and how old it may be.
    pub policy: http_signatures::Policy,
    /// Whether bodies are covered.
    pub body: SignedBody,
    /// Whether it may come again.
    pub replay: Replay,
}

/// Whether the body of a signed request is covered, by `content-digest`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SignedBody {
    /// Always, where there is one.
    #[default]
    Covered,
    /// Where the signature says so.
    Optional,
}

/// Whether a signature may come again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Replay {
    /// It has a nonce, and holds once.
    #[default]
    Refuse,
    /// Until it is too old.
    Allow,
}

/// A scheme, in counters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SchemeName {
    /// Basic.
    Basic,
    /// API key.
    ApiKey,
    /// JWT.
    Jwt,
    /// HTTP message signature.
    Signature,
}

/// What one entry of `accept` accepts now. No `Debug`: it may hold keys.
pub(crate) struct Accepted {
    /// Name and version of each secret, by its place in the list.
    names: Vec<(String, Version)>,
    secrets: Secrets,
}

enum Secrets {
    Pairs(BasicPairs),
    Keys(ApiKeys),
    Macs(Vec<Key>),
}

impl CallerCheck {
    /// The references of all secrets.
    pub(crate) fn references(&self) -> impl Iterator<Item = &Reference> {
        let secrets = self.accept.iter().flat_map(|accept| accept.secrets.all());
        secrets.flatten()
    }

    /// What is accepted now, and the age of the oldest of it; nothing where each request chooses.
    pub(crate) fn accepted<'a>(
        &'a self,
        usable: Usable<'a>,
    ) -> Result<(Vec<Option<Accepted>>, Age), Missing<'a>> {
        let mut all = Vec::with_capacity(self.accept.len());
        let mut oldest = Age::Fresh;
        for accept in &self.accept {
            let made = accept.secrets.fixed();
            let made = made.map(|secrets| Accepted::new(&accept.scheme, secrets, usable));
            all.push(match made.transpose()? {
                None => None,
                Some((accepted, age)) => {
                    oldest = oldest.max(age);
                    Some(accepted)
                }
            });
        }
        Ok((all, oldest))
    }

    /// Who sent this request, by the first credential it has of those that are accepted.
    pub(crate) fn check(
        &self,
        accepted: &[Option<Accepted>],
        usable: Usable<'_>,
        head: &Head,
        now: UnixTime,
    ) -> Result<Caller, Denial> {
        let mut denial = Denial::new(Reason::CredentialAbsent);
        for (accept, accepted) in self.accept.iter().zip(accepted) {
            let chosen;
            let accepted = match accepted {
                Some(accepted) => accepted,
                None => match accept.chosen(usable, head) {
                    Ok(accepted) => {
                        chosen = accepted;
                        &chosen
                    }
                    // It is nothing for this request; another way may be.
                    Err(none) if none.reason == Reason::SecretNotChosen => {
                        denial = none;
                        continue;
                    }
                    Err(denial) => return Err(denial),
                },
            };
            let checked = head
                .with(|request| accepted.check(&accept.scheme, request, head.ends, now))
                .unwrap_or(Err(Reason::RequestMalformed));
            match checked {
                Err(Reason::CredentialAbsent) => {}
                checked => return checked.map_err(Denial::new),
            }
        }
        Err(denial)
    }

    /// What a refused caller is told to show.
    pub(crate) fn challenge(&self, reason: Reason) -> Option<Arc<str>> {
        if reason.status(Direction::Downstream) != 401 {
            return None;
        }
        match self.challenge.strip_prefix("Bearer ") {
            // RFC 6750 section 3.1: nothing of it where no token came.
            Some(rest) if reason != Reason::CredentialAbsent => {
                Some(["Bearer error=\"invalid_token\", ", rest].concat().into())
            }
            _ => Some(Arc::clone(&self.challenge)),
        }
    }
}

impl Accept {
    /// What this request is held against, where it chooses.
    fn chosen(&self, usable: Usable<'_>, head: &Head) -> Result<Accepted, Denial> {
        let secrets = self.secrets.of(head)?;
        match Accepted::new(&self.scheme, secrets, usable) {
            Ok((accepted, _)) => Ok(accepted),
            Err((reference, reason)) => Err(Denial::new(reason).with_detail(reference)),
        }
    }
}

impl Scheme {
    /// And which of the secrets fit.
    fn secrets<'a>(&self, found: Vec<Found<'a>>) -> Result<(Vec<Found<'a>>, Secrets), Missing<'a>> {
        let (found, made) = match self {
            Self::Basic => {
                let pair = |one: &Found<'a>| {
                    let pair = one.pair()?;
                    BasicPairs::new([pair]).map_err(|_| one.unusable())?;
                    Ok(pair)
                };
                let (found, pairs) = fitting(found, pair)?;
                (found, BasicPairs::new(pairs).ok().map(Secrets::Pairs))
            }
            Self::ApiKey(_) => {
                let text = |one: &Found<'a>| {
                    let text = one.text()?;
                    ApiKeys::new([text]).map_err(|_| one.unusable())?;
                    Ok(text)
                };
                let (found, texts) = fitting(found, text)?;
                (found, ApiKeys::new(texts).ok().map(Secrets::Keys))
            }
            Self::Jwt(policy) => {
                let (found, keys) = fitting(found, |one| {
                    let key = one.key()?;
                    policy.check_key(&key).map_err(|_| one.unusable())?;
                    Ok(key)
                })?;
                (found, Some(Secrets::Macs(keys)))
            }
            Self::Signature(_) => {
                let (found, keys) = fitting(found, |one| {
                    let key = one.key()?;
                    http_signatures::check_key(&key).map_err(|_| one.unusable())?;
                    Ok(key)
                })?;
                (found, Some(Secrets::Macs(keys)))
            }
        };
        match (made, found.first()) {
            (None, Some(one)) => Err(one.unusable()),
            (Some(secrets), _) => Ok((found, secrets)),
            // Only previous versions may be absent, and those do not stand alone.
            (None, None) => Ok((found, Secrets::Macs(Vec::new()))),
        }
    }
}

impl Accepted {
    /// And the age of the oldest secret in it.
    fn new<'a>(
        scheme: &Scheme,
        secrets: &'a [Reference],
        usable: Usable<'a>,
    ) -> Result<(Self, Age), Missing<'a>> {
        let (found, age) = keys::find(secrets, usable)?;
        let (found, secrets) = scheme.secrets(found)?;
        let names = found
            .iter()
            .map(|one| (one.reference.secret.to_string(), one.version));
        let accepted = Self {
            names: names.collect(),
            secrets,
        };
        Ok((accepted, age))
    }

    fn check(
        &self,
        scheme: &Scheme,
        request: &Request<'_>,
        ends: bool,
        now: UnixTime,
    ) -> Result<Caller, Reason> {
        match (scheme, &self.secrets) {
            (Scheme::Basic, Secrets::Pairs(pairs)) => {
                let value = authorization(request, "basic")?;
                let shown = BasicCredentials::parse(value).map_err(of_basic)?;
                let place = pairs.check_credentials(&shown).map_err(of_basic)?;
                self.caller(SchemeName::Basic, place, Some(shown.username()))
            }
            (Scheme::ApiKey(header), Secrets::Keys(keys)) => {
                let place = keys.check(request, header.as_str()).map_err(of_api_key)?;
                self.caller(SchemeName::ApiKey, place, None)
            }
            (Scheme::Jwt(policy), Secrets::Macs(keys)) => {
                let value = authorization(request, "bearer")?;
                let token = value
                    .get(7..)
                    .and_then(|token| std::str::from_utf8(token).ok());
                let token = token.ok_or(Reason::CredentialMalformed)?.trim_ascii();
                let verified = policy
                    .verify(token, keys, now)
                    .map_err(|error| of_jwt(&error))?;
                let subject = subject(&verified.claims)?;
                let caller = self.caller(SchemeName::Jwt, verified.key, subject)?;
                let claims = verified.claims;
                Ok(Caller { claims, ..caller })
            }
            (Scheme::Signature(check), Secrets::Macs(keys)) => {
                let verified = check.policy.verify(request, keys, now);
                let verified = verified.map_err(|error| of_signature(&error))?;
                if verified.content_digest.is_none() && check.body == SignedBody::Covered && !ends {
                    return Err(Reason::CallerRefused);
                }
                let caller = self.caller(SchemeName::Signature, verified.key, None)?;
                let once = match (check.replay, verified.nonce) {
                    (Replay::Allow, _) => None,
                    (Replay::Refuse, None) => return Err(Reason::CallerRefused),
                    (Replay::Refuse, Some(nonce)) => {
                        let ends = i64::from(check.policy.max_age) + i64::from(check.policy.skew);
                        let until = UnixTime(verified.created.0.saturating_add(ends));
                        Some((format!("{} {nonce}", caller.name), until))
                    }
                };
                let body = verified.content_digest;
                Ok(Caller {
                    body,
                    once,
                    ..caller
                })
            }
            // `accepted` makes no such pair.
            _ => Err(Reason::Internal),
        }
    }

    fn caller(
        &self,
        scheme: SchemeName,
        place: usize,
        name: Option<&str>,
    ) -> Result<Caller, Reason> {
        let (secret, version) = self.names.get(place).ok_or(Reason::Internal)?;
        Ok(Caller {
            name: name.unwrap_or(secret).to_owned(),
            claims: Map::new(),
            scheme,
            version: *version,
            body: None,
            once: None,
        })
    }
}

impl SchemeName {
    /// The word in counters.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Basic => "basic",
            Self::ApiKey => "api_key",
            Self::Jwt => "jwt",
            Self::Signature => "signature",
        }
    }
}

/// Who a token is about; one that says so in a way nobody can be called by is refused, not named after its key.
fn subject(claims: &Map<String, Value>) -> Result<Option<&str>, Reason> {
    match claims.get("sub") {
        None => Ok(None),
        Some(Value::String(name)) if !name.is_empty() => Ok(Some(name)),
        Some(_) => Err(Reason::CallerRefused),
    }
}

/// The one `authorization` of a request, if it is of this scheme.
fn authorization<'a>(request: &Request<'a>, scheme: &str) -> Result<&'a [u8], Reason> {
    let mut lines = request.headers.iter();
    let mut value = None;
    for line in lines.by_ref() {
        if line.name.eq_ignore_ascii_case("authorization") && value.replace(line.value).is_some() {
            return Err(Reason::CredentialAmbiguous);
        }
    }
    let value = value.ok_or(Reason::CredentialAbsent)?.trim_ascii();
    let (word, rest) = value
        .split_at_checked(scheme.len())
        .ok_or(Reason::CredentialAbsent)?;
    match word.eq_ignore_ascii_case(scheme.as_bytes()) && rest.starts_with(b" ") {
        true => Ok(value),
        false => Err(Reason::CredentialAbsent),
    }
}

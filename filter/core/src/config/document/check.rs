//! `check`: what callers must show.

use std::fmt::Write as _;
use std::ops::RangeInclusive;
use std::time::Duration;

use super::choice::SecretDocument;
use super::mode::ModeWord;
use super::object::object;
use super::reference::{SecretKind, secrets};
use super::{count, name, wait};
use crate::config::{ConfigError, Fault};
use crate::header_name::HeaderName;
use crate::policy::check::{
    Accept, CallerCheck, IdentityHeader, Replay, Scheme, SignatureCheck, SignedBody,
};
use crate::word::words;
use sallyport_message::http_signatures::{self, Component};
use sallyport_message::jwt::{self, Algorithm, Expiry};

pub(super) const MAX_ACCEPTED: usize = 8;
pub(super) const MAX_IDENTITY_HEADERS: usize = 16;
pub(super) const MAX_WORDS: usize = 32;

const MAX_AGE: RangeInclusive<Duration> = Duration::from_secs(1)..=Duration::from_secs(86_400);

/// What callers must show.
#[cfg_attr(
    test,
    derive(schemars::JsonSchema),
    schemars(rename = "Check", rename_all = "camelCase", deny_unknown_fields)
)]
pub(super) struct CheckDocument {
    /// One of these is enough; the first one that a request has decides.
    accept: Vec<AcceptDocument>,
    /// The name of what is protected, in `WWW-Authenticate`.
    realm: Option<String>,
    /// Whether requests are denied, or only counted and logged.
    #[cfg_attr(test, schemars(default))]
    mode: ModeWord,
    /// Whether the upstream gets the credential too. Signatures stay in any case.
    #[cfg_attr(test, schemars(default))]
    credential: CredentialWord,
    /// Headers that tell the upstream who called; what the client sent in them is removed.
    #[cfg_attr(test, schemars(default))]
    identity: Vec<IdentityDocument>,
}

object!(CheckDocument {
    accept = "accept", required;
    realm = "realm";
    mode = "mode";
    credential = "credential";
    identity = "identity";
});

words! {
    #[derive(Clone, Copy, Default, PartialEq, Eq)]
    enum CredentialWord {
        #[default]
        Remove = "remove",
        Forward = "forward",
    }
}

/// A header that tells who called.
#[cfg_attr(
    test,
    derive(schemars::JsonSchema),
    schemars(rename = "Identity", rename_all = "camelCase", deny_unknown_fields)
)]
struct IdentityDocument {
    /// Its name.
    header: String,
    /// A claim of the token; who called if not given.
    claim: Option<String>,
}

object!(IdentityDocument {
    header = "header", required;
    claim = "claim";
});

/// One way to show who one is.
#[cfg_attr(
    test,
    derive(schemars::JsonSchema),
    schemars(rename = "Accept", rename_all = "camelCase", deny_unknown_fields)
)]
struct AcceptDocument {
    /// Which.
    scheme: SchemeWord,
    /// The secrets that fit: `UsernamePassword` for `basic`, `SymmetricKey` for `jwt` and `signature`; for
    /// `apiKey` also a `Blob` or a `#field`. `@previous` may be absent. Or a choice among such lists.
    secrets: SecretDocument,
    /// `apiKey`: where it is.
    header: Option<String>,
    /// `jwt`: the one algorithm.
    algorithm: Option<AlgorithmWord>,
    /// `jwt`: `typ` of the header.
    r#type: Option<String>,
    /// `jwt`: accepted `iss`; any or none if empty.
    #[cfg_attr(test, schemars(default))]
    issuers: Vec<String>,
    /// `jwt`: our names in `aud`; a token for somebody is refused if empty.
    #[cfg_attr(test, schemars(default))]
    audiences: Vec<String>,
    /// `jwt`: claims that must be there.
    #[cfg_attr(test, schemars(default))]
    required_claims: Vec<String>,
    /// `jwt`: whether a token must end.
    expiry: Option<ExpiryWord>,
    /// `signature`: what it covers at least.
    #[cfg_attr(test, schemars(default))]
    components: Vec<String>,
    /// `signature`: its `tag`.
    tag: Option<String>,
    /// `signature`: whether bodies are covered.
    body: Option<SignedBodyWord>,
    /// `signature`: whether it may come again.
    replay: Option<ReplayWord>,
    /// `jwt`, `signature`: how old it may be by `iat` or `created`.
    max_age: Option<String>,
}

object!(AcceptDocument {
    scheme = "scheme", required;
    secrets = "secrets", required;
    header = "header";
    algorithm = "algorithm";
    r#type = "type";
    issuers = "issuers";
    audiences = "audiences";
    required_claims = "requiredClaims";
    expiry = "expiry";
    components = "components";
    tag = "tag";
    body = "body";
    replay = "replay";
    max_age = "maxAge";
});

words! {
    #[derive(Clone, Copy, PartialEq, Eq)]
    enum SchemeWord {
        /// RFC 7617.
        Basic = "basic",
        /// A header with a key.
        ApiKey = "apiKey",
        /// RFC 7519, as a bearer token.
        Jwt = "jwt",
        /// RFC 9421.
        Signature = "signature",
    }
}

words! {
    #[derive(Clone, Copy)]
    enum AlgorithmWord {
        Hs256 = "HS256",
        Hs384 = "HS384",
        Hs512 = "HS512",
    }
}

words! {
    #[derive(Clone, Copy)]
    enum ExpiryWord {
        Required = "required",
        Optional = "optional",
    }
}

words! {
    #[derive(Clone, Copy)]
    enum SignedBodyWord {
        Covered = "covered",
        Optional = "optional",
    }
}

words! {
    #[derive(Clone, Copy)]
    enum ReplayWord {
        Refuse = "refuse",
        Allow = "allow",
    }
}

impl CheckDocument {
    pub(super) fn read(self, section: &str) -> Result<CallerCheck, ConfigError> {
        let at = |field: &str| format!("{section}/{field}");
        let realm = match self.realm {
            None => "gateway".to_owned(),
            Some(realm) => name::quotable(&at("realm"), realm)?,
        };
        count(&at("accept"), &self.accept, MAX_ACCEPTED)?;
        if self.accept.is_empty() {
            return Err(ConfigError::at(at("accept"), Fault::NothingAccepted));
        }
        let mut challenge = String::new();
        let mut accept = Vec::with_capacity(self.accept.len());
        let mut removed = Vec::new();
        for (index, document) in self.accept.into_iter().enumerate() {
            let way = |index: usize| format!("{section}/accept/{index}");
            let one = document.read(&way(index))?;
            if let Some(earlier) = accept
                .iter()
                .position(|earlier: &Accept| earlier.hides(&one))
            {
                let fault = Fault::HiddenAccept(way(earlier));
                return Err(ConfigError::at(way(index), fault));
            }
            if !challenge.is_empty() {
                challenge.push_str(", ");
            }
            let (word, more) = match &one.scheme {
                Scheme::Basic => ("Basic", ", charset=\"UTF-8\""),
                Scheme::ApiKey(_) => ("ApiKey", ""),
                Scheme::Jwt(_) => ("Bearer", ""),
                Scheme::Signature(_) => ("Signature", ""),
            };
            let _ = write!(challenge, "{word} realm=\"{realm}\"{more}");
            let header = match &one.scheme {
                Scheme::Basic | Scheme::Jwt(_) => Some(HeaderName::authorization()),
                Scheme::ApiKey(header) => Some(header.clone()),
                Scheme::Signature(_) => None,
            };
            removed.extend(header.filter(|header| !removed.contains(header)));
            accept.push(one);
        }
        if self.credential == CredentialWord::Forward {
            removed.clear();
        }
        Ok(CallerCheck {
            identity: identity(section, self.identity, &accept)?,
            accept,
            mode: self.mode.into(),
            removed,
            challenge: challenge.into(),
        })
    }
}

fn identity(
    check: &str,
    documents: Vec<IdentityDocument>,
    accept: &[Accept],
) -> Result<Vec<IdentityHeader>, ConfigError> {
    let section = format!("{check}/identity");
    count(&section, &documents, MAX_IDENTITY_HEADERS)?;
    let mut headers: Vec<IdentityHeader> = Vec::with_capacity(documents.len());
    for (index, document) in documents.into_iter().enumerate() {
        let at = |field: &str| format!("{section}/{index}/{field}");
        let header = header(&at("header"), &document.header)?;
        let of_credential = accept.iter().position(|accept| match &accept.scheme {
            Scheme::Basic | Scheme::Jwt(_) => header.as_str() == "authorization",
            Scheme::ApiKey(key) => *key == header,
            Scheme::Signature(_) => false,
        });
        let of_identity = headers.iter().position(|other| other.header == header);
        let earlier = match (of_credential, of_identity) {
            (Some(index), _) => Some(format!("{check}/accept/{index}")),
            (None, Some(index)) => Some(format!("{section}/{index}/header")),
            (None, None) => None,
        };
        if let Some(earlier) = earlier {
            let name = header.to_string();
            let fault = Fault::NameTaken { name, earlier };
            return Err(ConfigError::at(at("header"), fault));
        }
        let claim = document.claim;
        let claim = claim
            .map(|claim| name::quotable(&at("claim"), claim))
            .transpose()?;
        headers.push(IdentityHeader { header, claim });
    }
    Ok(headers)
}

impl AcceptDocument {
    fn read(self, section: &str) -> Result<Accept, ConfigError> {
        self.check_fields(section)?;
        let at = |field: &str| format!("{section}/{field}");
        let kind = match self.scheme {
            SchemeWord::ApiKey => SecretKind::Text,
            _ => SecretKind::Whole,
        };
        let of_list = |pointer: &str, list: SecretDocument| {
            let texts = list.texts(pointer)?;
            secrets(pointer, &texts, kind)
        };
        let secrets = self.secrets.read(&at("secrets"), &of_list)?;
        let max_age = match self.max_age {
            None => None,
            text => {
                let age = wait(&at("maxAge"), text, &MAX_AGE, Duration::ZERO)?;
                Some(u32::try_from(age.as_secs()).unwrap_or(u32::MAX))
            }
        };
        let scheme = match self.scheme {
            SchemeWord::Basic => Scheme::Basic,
            SchemeWord::ApiKey => {
                let text = self.header.as_deref().unwrap_or("x-api-key");
                Scheme::ApiKey(header(&at("header"), text)?)
            }
            SchemeWord::Jwt => {
                let algorithm = match self.algorithm {
                    None => return Err(ConfigError::at(at("algorithm"), Fault::Algorithm)),
                    Some(AlgorithmWord::Hs256) => Algorithm::Hs256,
                    Some(AlgorithmWord::Hs384) => Algorithm::Hs384,
                    Some(AlgorithmWord::Hs512) => Algorithm::Hs512,
                };
                Scheme::Jwt(Box::new(jwt::Policy {
                    typ: self.r#type,
                    issuers: words(&at("issuers"), self.issuers)?,
                    audiences: words(&at("audiences"), self.audiences)?,
                    required_claims: words(&at("requiredClaims"), self.required_claims)?,
                    expiry: match self.expiry {
                        None | Some(ExpiryWord::Required) => Expiry::Required,
                        Some(ExpiryWord::Optional) => Expiry::Optional,
                    },
                    max_age,
                    ..jwt::Policy::new(algorithm)
                }))
            }
            SchemeWord::Signature => {
                let required = components(&at("components"), &self.components)?;
                let policy = http_signatures::Policy::new(required);
                Scheme::Signature(Box::new(SignatureCheck {
                    policy: http_signatures::Policy {
                        tag: self.tag,
                        max_age: max_age.unwrap_or(policy.max_age),
                        ..policy
                    },
                    body: match self.body {
                        None | Some(SignedBodyWord::Covered) => SignedBody::Covered,
                        Some(SignedBodyWord::Optional) => SignedBody::Optional,
                    },
                    replay: match self.replay {
                        None | Some(ReplayWord::Refuse) => Replay::Refuse,
                        Some(ReplayWord::Allow) => Replay::Allow,
                    },
                }))
            }
        };
        Ok(Accept { scheme, secrets })
    }

    /// Refuses what is about another scheme: whoever wrote it believes that it is enforced.
    fn check_fields(&self, section: &str) -> Result<(), ConfigError> {
        use SchemeWord::{ApiKey, Jwt, Signature};
        let jwt: &[SchemeWord] = &[Jwt];
        for (field, given, of) in [
            ("header", self.header.is_some(), &[ApiKey] as &[_]),
            ("algorithm", self.algorithm.is_some(), jwt),
            ("type", self.r#type.is_some(), jwt),
            ("issuers", !self.issuers.is_empty(), jwt),
            ("audiences", !self.audiences.is_empty(), jwt),
            ("requiredClaims", !self.required_claims.is_empty(), jwt),
            ("expiry", self.expiry.is_some(), jwt),
            ("components", !self.components.is_empty(), &[Signature]),
            ("tag", self.tag.is_some(), &[Signature]),
            ("body", self.body.is_some(), &[Signature]),
            ("replay", self.replay.is_some(), &[Signature]),
            ("maxAge", self.max_age.is_some(), &[Jwt, Signature]),
        ] {
            if given && !of.contains(&self.scheme) {
                let pointer = format!("{section}/{field}");
                return Err(ConfigError::at(pointer, Fault::OtherScheme));
            }
        }
        Ok(())
    }
}

pub(super) fn components(section: &str, texts: &[String]) -> Result<Vec<Component>, ConfigError> {
    count(section, texts, MAX_WORDS)?;
    if texts.is_empty() {
        return Ok(vec![Component::Method, Component::TargetUri]);
    }
    let mut all = Vec::with_capacity(texts.len());
    for (index, text) in texts.iter().enumerate() {
        let component = text.parse();
        all.push(
            component
                .map_err(|_| ConfigError::at(format!("{section}/{index}"), Fault::Component))?,
        );
    }
    Ok(all)
}

fn header(pointer: &str, text: &str) -> Result<HeaderName, ConfigError> {
    text.parse()
        .map_err(|error| ConfigError::at(pointer, Fault::Header(error)))
}

fn words(section: &str, texts: Vec<String>) -> Result<Vec<String>, ConfigError> {
    count(section, &texts, MAX_WORDS)?;
    let mut all = Vec::with_capacity(texts.len());
    for (index, text) in texts.into_iter().enumerate() {
        all.push(name::quotable(&format!("{section}/{index}"), text)?);
    }
    Ok(all)
}

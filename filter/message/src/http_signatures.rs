//! HTTP message signatures with a shared secret: `hmac-sha256` of RFC 9421, with `content-digest` of
//! RFC 9530 for the body.
//!
//! **Replay.** A signature holds as often as it is presented, until it is too old. Who has to know
//! keeps [`Verified::nonce`] of each key for `max_age` and twice the skew, and refuses what comes
//! again. **Body.** The head is verified alone; if [`Verified::content_digest`] is there, the request
//! must not go on before the hash of its body is the same.

mod base;
mod component;
mod content_digest;
mod field;
mod parameters;

use thiserror::Error;

use crate::body_hash::BodyDigest;
use crate::key::{Key, candidates};
use crate::request::Request;
pub use component::Component;
pub use content_digest::{content_digest, content_digest_value};
use field::{Dictionary, Value};
use parameters::Parameters;
use sallyport_pki::UnixTime;

/// Longest `signature-input`, `signature` and `content-digest`, in bytes.
pub const MAX_FIELD_BYTES: usize = 8 * 1024;
/// Most signatures of one request.
pub const MAX_SIGNATURES: usize = 8;
/// Most components of one signature.
pub const MAX_COMPONENTS: usize = 32;
/// Shortest key: as long as the hash (RFC 2104 section 3).
pub const MIN_KEY_BYTES: usize = 32;

/// Why a request is not signed, or its signature not believed.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum HttpSignatureError {
    /// No `signature-input` or `signature`, or none of the label or tag that is wanted.
    #[error("no signature")]
    Absent,
    /// Longer than [`MAX_FIELD_BYTES`].
    #[error("{field} of {found} bytes, at most {MAX_FIELD_BYTES} are looked at")]
    TooLong {
        /// Which.
        field: &'static str,
        /// Its length.
        found: usize,
    },
    /// Not a structured field, or not of the types of RFC 9421 sections 4.1 and 4.2.
    #[error("{0} is not the structured field it should be")]
    Syntax(&'static str),
    /// A label twice: readers keep different ones.
    #[error("{0} has a label twice")]
    DuplicateLabel(&'static str),
    /// More than [`MAX_SIGNATURES`].
    #[error("more than {MAX_SIGNATURES} signatures")]
    TooManySignatures,
    /// Several that could be meant.
    #[error("{0} signatures, and the policy does not say which one counts")]
    Ambiguous(usize),
    /// More than [`MAX_COMPONENTS`].
    #[error("more than {MAX_COMPONENTS} components")]
    TooManyComponents,
    /// RFC 9421 section 2: a component twice.
    #[error("component {0} twice")]
    DuplicateComponent(Component),
    /// Not a component of a request, or with parameters that are not supported here.
    #[error("a component that is not known here")]
    UnknownComponent,
    /// What it names is not in the request, or there several times.
    #[error("component {0} is not in the request, or not once")]
    MissingComponent(Component),
    /// Its value has characters that could stand for several things.
    #[error("the value of component {0} cannot be signed")]
    ComponentValue(Component),
    /// The policy demands it, the signature does not cover it.
    #[error("component {0} is not covered")]
    NotCovered(Component),
    /// A parameter that is not known, is there twice, is absent, or not of its type.
    #[error("parameter {0} is absent, there twice, or not of its type")]
    Parameter(&'static str),
    /// `alg` of another algorithm of the registry than `hmac-sha256`.
    #[error("the signature is of another algorithm")]
    AlgorithmMismatch,
    /// `alg` that the registry does not have.
    #[error("the signature is of an unknown algorithm")]
    UnknownAlgorithm,
    /// `tag` is not that of the policy.
    #[error("the signature is of another application")]
    Tag,
    /// `created` is later than now.
    #[error("created at {created}, it is {now}")]
    NotYetValid {
        /// `created`.
        created: UnixTime,
        /// When it was looked at.
        now: UnixTime,
    },
    /// `expires` is over.
    #[error("ended at {expired}, it is {now}")]
    Expired {
        /// `expires`.
        expired: UnixTime,
        /// When it was looked at.
        now: UnixTime,
    },
    /// `created` is too long ago.
    #[error("created at {created}, too old at {now}")]
    TooOld {
        /// `created`.
        created: UnixTime,
        /// When it was looked at.
        now: UnixTime,
    },
    /// Shorter than [`MIN_KEY_BYTES`].
    #[error("a key of {0} bytes, {MIN_KEY_BYTES} at least")]
    KeyTooShort(usize),
    /// No key, or none of the name in `keyid`.
    #[error("no key for this signature")]
    NoKey,
    /// Not made with any of the keys, or of another request.
    #[error("the signature is wrong")]
    Signature,
    /// `content-digest` has no SHA-256.
    #[error("content-digest has no sha-256")]
    DigestAlgorithm,
}

/// What a signature has to be. Starts with [`Policy::new`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    /// The one that counts; if not given, there must be one only.
    pub label: Option<String>,
    /// `tag` it must have.
    pub tag: Option<String>,
    /// What it must cover at least.
    pub required: Vec<Component>,
    /// How old it may be by `created`, in seconds.
    pub max_age: u32,
    /// How far clocks may be apart, in seconds.
    pub skew: u32,
}

/// A signature that holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verified {
    /// Place of its key in the list.
    pub key: usize,
    /// Its label.
    pub label: String,
    /// When it was made.
    pub created: UnixTime,
    /// When it ends, if it says so.
    pub expires: Option<UnixTime>,
    /// What makes it unlike others.
    pub nonce: Option<String>,
    /// Hash that the body must have, if the signature covers `content-digest`.
    pub content_digest: Option<BodyDigest>,
}

/// How requests are signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signer {
    /// Name of the signature: a key of structured fields.
    pub label: String,
    /// What it covers, in this order.
    pub components: Vec<Component>,
    /// Seconds until it ends; without end if not given.
    pub lifetime: Option<u32>,
    /// `tag`.
    pub tag: Option<String>,
}

/// Lines to add to the request: where there are such headers already, beside them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignatureHeaders {
    /// `signature-input`.
    pub signature_input: String,
    /// `signature`.
    pub signature: String,
}

impl Policy {
    /// What `required` names, made within the last five minutes, clocks 30 seconds apart.
    pub fn new(required: Vec<Component>) -> Self {
        Self {
            label: None,
            tag: None,
            required,
            max_age: 300,
            skew: 30,
        }
    }

    /// Whether the request has a signature that holds.
    ///
    /// # Errors
    /// See [`HttpSignatureError`].
    pub fn verify(
        &self,
        request: &Request<'_>,
        keys: &[Key],
        now: UnixTime,
    ) -> Result<Verified, HttpSignatureError> {
        let input = field::combined(request, "signature-input")?;
        let signature = field::combined(request, "signature")?;
        let inputs = Dictionary::parse(&input, "signature-input")?;
        let signatures = Dictionary::parse(&signature, "signature")?;
        let (label, parameters) = self.choose(&inputs)?;
        let Some(Value::Item(tag)) = signatures.get(label) else {
            return Err(HttpSignatureError::Absent);
        };
        let tag = field::bytes(tag).ok_or(HttpSignatureError::Syntax("signature"))?;
        let created = self.check(&parameters, now)?;
        let base = base::signature_base(request, &parameters.components, &parameters.text)?;
        let key = signer(keys, parameters.key_id.as_deref(), &base, tag)?;
        let content_digest = match parameters.covers("content-digest") {
            true => Some(content_digest(request)?),
            false => None,
        };
        Ok(Verified {
            key,
            label: label.to_owned(),
            created,
            expires: parameters.expires,
            nonce: parameters.nonce,
            content_digest,
        })
    }

    fn choose<'a>(
        &self,
        inputs: &'a Dictionary<'_>,
    ) -> Result<(&'a str, Parameters), HttpSignatureError> {
        let mut chosen = Vec::new();
        for (label, value) in inputs.entries() {
            if self.label.as_ref().is_some_and(|wanted| wanted != label) {
                continue;
            }
            let Value::InnerList(list) = value else {
                return Err(HttpSignatureError::Syntax("signature-input"));
            };
            let tag = list.parameter("tag").and_then(field::text);
            if self.label.is_some() || self.tag.is_none() || self.tag.as_deref() == tag {
                chosen.push((label, list));
            }
        }
        match chosen.as_slice() {
            [] => Err(HttpSignatureError::Absent),
            [(label, list)] => Ok((label, Parameters::read(list)?)),
            several => Err(HttpSignatureError::Ambiguous(several.len())),
        }
    }

    /// When it was created.
    fn check(
        &self,
        parameters: &Parameters,
        now: UnixTime,
    ) -> Result<UnixTime, HttpSignatureError> {
        if self.tag.is_some() && parameters.tag != self.tag {
            return Err(HttpSignatureError::Tag);
        }
        if let Some(absent) = self
            .required
            .iter()
            .find(|required| !parameters.components.contains(required))
        {
            return Err(HttpSignatureError::NotCovered(absent.clone()));
        }
        let skew = i64::from(self.skew);
        let created = parameters
            .created
            .ok_or(HttpSignatureError::Parameter("created"))?;
        if created.0 > now.0.saturating_add(skew) {
            return Err(HttpSignatureError::NotYetValid { created, now });
        }
        if let Some(expired) = parameters.expires
            && now.0.saturating_sub(skew) >= expired.0
        {
            return Err(HttpSignatureError::Expired { expired, now });
        }
        let age = now.0.saturating_sub(skew).saturating_sub(created.0);
        match age > i64::from(self.max_age) {
            true => Err(HttpSignatureError::TooOld { created, now }),
            false => Ok(created),
        }
    }
}

impl Signer {
    /// Signs the request with `key`, whose name becomes `keyid`. The body is covered by a
    /// `content-digest` that the request has ([`content_digest_value`]).
    ///
    /// # Errors
    /// See [`HttpSignatureError`]; [`HttpSignatureError::DuplicateLabel`] if the request has a
    /// signature of that label.
    pub fn sign(
        &self,
        request: &Request<'_>,
        key: &Key,
        nonce: Option<&str>,
        at: UnixTime,
    ) -> Result<SignatureHeaders, HttpSignatureError> {
        check_key(key)?;
        for name in ["signature-input", "signature"] {
            if request.values(name).next().is_some() {
                let there = field::combined(request, name)?;
                if Dictionary::parse(&there, name)?.get(&self.label).is_some() {
                    return Err(HttpSignatureError::DuplicateLabel(name));
                }
            }
        }
        let expires = self
            .lifetime
            .map(|lifetime| UnixTime(at.0.saturating_add(lifetime.into())));
        let text = parameters::write(
            &self.components,
            at,
            expires,
            nonce,
            key.id(),
            self.tag.as_deref(),
        )?;
        let base = base::signature_base(request, &self.components, &text)?;
        let tag = key.mac().tag(base.as_bytes());
        let label = field::key(&self.label).ok_or(HttpSignatureError::Parameter("label"))?;
        Ok(SignatureHeaders {
            signature_input: format!("{label}={text}"),
            signature: format!("{label}={}", field::written_bytes(&*tag)),
        })
    }
}

fn signer(
    keys: &[Key],
    id: Option<&str>,
    base: &str,
    tag: &[u8],
) -> Result<usize, HttpSignatureError> {
    let mut error = HttpSignatureError::NoKey;
    for (place, key) in candidates(keys, id) {
        check_key(key)?;
        if key.mac().verify(base.as_bytes(), tag) {
            return Ok(place);
        }
        error = HttpSignatureError::Signature;
    }
    Err(error)
}

/// Whether a key is long enough.
///
/// # Errors
/// [`HttpSignatureError::KeyTooShort`].
pub fn check_key(key: &Key) -> Result<(), HttpSignatureError> {
    match key.bytes().len() {
        found if found < MIN_KEY_BYTES => Err(HttpSignatureError::KeyTooShort(found)),
        _ => Ok(()),
    }
}

#[cfg(test)]
#[cfg(not(target_arch = "wasm32"))]
mod tests;

//! JSON Web Tokens with a shared secret: HS256, HS384, HS512 (RFC 7515, 7518, 7519; RFC 8725 for what
//! to be wary of).
//!
//! The token never chooses: algorithm, keys and what must be claimed come from the policy. `none`,
//! other algorithms, `crit` and members that come twice are refused.

mod claims;

use serde_json::{Map, Value};
use thiserror::Error;

use crate::base64url;
use crate::key::{Key, candidates};
use crate::mac;
use crate::strict_json::{JsonError, Limits, parse_object};
use sallyport_pki::UnixTime;

/// Longest token, in bytes.
pub const MAX_TOKEN_BYTES: usize = 16 * 1024;

const HEADER: Limits = Limits {
    bytes: 2 * 1024,
    depth: 4,
    values: 64,
};
const CLAIMS: Limits = Limits {
    bytes: MAX_TOKEN_BYTES,
    depth: 8,
    values: 1024,
};

/// RFC 7518 section 3.2.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Algorithm {
    /// HMAC with SHA-256.
    Hs256,
    /// HMAC with SHA-384.
    Hs384,
    /// HMAC with SHA-512.
    Hs512,
}

/// Whether tokens may live for ever.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Expiry {
    /// Every token says when it ends.
    #[default]
    Required,
    /// A token without `exp` does not end.
    Optional,
}

/// What a token has to be. Starts with [`Policy::new`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    /// The one algorithm.
    pub algorithm: Algorithm,
    /// `typ` of the header, compared without case; any or none if not given.
    pub typ: Option<String>,
    /// Accepted `iss`; empty accepts any or none.
    pub issuers: Vec<String>,
    /// Our names in `aud`. Empty: a token that is for somebody is refused (RFC 7519 section 4.1.3).
    pub audiences: Vec<String>,
    /// Claims that must be there and not null.
    pub required_claims: Vec<String>,
    /// Whether `exp` must be there.
    pub expiry: Expiry,
    /// How old a token may be by its `iat`, in seconds, which then must be there.
    pub max_age: Option<u32>,
    /// How far clocks may be apart, in seconds.
    pub skew: u32,
}

/// Why a token is not believed. Repeats nothing of it.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum JwtError {
    /// Longer than [`MAX_TOKEN_BYTES`].
    #[error("a token of {0} bytes, at most {MAX_TOKEN_BYTES} are looked at")]
    TooLong(usize),
    /// Not three parts (RFC 7515 section 7.1).
    #[error("a token is three parts of base64url with dots between them")]
    Parts,
    /// A part is not base64url.
    #[error("a part of the token is not base64url without padding")]
    Base64,
    /// The header is no JSON object within its limits.
    #[error("header: {0}")]
    Header(JsonError),
    /// The claims are no JSON object within their limits.
    #[error("claims: {0}")]
    Claims(JsonError),
    /// RFC 8725 section 3.1: `none`, another algorithm, or no `alg`.
    #[error("the token is not signed with the algorithm of the policy")]
    Algorithm,
    /// RFC 7515 section 4.1.11: extensions that must be understood; none is.
    #[error("the token has critical extensions")]
    Critical,
    /// RFC 8725 section 3.11.
    #[error("the token is of another type")]
    Type,
    /// RFC 7518 section 3.2: shorter than the hash.
    #[error("a key of {found} bytes, {} at least", .algorithm.min_key_bytes())]
    KeyTooShort {
        /// For which.
        algorithm: Algorithm,
        /// Its length.
        found: usize,
    },
    /// No key, or none of the name in `kid`.
    #[error("no key for this token")]
    NoKey,
    /// Not made with any of the keys.
    #[error("the signature is wrong")]
    Signature,
    /// Absent, null, or not of its type.
    #[error("claim {0} is absent or not of its type")]
    Claim(String),
    /// `iss` is none of the policy's.
    #[error("another issuer")]
    Issuer,
    /// `aud` has none of the policy's names.
    #[error("for somebody else")]
    Audience,
    /// `exp` (RFC 7519 section 4.1.4).
    #[error("ended at {expired}, it is {now}")]
    Expired {
        /// `exp`.
        expired: UnixTime,
        /// When it was looked at.
        now: UnixTime,
    },
    /// `nbf` or `iat`.
    #[error("starts at {not_before}, it is {now}")]
    NotYetValid {
        /// The later one of them.
        not_before: UnixTime,
        /// When it was looked at.
        now: UnixTime,
    },
    /// Older than `max_age`.
    #[error("issued at {issued}, too old at {now}")]
    TooOld {
        /// `iat`.
        issued: UnixTime,
        /// When it was looked at.
        now: UnixTime,
    },
}

/// A token that holds.
#[derive(Clone, Debug, PartialEq)]
pub struct VerifiedToken {
    /// Place of its key in the list.
    pub key: usize,
    /// All claims.
    pub claims: Map<String, Value>,
}

impl Algorithm {
    /// Its name in `alg`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Hs256 => "HS256",
            Self::Hs384 => "HS384",
            Self::Hs512 => "HS512",
        }
    }

    /// Shortest key: as long as the hash.
    pub const fn min_key_bytes(self) -> usize {
        match self {
            Self::Hs256 => 32,
            Self::Hs384 => 48,
            Self::Hs512 => 64,
        }
    }

    const fn hash(self) -> mac::Hash {
        match self {
            Self::Hs256 => mac::Hash::Sha256,
            Self::Hs384 => mac::Hash::Sha384,
            Self::Hs512 => mac::Hash::Sha512,
        }
    }
}

impl Policy {
    /// Tokens that end, without an audience, from anybody who has the key; clocks 60 seconds apart.
    pub fn new(algorithm: Algorithm) -> Self {
        Self {
            algorithm,
            typ: None,
            issuers: Vec::new(),
            audiences: Vec::new(),
            required_claims: Vec::new(),
            expiry: Expiry::default(),
            max_age: None,
            skew: 60,
        }
    }

    /// What `token` claims, and which of the keys it was made with.
    ///
    /// # Errors
    /// See [`JwtError`]. Claims are looked at only behind a signature that is right.
    pub fn verify(
        &self,
        token: &str,
        keys: &[Key],
        now: UnixTime,
    ) -> Result<VerifiedToken, JwtError> {
        if token.len() > MAX_TOKEN_BYTES {
            return Err(JwtError::TooLong(token.len()));
        }
        let (signed, signature) = token.rsplit_once('.').ok_or(JwtError::Parts)?;
        let (header, claims) = signed.split_once('.').ok_or(JwtError::Parts)?;
        if claims.contains('.') {
            return Err(JwtError::Parts);
        }
        let header = parse_object(&decode(header)?, HEADER).map_err(JwtError::Header)?;
        let kid = self.check_header(&header)?;
        let key = self.signer(signed, &decode(signature)?, keys, kid)?;
        let claims = parse_object(&decode(claims)?, CLAIMS).map_err(JwtError::Claims)?;
        self.check_claims(&claims, now)?;
        Ok(VerifiedToken { key, claims })
    }

    /// The name of the key, if there is one.
    fn check_header<'a>(
        &self,
        header: &'a Map<String, Value>,
    ) -> Result<Option<&'a str>, JwtError> {
        if header.get("alg").and_then(Value::as_str) != Some(self.algorithm.name()) {
            return Err(JwtError::Algorithm);
        }
        if header.contains_key("crit") {
            return Err(JwtError::Critical);
        }
        if let Some(wanted) = &self.typ {
            let typ = header.get("typ").and_then(Value::as_str);
            if !typ.is_some_and(|typ| typ.eq_ignore_ascii_case(wanted)) {
                return Err(JwtError::Type);
            }
        }
        match header.get("kid") {
            None => Ok(None),
            Some(Value::String(kid)) => Ok(Some(kid)),
            Some(_) => Err(JwtError::NoKey),
        }
    }

    /// Whether a key fits the algorithm.
    ///
    /// # Errors
    /// [`JwtError::KeyTooShort`].
    pub fn check_key(&self, key: &Key) -> Result<(), JwtError> {
        let (algorithm, found) = (self.algorithm, key.bytes().len());
        match found < algorithm.min_key_bytes() {
            true => Err(JwtError::KeyTooShort { algorithm, found }),
            false => Ok(()),
        }
    }

    fn signer(
        &self,
        signed: &str,
        signature: &[u8],
        keys: &[Key],
        kid: Option<&str>,
    ) -> Result<usize, JwtError> {
        let mut error = JwtError::NoKey;
        for (place, key) in candidates(keys, kid) {
            self.check_key(key)?;
            if mac::verify(self.algorithm.hash(), key, signed.as_bytes(), signature) {
                return Ok(place);
            }
            error = JwtError::Signature;
        }
        Err(error)
    }
}

fn decode(part: &str) -> Result<Vec<u8>, JwtError> {
    base64url::decode(part).ok_or(JwtError::Base64)
}

#[cfg(test)]
#[cfg(not(target_arch = "wasm32"))]
mod tests;

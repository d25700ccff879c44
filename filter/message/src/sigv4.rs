//! AWS Signature Version 4, in the `authorization` header: for Amazon's services and for stores that
//! speak S3.
//!
//! The filter signs what a client without credentials sent. Whatever that client itself wrote into
//! the headers of a signature is replaced or removed, and a request that is already signed in its
//! query is refused: two signatures would leave it to the server which one counts.

mod canonical;
mod signing_key;

use sallyport_model::SecretString;
use thiserror::Error;

use crate::body_hash::BodyDigest;
use crate::request::Request;
use canonical::CanonicalRequest;
use sallyport_pki::UnixTime;
pub use signing_key::KeptKey;

/// Longest path and query, in bytes.
pub const MAX_TARGET_BYTES: usize = 16 * 1024;
/// Most parameters of a query.
pub const MAX_QUERY_PARAMETERS: usize = 1024;

const ALGORITHM: &str = "AWS4-HMAC-SHA256";
const UNSIGNED_PAYLOAD: &str = "UNSIGNED-PAYLOAD";

/// Headers that are ours to set or to remove.
const OWN: [&str; 4] = [
    "authorization",
    "x-amz-content-sha256",
    "x-amz-date",
    "x-amz-security-token",
];

/// Signed where a request has them, beside `host` and `x-amz-*`.
const USUALLY_SIGNED: [&str; 2] = ["content-md5", "content-type"];

/// Headers that hops on the way set or change: signing them would break requests.
const UNSIGNABLE: [&str; 10] = [
    "authorization",
    "connection",
    "expect",
    "host",
    "te",
    "transfer-encoding",
    "upgrade",
    "user-agent",
    "via",
    "x-amzn-trace-id",
];

/// Names of services that speak S3's rules for paths.
const S3: [&str; 4] = ["s3", "s3express", "s3-object-lambda", "s3-outposts"];

/// Why a request is not signed. Repeats nothing of its values.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum SigV4Error {
    /// A region or a service that could not stand in a scope.
    #[error("a region and a service have 1 to 64 of a-z, 0-9 and '-'")]
    Scope,
    /// A header that cannot be signed.
    #[error("header {0} cannot be signed: it is set or changed on the way")]
    Unsignable(String),
    /// An access key id that could not stand in the header, or no secret.
    #[error(
        "an access key id has 1 to 128 visible characters without '/', ',' and '='; its secret is not empty"
    )]
    Credentials,
    /// A session token with characters that could end the header.
    #[error("the session token has a character that no header can have")]
    SessionToken,
    /// Outside of the years that can be written.
    #[error("the time {0} cannot be written as a date of a signature")]
    Time(UnixTime),
    /// The target does not start with a slash, or is too long.
    #[error("a target of {bytes} bytes; it starts with '/' and has at most {MAX_TARGET_BYTES}")]
    Target {
        /// Its length.
        bytes: usize,
    },
    /// The authority is empty or has characters that could end the header.
    #[error("an authority that could not be a host header")]
    Authority,
    /// The method is no token.
    #[error("a method that is no token")]
    Method,
    /// A percent sign without two hexadecimal digits: servers differ in what it means.
    #[error("an incomplete percent-encoding in the target")]
    PercentEncoding,
    /// More than [`MAX_QUERY_PARAMETERS`].
    #[error("more than {MAX_QUERY_PARAMETERS} query parameters")]
    QueryParameters,
    /// The query has credentials of its own.
    #[error("query parameter {0} is of a presigned request")]
    Presigned(&'static str),
    /// The body has signatures of its own, chunk by chunk, made with other credentials.
    #[error("a body that is signed in chunks")]
    ChunkedSignature,
    /// A header of the request has a name that is no token.
    #[error("a header with a name that is no token")]
    HeaderName,
    /// Not UTF-8, or with a control character.
    #[error("header {0} has a value that cannot be signed")]
    HeaderValue(String),
}

/// Whose signature it becomes.
pub struct Credentials<'a> {
    /// Not secret: it stands in the header.
    pub access_key_id: &'a str,
    /// Of an `S3Credential` secret.
    pub secret_access_key: &'a SecretString,
    /// Of temporary credentials.
    pub session_token: Option<&'a SecretString>,
    /// Beside the secret: what was made of it for the requests before.
    pub kept: &'a KeptKey,
}

/// What the signature says of the body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Payload {
    /// This is its hash.
    Signed(BodyDigest),
    /// Nothing: for bodies that cannot be waited for, over TLS only.
    Unsigned,
}

/// Whether the server is told the hash of the body in `x-amz-content-sha256`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PayloadHeader {
    /// S3 demands it, other services do not mind.
    #[default]
    Sent,
    /// For servers that do.
    Omitted,
}

/// Signs for one service in one region.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signer {
    region: String,
    service: String,
    signed_headers: Vec<String>,
    payload_header: PayloadHeader,
}

/// What to do with the headers of the request, names in lower case.
pub struct SignedHeaders {
    /// To be set, in place of what is there.
    pub set: Vec<(&'static str, SecretString)>,
    /// To be removed: a client's own, which nothing takes the place of.
    pub remove: Vec<&'static str>,
}

impl Signer {
    /// For `service` (`s3`, `execute-api`, ...) in `region`.
    ///
    /// # Errors
    /// [`SigV4Error::Scope`].
    pub fn new(region: &str, service: &str) -> Result<Self, SigV4Error> {
        if !is_scope_part(region) || !is_scope_part(service) {
            return Err(SigV4Error::Scope);
        }
        Ok(Self {
            region: region.to_owned(),
            service: service.to_owned(),
            signed_headers: USUALLY_SIGNED.map(str::to_owned).to_vec(),
            payload_header: PayloadHeader::default(),
        })
    }

    /// Signs these headers too, where a request has them.
    ///
    /// # Errors
    /// [`SigV4Error::Unsignable`].
    pub fn also_signing<'a>(
        mut self,
        names: impl IntoIterator<Item = &'a str>,
    ) -> Result<Self, SigV4Error> {
        for name in names {
            let name = name.to_ascii_lowercase();
            if UNSIGNABLE.contains(&name.as_str()) || name.starts_with(':') {
                return Err(SigV4Error::Unsignable(name));
            }
            self.signed_headers.push(name);
        }
        Ok(self)
    }

    /// With or without `x-amz-content-sha256`.
    #[must_use]
    pub fn with_payload_header(mut self, payload_header: PayloadHeader) -> Self {
        self.payload_header = payload_header;
        self
    }

    /// The headers that make `request` one of `credentials`, signed at `at`. Servers take it for
    /// some minutes.
    ///
    /// # Errors
    /// See [`SigV4Error`].
    pub fn sign(
        &self,
        request: &Request<'_>,
        payload: Payload,
        credentials: &Credentials<'_>,
        at: UnixTime,
    ) -> Result<SignedHeaders, SigV4Error> {
        credentials.check()?;
        let time = basic_time(at)?;
        let date = time.get(..8).unwrap_or_default();
        let canonical = self.canonical(request, payload, credentials, &time)?;
        let scope = [date, &self.region, &self.service, "aws4_request"].join("/");
        let to_sign = string_to_sign(&canonical, &time, &scope);
        let secret = credentials.secret_access_key;
        let tag = credentials.kept.tag(secret, &scope, to_sign.as_bytes());
        let signature = hex::encode(*tag);
        let authorization = format!(
            "{ALGORITHM} Credential={}/{scope}, SignedHeaders={}, Signature={signature}",
            credentials.access_key_id, canonical.signed_headers,
        );
        let mut set = vec![("authorization", SecretString::new(authorization))];
        for (name, value) in canonical.own {
            set.push((name, SecretString::new(value)));
        }
        let remove = OWN
            .into_iter()
            .filter(|own| !set.iter().any(|(name, _)| name == own))
            .filter(|own| request.values(own).next().is_some())
            .collect();
        Ok(SignedHeaders { set, remove })
    }

    fn canonical(
        &self,
        request: &Request<'_>,
        payload: Payload,
        credentials: &Credentials<'_>,
        time: &str,
    ) -> Result<CanonicalRequest, SigV4Error> {
        let payload_hash = match payload {
            Payload::Signed(digest) => hex::encode(digest.bytes()),
            Payload::Unsigned => UNSIGNED_PAYLOAD.to_owned(),
        };
        let mut own = vec![("x-amz-date", time.to_owned())];
        if self.payload_header == PayloadHeader::Sent {
            own.push(("x-amz-content-sha256", payload_hash.clone()));
        }
        if let Some(token) = credentials.session_token {
            own.push(("x-amz-security-token", token.expose().to_owned()));
        }
        let paths = match S3.contains(&self.service.as_str()) {
            true => canonical::Paths::S3,
            false => canonical::Paths::Other,
        };
        CanonicalRequest::new(request, paths, &self.signed_headers, own, &payload_hash)
    }
}

impl Credentials<'_> {
    fn check(&self) -> Result<(), SigV4Error> {
        let id = self.access_key_id.as_bytes();
        let visible = |byte: &u8| byte.is_ascii_graphic() && !matches!(byte, b'/' | b',' | b'=');
        if id.is_empty()
            || id.len() > 128
            || !id.iter().all(visible)
            || self.secret_access_key.is_empty()
        {
            return Err(SigV4Error::Credentials);
        }
        let token = self.session_token.map_or("", SecretString::expose);
        match token.bytes().all(|byte| byte.is_ascii_graphic()) {
            true => Ok(()),
            false => Err(SigV4Error::SessionToken),
        }
    }
}

fn string_to_sign(canonical: &CanonicalRequest, time: &str, scope: &str) -> String {
    let hash = hex::encode(BodyDigest::of(canonical.text.as_bytes()).bytes());
    [ALGORITHM, time, scope, &hash].join("\n")
}

fn is_scope_part(text: &str) -> bool {
    (1..=64).contains(&text.len())
        && text
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
}

/// ISO 8601 basic format: `20130524T000000Z`.
fn basic_time(at: UnixTime) -> Result<String, SigV4Error> {
    let text: String = at
        .to_string()
        .chars()
        .filter(|character| !matches!(character, '-' | ':'))
        .collect();
    // Other lengths are of other years than those of four digits.
    match at.0 >= 0 && text.len() == 16 {
        true => Ok(text),
        false => Err(SigV4Error::Time(at)),
    }
}

#[cfg(test)]
#[cfg(not(target_arch = "wasm32"))]
mod tests;

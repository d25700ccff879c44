//! The canonical request: what client and server both make of a request before they sign it.

use super::{MAX_QUERY_PARAMETERS, MAX_TARGET_BYTES, OWN, SigV4Error};
use crate::percent_encoding::{Plus, decode, encode_into, is_unreserved};
use crate::request::{Request, is_token};

/// Query parameters that are signatures, of version 4 and of the older one of S3.
const PRESIGNED: [&str; 9] = [
    "x-amz-algorithm",
    "x-amz-credential",
    "x-amz-date",
    "x-amz-expires",
    "x-amz-security-token",
    "x-amz-signature",
    "x-amz-signedheaders",
    "awsaccesskeyid",
    "x-amz-s3session-token",
];

/// How a path becomes canonical.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Paths {
    /// Every segment encoded once; dots and empty segments are parts of an object's key.
    S3,
    /// Dots and empty segments taken out, and what was sent encoded once more.
    Other,
}

/// The canonical form, and what it was made with.
pub(super) struct CanonicalRequest {
    pub(super) text: String,
    /// Names, with semicolons between them.
    pub(super) signed_headers: String,
    /// Headers of the signature itself.
    pub(super) own: Vec<(&'static str, String)>,
}

impl CanonicalRequest {
    pub(super) fn new(
        request: &Request<'_>,
        paths: Paths,
        signed: &[String],
        own: Vec<(&'static str, String)>,
        payload_hash: &str,
    ) -> Result<Self, SigV4Error> {
        check(request)?;
        let path = match paths {
            Paths::S3 => once_encoded(request.path())?,
            Paths::Other => twice_encoded(request.path()),
        };
        let query = query(request.query().unwrap_or_default())?;
        let headers = headers(request, signed, &own)?;
        let names: Vec<_> = headers.iter().map(|(name, _)| name.as_str()).collect();
        let signed_headers = names.join(";");
        let mut text = [request.method, &path, &query, ""].join("\n");
        for (name, value) in &headers {
            for part in [name, ":", value, "\n"] {
                text.push_str(part);
            }
        }
        for part in ["\n", &signed_headers, "\n", payload_hash] {
            text.push_str(part);
        }
        Ok(Self {
            text,
            signed_headers,
            own,
        })
    }
}

/// Nothing that could add a line to the canonical request.
fn check(request: &Request<'_>) -> Result<(), SigV4Error> {
    let bytes = request.target.len();
    let visible = |text: &str| text.bytes().all(|byte| byte > b' ' && byte != 0x7f);
    if bytes > MAX_TARGET_BYTES || !request.target.starts_with('/') || !visible(request.target) {
        return Err(SigV4Error::Target { bytes });
    }
    if request.authority.is_empty()
        || !request
            .authority
            .bytes()
            .all(|byte| byte.is_ascii_graphic())
    {
        return Err(SigV4Error::Authority);
    }
    match is_token(request.method) {
        true => Ok(()),
        false => Err(SigV4Error::Method),
    }
}

fn once_encoded(path: &str) -> Result<String, SigV4Error> {
    let mut canonical = String::with_capacity(path.len());
    let bytes = decode(path, Plus::Plus).map_err(|_| SigV4Error::PercentEncoding)?;
    encode_into(&mut canonical, &bytes, |byte| {
        byte == b'/' || is_unreserved(byte)
    });
    Ok(canonical)
}

/// What is sent is encoded already, so this is the second time.
fn twice_encoded(path: &str) -> String {
    let mut segments: Vec<&str> = Vec::new();
    for segment in path.split('/') {
        match segment {
            "" | "." => {}
            ".." => {
                segments.pop();
            }
            segment => segments.push(segment),
        }
    }
    let mut canonical = String::with_capacity(path.len());
    for segment in &segments {
        canonical.push('/');
        encode_into(&mut canonical, segment.as_bytes(), is_unreserved);
    }
    // A path that ends in dots ends in the folder they mean (RFC 3986 section 5.2.4).
    let folder = ["/", "/.", "/.."].iter().any(|end| path.ends_with(end));
    if segments.is_empty() || folder {
        canonical.push('/');
    }
    canonical
}

/// Sorted by encoded name, then value. A plus is a space, as servers read it.
fn query(query: &str) -> Result<String, SigV4Error> {
    let mut parameters = Vec::new();
    for parameter in query.split('&').filter(|parameter| !parameter.is_empty()) {
        if parameters.len() == MAX_QUERY_PARAMETERS {
            return Err(SigV4Error::QueryParameters);
        }
        let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
        let (name, value) = (encoded(name)?, encoded(value)?);
        refuse_presigned(&name)?;
        put(&mut parameters, name, value);
    }
    let mut text = String::with_capacity(query.len());
    for (name, value) in &parameters {
        if !text.is_empty() {
            text.push('&');
        }
        text.push_str(name);
        text.push('=');
        text.push_str(value);
    }
    Ok(text)
}

/// Puts a pair where it belongs: both lists are short, and a sort is kilobytes of WebAssembly.
fn put(sorted: &mut Vec<(String, String)>, name: String, value: String) {
    let pair = (name, value);
    let place = sorted.partition_point(|there| *there <= pair);
    sorted.insert(place, pair);
}

fn encoded(text: &str) -> Result<String, SigV4Error> {
    let mut canonical = String::with_capacity(text.len());
    let bytes = decode(text, Plus::Space).map_err(|_| SigV4Error::PercentEncoding)?;
    encode_into(&mut canonical, &bytes, is_unreserved);
    Ok(canonical)
}

fn refuse_presigned(name: &str) -> Result<(), SigV4Error> {
    match PRESIGNED
        .into_iter()
        .find(|presigned| presigned.eq_ignore_ascii_case(name))
    {
        Some(presigned) => Err(SigV4Error::Presigned(presigned)),
        None => Ok(()),
    }
}

/// `host`, all `x-amz-*`, those named in `signed`, and our own, sorted by name; lines of one name are
/// one.
fn headers(
    request: &Request<'_>,
    signed: &[String],
    own: &[(&'static str, String)],
) -> Result<Vec<(String, String)>, SigV4Error> {
    let mut headers = vec![("host".to_owned(), request.authority.to_owned())];
    for header in request.headers {
        let lower;
        let name = match header.name.bytes().any(|byte| byte.is_ascii_uppercase()) {
            true => {
                lower = header.name.to_ascii_lowercase();
                &lower
            }
            // As hosts show them.
            false => header.name,
        };
        if name == "content-encoding" && has_token(header.value, b"aws-chunked")
            || name == "x-amz-content-sha256" && header.value.starts_with(b"STREAMING-")
        {
            return Err(SigV4Error::ChunkedSignature);
        }
        let is_signed = || signed.iter().any(|signed| signed == name);
        if OWN.contains(&name) || !(name.starts_with("x-amz-") || is_signed()) {
            continue;
        }
        // It becomes a part of our header, where a semicolon would end it.
        if !is_token(name) {
            return Err(SigV4Error::HeaderName);
        }
        let Some(value) = canonical_value(header.value) else {
            return Err(SigV4Error::HeaderValue(name.to_owned()));
        };
        match headers.iter_mut().find(|(there, _)| there == name) {
            Some((_, values)) => {
                values.push(',');
                values.push_str(&value);
            }
            None => put(&mut headers, name.to_owned(), value),
        }
    }
    for (name, value) in own {
        put(&mut headers, (*name).to_owned(), value.clone());
    }
    Ok(headers)
}

/// Trimmed, and with one space where there were several.
fn canonical_value(value: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(value).ok()?;
    if text
        .chars()
        .any(|character| character.is_control() && character != '\t')
    {
        return None;
    }
    let words: Vec<_> = text
        .split([' ', '\t'])
        .filter(|word| !word.is_empty())
        .collect();
    Some(words.join(" "))
}

fn has_token(value: &[u8], token: &[u8]) -> bool {
    value
        .split(|byte| *byte == b',')
        .any(|part| part.trim_ascii().eq_ignore_ascii_case(token))
}

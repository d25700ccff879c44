//! `If-Match`: the version a writer has seen.

use axum::http::{HeaderMap, HeaderValue, header};
use sallyport_model::SecretId;

use super::failure::Failure;
use crate::manager::{Precondition, Target};

/// Most bytes of an `If-Match` that are looked at.
const MAX_LENGTH: usize = 1024;

/// The secret of a request, and what its `If-Match` says of it.
pub(super) fn target(id: SecretId, headers: &HeaderMap) -> Result<Target, Failure> {
    Ok(Target {
        id,
        precondition: precondition(headers)?,
    })
}

/// The ETag of a version.
pub(super) fn etag(version: u64) -> [(header::HeaderName, HeaderValue); 1] {
    let tag = HeaderValue::try_from(format!("\"{version}\""));
    // Digits in quotes always are a header value.
    let tag = tag.unwrap_or_else(|_| HeaderValue::from_static("\"0\""));
    [(header::ETAG, tag)]
}

/// `*`, or a list of entity tags (RFC 9110 section 13.1.1). Tags are compared strongly, so a weak one
/// never fits, and neither does one that we never gave.
fn precondition(headers: &HeaderMap) -> Result<Precondition, Failure> {
    let mut lines = headers.get_all(header::IF_MATCH).iter().peekable();
    if lines.peek().is_none() {
        return Ok(Precondition::Exists);
    }
    let mut versions = Vec::new();
    for line in lines {
        let line = line.to_str().map_err(|_| Failure::IfMatch)?;
        if line.len() > MAX_LENGTH {
            return Err(Failure::IfMatch);
        }
        for tag in line.split(',').map(str::trim).filter(|tag| !tag.is_empty()) {
            if tag == "*" {
                return Ok(Precondition::Exists);
            }
            let (weak, opaque) = match tag.strip_prefix("W/") {
                Some(opaque) => (true, opaque),
                None => (false, tag),
            };
            let opaque = opaque
                .strip_prefix('"')
                .and_then(|opaque| opaque.strip_suffix('"'))
                .ok_or(Failure::IfMatch)?;
            if let (false, Ok(version)) = (weak, opaque.parse()) {
                versions.push(version);
            }
        }
    }
    Ok(Precondition::Current(versions))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(lines: &[&'static str]) -> Option<Precondition> {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(header::IF_MATCH, HeaderValue::from_static(line));
        }
        precondition(&headers).ok()
    }

    #[test]
    fn tags_lists_and_stars_are_read() {
        let current = |versions: &[u64]| Some(Precondition::Current(versions.to_vec()));
        assert_eq!(read(&[]), Some(Precondition::Exists));
        assert_eq!(read(&["*"]), Some(Precondition::Exists));
        assert_eq!(read(&["\"3\""]), current(&[3]));
        assert_eq!(read(&["\"3\" , \"4\"", "\"5\""]), current(&[3, 4, 5]));
    }

    #[test]
    fn weak_and_foreign_tags_never_fit() {
        for tag in ["W/\"3\"", "\"abc\"", "\"\"", ""] {
            assert_eq!(read(&[tag]), Some(Precondition::Current(vec![])), "{tag}");
        }
        let mixed = read(&["W/\"3\", \"4\""]);
        assert_eq!(mixed, Some(Precondition::Current(vec![4])));
    }

    #[test]
    fn what_is_no_tag_is_refused() {
        for line in ["3", "\"3", "w/\"3\"", "version 3", "\"3\" \"4"] {
            assert_eq!(read(&[line]), None, "{line}");
        }
    }
}

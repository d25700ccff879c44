//! `content-digest` (RFC 9530): the hash of the body as it is sent.

use super::HttpSignatureError;
use super::field::{self, Dictionary, Value};
use crate::body_hash::BodyDigest;
use crate::request::Request;

const FIELD: &str = "content-digest";

/// The SHA-256 that the request says its body has. Other algorithms beside it are passed over.
///
/// # Errors
/// [`HttpSignatureError::Absent`], [`HttpSignatureError::TooLong`], [`HttpSignatureError::Syntax`],
/// [`HttpSignatureError::DuplicateLabel`], [`HttpSignatureError::DigestAlgorithm`].
pub fn content_digest(request: &Request<'_>) -> Result<BodyDigest, HttpSignatureError> {
    let text = field::combined(request, FIELD)?;
    let digests = Dictionary::parse(&text, FIELD)?;
    match digests.get("sha-256") {
        None => Err(HttpSignatureError::DigestAlgorithm),
        Some(Value::Item(digest)) => field::bytes(digest)
            .and_then(|bytes| <[u8; 32]>::try_from(bytes).ok())
            .map(BodyDigest::from)
            .ok_or(HttpSignatureError::Syntax(FIELD)),
        Some(Value::InnerList(_)) => Err(HttpSignatureError::Syntax(FIELD)),
    }
}

/// The value of the header for a body with that hash.
pub fn content_digest_value(digest: &BodyDigest) -> String {
    format!("sha-256={}", field::written_bytes(digest.bytes()))
}

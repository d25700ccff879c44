//! Bodies of HTML forms without files, as OAuth 2 clients send them.

use axum::body::Body;
use axum::http::HeaderMap;
use serde::de::DeserializeOwned;

use super::body::{self, BodyError};
use crate::manager::{Problem, Violation};

/// The media type.
pub(super) const MEDIA_TYPE: &str = "application/x-www-form-urlencoded";

/// Reads a form into a type that refuses unknown fields; `fields` says what there is. The error of
/// the parser may quote a value, so it is not repeated.
pub(super) async fn urlencoded<T: DeserializeOwned>(
    headers: &HeaderMap,
    body: Body,
    limit: usize,
    fields: &'static str,
) -> Result<T, BodyError> {
    let bytes = body::read(headers, body, MEDIA_TYPE, limit).await?;
    serde_urlencoded::from_bytes(&bytes).map_err(|_| {
        let expected = format!("must be a form with the fields {fields}, each once");
        Violation::new("", Problem::Value { expected }).into()
    })
}

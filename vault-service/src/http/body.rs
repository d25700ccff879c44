//! Request bodies: type, size, time and amount first, then JSON or form parts, errors with their place.

use std::time::Duration;

use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{FromRequest, Multipart, Request};
use axum::http::{HeaderMap, StatusCode, header};
use sallyport_model::{Objects, SecretString};
use serde::de::DeserializeOwned;
use thiserror::Error;
use zeroize::Zeroizing;

use super::json_limits;
use crate::manager::{Form, Problem, Violation};

/// Largest request body of the public door, in bytes.
pub(super) const MAX_BODY: usize = 1024 * 1024;

/// Longest time for all bytes of a body.
const READ: Duration = Duration::from_secs(30);

/// Most parts of a form.
const MAX_PARTS: usize = 16;

/// Longest name of a part, in bytes.
const MAX_PART_NAME: usize = 64;

/// Longest file name of a part, in bytes.
const MAX_FILE_NAME: usize = 255;

/// Why a body was not taken.
#[derive(Debug, Error)]
pub(super) enum BodyError {
    /// More bytes than allowed; the rest is not read.
    #[error("the request body has more than {limit} bytes")]
    TooLarge { limit: usize },
    /// Not all bytes within the time; the rest is not read.
    #[error("the request body was not there within {} seconds", READ.as_secs())]
    TooSlow,
    /// Compressed, or encoded in another way: what it unpacks to has no limit.
    #[error("the request body must come as it is, without content-encoding")]
    ContentEncoding,
    /// Another media type than the route takes.
    #[error("the content type must be {expected}")]
    ContentType { expected: &'static str },
    /// The connection broke, or the form is not one.
    #[error("the request body does not read")]
    Unreadable,
    /// A value that is not right.
    #[error(transparent)]
    Invalid(#[from] Violation),
}

impl BodyError {
    pub(super) const fn status(&self) -> StatusCode {
        match self {
            Self::TooLarge { .. } => StatusCode::PAYLOAD_TOO_LARGE,
            Self::TooSlow => StatusCode::REQUEST_TIMEOUT,
            Self::ContentType { .. } | Self::ContentEncoding => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::Unreadable | Self::Invalid(_) => StatusCode::BAD_REQUEST,
        }
    }

    pub(super) const fn code(&self) -> &'static str {
        match self {
            Self::TooLarge { .. } => "body_too_large",
            Self::TooSlow => "body_too_slow",
            Self::ContentType { .. } => "unsupported_media_type",
            Self::ContentEncoding => "unsupported_content_encoding",
            Self::Unreadable => "unreadable_body",
            Self::Invalid(violation) => violation.problem.code(),
        }
    }
}

/// Reads a JSON body into a type that refuses unknown fields.
pub(super) async fn json<T: DeserializeOwned>(
    headers: &HeaderMap,
    body: Body,
    limit: usize,
) -> Result<T, BodyError> {
    let bytes = read(headers, body, "application/json", limit).await?;
    json_limits::check(&bytes).map_err(|limit| wrong("", limit.to_string()))?;
    let mut deserializer = serde_json::Deserializer::from_slice(&bytes);
    let value = serde_path_to_error::deserialize(Objects(&mut deserializer))
        .map_err(|error| place(&error))?;
    deserializer
        .end()
        .map_err(|_| wrong("", "must be one JSON object and nothing after it"))?;
    Ok(value)
}

/// Reads a multipart form; parts with a file name are files.
pub(super) async fn form(request: Request) -> Result<Form, BodyError> {
    let (parts, body) = request.into_parts();
    let bytes = read(&parts.headers, body, "multipart/form-data", MAX_BODY).await?;
    let request = Request::from_parts(parts, Body::from(bytes));
    let mut multipart = Multipart::from_request(request, &())
        .await
        .map_err(|_| BodyError::Unreadable)?;
    let mut form = Form::default();
    for _ in 0..=MAX_PARTS {
        let Some(field) = multipart
            .next_field()
            .await
            .map_err(|_| BodyError::Unreadable)?
        else {
            return Ok(form);
        };
        let name = short(field.name().unwrap_or_default(), MAX_PART_NAME, "part name")?;
        let file_name = match field.file_name() {
            Some(file_name) => Some(short(file_name, MAX_FILE_NAME, "file name")?),
            None => None,
        };
        let bytes = field.bytes().await.map_err(|_| BodyError::Unreadable)?;
        let bytes = Zeroizing::new(bytes.to_vec());
        match file_name {
            Some(file_name) => form.add_file(name, &file_name, bytes)?,
            None => form.add_text(name, SecretString::from(bytes))?,
        }
    }
    Err(wrong("", format!("has at most {MAX_PARTS} parts")))
}

/// All bytes of a body of the right type, within the limits of size and time.
pub(super) async fn read(
    headers: &HeaderMap,
    body: Body,
    expected: &'static str,
    limit: usize,
) -> Result<Bytes, BodyError> {
    if !is_media_type(headers, expected) {
        return Err(BodyError::ContentType { expected });
    }
    if headers.contains_key(header::CONTENT_ENCODING) {
        return Err(BodyError::ContentEncoding);
    }
    tokio::time::timeout(READ, collect(headers, body, limit))
        .await
        .unwrap_or(Err(BodyError::TooSlow))
}

async fn collect(headers: &HeaderMap, body: Body, limit: usize) -> Result<Bytes, BodyError> {
    // What is not read here the listener throws away, so that the client can read the answer.
    if declared_length(headers).is_some_and(|length| length > limit) {
        return Err(BodyError::TooLarge { limit });
    }
    to_bytes(body, limit).await.map_err(|error| {
        let too_large = std::error::Error::source(&error)
            .is_some_and(|source| source.is::<http_body_util::LengthLimitError>());
        if too_large {
            BodyError::TooLarge { limit }
        } else {
            BodyError::Unreadable
        }
    })
}

fn short(text: &str, limit: usize, what: &'static str) -> Result<String, BodyError> {
    if text.len() > limit {
        return Err(wrong(
            "",
            format!("has a {what} of more than {limit} bytes"),
        ));
    }
    Ok(text.to_owned())
}

fn wrong(place: impl Into<String>, expected: impl Into<String>) -> BodyError {
    let expected = expected.into();
    Violation::new(place, Problem::Value { expected }).into()
}

/// The media type without parameters; one generated client ends it with a stray colon.
pub(super) fn is_media_type(headers: &HeaderMap, expected: &str) -> bool {
    headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.split(';').next())
        .is_some_and(|value| {
            value
                .trim()
                .trim_end_matches(':')
                .eq_ignore_ascii_case(expected)
        })
}

fn declared_length(headers: &HeaderMap) -> Option<usize> {
    headers
        .get(header::CONTENT_LENGTH)?
        .to_str()
        .ok()?
        .parse()
        .ok()
}

/// The JSON pointer of an error and what would be right. What was sent is never repeated: it may be
/// a secret in the wrong field.
fn place(error: &serde_path_to_error::Error<serde_json::Error>) -> BodyError {
    use serde_path_to_error::Segment;
    let mut pointer = String::new();
    for segment in error.path() {
        match segment {
            Segment::Map { key } => {
                pointer.push_str(&format!("/{}", key.replace('~', "~0").replace('/', "~1")))
            }
            Segment::Seq { index } => pointer.push_str(&format!("/{index}")),
            Segment::Enum { .. } | Segment::Unknown => {}
        }
    }
    let message = error.inner().to_string();
    let expected = match error.inner().classify() {
        serde_json::error::Category::Data => without_value(&message),
        serde_json::error::Category::Eof => "the JSON document ends too early".to_owned(),
        _ => {
            let (line, column) = (error.inner().line(), error.inner().column());
            format!("is not JSON at line {line}, column {column}")
        }
    };
    wrong(pointer, expected)
}

fn without_value(message: &str) -> String {
    let message = message.split(" at line ").next().unwrap_or(message);
    for (prefix, what) in [
        ("unknown field", "does not belong here"),
        ("unknown variant", "is not one of the known words"),
        ("invalid type", "has the wrong type"),
        ("invalid value", "has a wrong value"),
        ("invalid length", "has a wrong length"),
    ] {
        if message.starts_with(prefix) {
            return match message.rsplit_once("expected ") {
                Some((_, expected)) => format!("{what}, expected {}", in_json(expected)),
                None => what.to_owned(),
            };
        }
    }
    message.to_owned()
}

/// What serde expects, in words of JSON: names of types say nothing to a client.
fn in_json(expected: &str) -> &str {
    let types = [
        "struct ",
        "internally tagged enum ",
        "adjacently tagged enum ",
    ];
    match types.iter().any(|name| expected.starts_with(name)) {
        true => "an object",
        false => expected,
    }
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;
    use sallyport_model::SecretName;
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "only its reading is tested")]
    struct Upload {
        name: SecretName,
        inner: Inner,
    }

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "only its reading is tested")]
    struct Inner {
        numbers: Vec<u8>,
    }

    async fn read_upload(content_type: &'static str, text: &str) -> Result<Upload, BodyError> {
        let mut headers = HeaderMap::new();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
        json(&headers, Body::from(text.to_owned()), 200).await
    }

    async fn violation(text: &str) -> (String, String) {
        match read_upload("application/json", text).await {
            Err(BodyError::Invalid(violation)) => (violation.place, violation.problem.to_string()),
            other => panic!("{other:?}"),
        }
    }

    #[tokio::test]
    async fn a_good_body_reads_with_any_spelling_of_the_media_type() {
        for content_type in [
            "application/json",
            "Application/JSON; charset=utf-8",
            "application/json:",
        ] {
            let upload = read_upload(content_type, r#"{"name":"x","inner":{"numbers":[1]}}"#).await;
            assert!(upload.is_ok(), "{content_type}");
        }
    }

    #[tokio::test]
    async fn errors_name_their_place() {
        let (place, _) = violation(r#"{"name":"x","inner":{"numbers":[1,"a"]}}"#).await;
        assert_eq!(place, "/inner/numbers/1");
        let (place, problem) = violation(r#"{"name":"x","inner":{"numbrs":[1]}}"#).await;
        assert_eq!(place, "/inner/numbrs");
        assert!(problem.contains("numbers"), "{problem}");
        let (place, problem) = violation(r#"{"name":" x","inner":{"numbers":[]}}"#).await;
        assert_eq!(place, "/name");
        assert!(problem.contains("space"), "{problem}");
    }

    #[tokio::test]
    async fn an_array_is_no_object_and_types_of_rust_are_not_named() {
        for (text, place, expected) in [
            (r#" ["x",{"numbers":[1]}]"#, "", "expected an object"),
            (r#"["x"]"#, "", "expected an object"),
            (r#""x""#, "", "expected an object"),
            (r#"{"name":"x","inner":7}"#, "/inner", "expected an object"),
            (r#"{"name":"x","inner":[]}"#, "/inner", "expected an object"),
            (
                r#"{"name":"x","inner":[[1]]}"#,
                "/inner",
                "expected an object",
            ),
        ] {
            let (found, problem) = violation(text).await;
            assert_eq!(found, place, "{text}");
            assert!(problem.contains(expected), "{problem}");
            assert!(!problem.contains("Inner"), "{problem}");
        }
    }

    #[tokio::test]
    async fn a_value_in_the_wrong_place_is_not_repeated() {
        for text in [
            r#"{"name":"x","inner":{"numbers":["hunter2"]}}"#,
            r#"{"name":"x","inner":"hunter2"}"#,
            r#"{"name":"x","inner":{"numbers":[1]}} hunter2"#,
            r#"{"name":"x","inner":hunter2}"#,
        ] {
            let (_, problem) = violation(text).await;
            assert!(!problem.contains("hunter2"), "{problem}");
        }
    }

    #[tokio::test]
    async fn too_many_bytes_and_other_media_types_are_refused() {
        let long = format!(r#"{{"name":"{}"}}"#, "x".repeat(300));
        let error = read_upload("application/json", &long).await.unwrap_err();
        assert!(
            matches!(error, BodyError::TooLarge { limit: 200 }),
            "{error}"
        );
        let error = read_upload("text/plain", "{}").await.unwrap_err();
        assert_eq!(error.status(), StatusCode::UNSUPPORTED_MEDIA_TYPE);
    }

    #[tokio::test]
    async fn a_compressed_body_is_not_unpacked() {
        for encoding in ["gzip", "br", "identity, gzip", ""] {
            let mut headers = HeaderMap::new();
            let json_type = HeaderValue::from_static("application/json");
            headers.insert(header::CONTENT_TYPE, json_type);
            headers.insert(header::CONTENT_ENCODING, encoding.parse().unwrap());
            let error = json::<Upload>(&headers, Body::from("{}"), 200)
                .await
                .unwrap_err();
            assert!(matches!(error, BodyError::ContentEncoding), "{error}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_does_not_end_is_given_up_after_half_a_minute() {
        let mut headers = HeaderMap::new();
        let json_type = HeaderValue::from_static("application/json");
        headers.insert(header::CONTENT_TYPE, json_type);
        for declared in [None, Some("100")] {
            if let Some(length) = declared {
                headers.insert(header::CONTENT_LENGTH, HeaderValue::from_static(length));
            }
            let dripping = futures_util::stream::unfold((), async |()| {
                tokio::time::sleep(Duration::from_secs(1)).await;
                Some((Ok::<_, std::io::Error>(Bytes::from_static(b" ")), ()))
            });
            let started = tokio::time::Instant::now();
            let error = json::<Upload>(&headers, Body::from_stream(dripping), 200)
                .await
                .unwrap_err();
            assert_eq!(error.status(), StatusCode::REQUEST_TIMEOUT, "{declared:?}");
            assert_eq!(started.elapsed(), READ);
        }
    }

    #[tokio::test]
    async fn amounts_are_limited_before_anything_is_built() {
        let deep = format!("{{\"name\":{}", "[".repeat(150));
        let (place, problem) = violation(&deep).await;
        assert_eq!(place, "");
        assert!(problem.contains("32 levels"), "{problem}");
    }

    async fn read_form(parts: &str) -> Result<Form, BodyError> {
        let request = Request::builder()
            .header(header::CONTENT_TYPE, "multipart/form-data; boundary=x")
            .body(Body::from(format!("{parts}--x--\r\n")))
            .unwrap();
        form(request).await
    }

    fn part(name: &str, file_name: Option<&str>) -> String {
        let file_name = file_name.map(|name| format!("; filename=\"{name}\""));
        let file_name = file_name.unwrap_or_default();
        format!("--x\r\nContent-Disposition: form-data; name=\"{name}\"{file_name}\r\n\r\nv\r\n")
    }

    #[tokio::test]
    async fn a_form_is_limited_in_parts_and_names() {
        let parts = |count: usize| {
            (0..count)
                .map(|n| part(&n.to_string(), None))
                .collect::<String>()
        };
        let name = |length: usize| part(&"n".repeat(length), None);
        let file = |length: usize| part("n", Some(&"f".repeat(length)));
        for taken in [parts(MAX_PARTS), name(64), file(255)] {
            assert!(read_form(&taken).await.is_ok());
        }
        for (refused, said) in [
            (parts(MAX_PARTS + 1), "at most 16 parts"),
            (parts(10_000), "at most 16 parts"),
            (name(65), "part name of more than 64 bytes"),
            (file(256), "file name of more than 255 bytes"),
        ] {
            let error = read_form(&refused).await.err().unwrap();
            assert_eq!(error.status(), StatusCode::BAD_REQUEST);
            assert!(error.to_string().contains(said), "{error}");
        }
    }
}

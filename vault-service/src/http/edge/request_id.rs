//! A name for every request, the same in the answer, its problem document and the log; and the trace
//! it belongs to.

use std::fmt;

use axum::extract::Request;
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use axum::middleware::Next;
use axum::response::Response;

use crate::trace::{self, TraceContext};

/// The header, in and out.
const HEADER: HeaderName = HeaderName::from_static("x-request-id");

/// Longest id taken from a client.
const MAX_LENGTH: usize = 64;

tokio::task_local! {
    static CURRENT: RequestId;
}

/// The id of a request: the client's own when it is harmless in a log, else its trace's, else ours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::http) struct RequestId(HeaderValue);

impl RequestId {
    fn of(headers: &HeaderMap, trace: Option<&TraceContext>) -> Self {
        match (only(headers, HEADER.as_str()), trace) {
            (Some(only), _) if is_harmless(only) => Self(only.clone()),
            (_, Some(trace)) => Self::from_harmless(&trace.trace_id().to_string()),
            (_, None) => Self::random(),
        }
    }

    fn from_harmless(text: &str) -> Self {
        Self(HeaderValue::try_from(text).unwrap_or(HeaderValue::from_static("none")))
    }

    fn random() -> Self {
        let mut bytes = [0_u8; 16];
        // Without randomness the request fails for better reasons than its id.
        let _ = getrandom::fill(&mut bytes);
        let id = uuid::Builder::from_random_bytes(bytes).into_uuid();
        Self::from_harmless(&id.to_string())
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.to_str().unwrap_or_default())
    }
}

/// The id of the request that this task answers, behind [`identify`].
pub(in crate::http) fn current() -> Option<RequestId> {
    CURRENT.try_with(Clone::clone).ok()
}

/// Gives a request its id and writes it on the answer. Its work belongs to the client's trace, if the
/// client has one.
pub(super) async fn identify(request: Request, next: Next) -> Response {
    let headers = request.headers();
    let trace = only(headers, trace::HEADER).and_then(|value| value.to_str().ok()?.parse().ok());
    let id = RequestId::of(headers, trace.as_ref());
    let work = CURRENT.scope(id.clone(), next.run(request));
    let mut response = trace::within(trace, work).await;
    response.headers_mut().insert(HEADER, id.0);
    response
}

/// The same for requests whose client says which one, or whose trace, it is; others stay without.
pub(in crate::http) async fn identify_named(request: Request, next: Next) -> Response {
    let headers = request.headers();
    match headers.contains_key(HEADER) || headers.contains_key(trace::HEADER) {
        true => identify(request, next).await,
        false => next.run(request).await,
    }
}

/// A header that is there once.
fn only<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a HeaderValue> {
    let mut given = headers.get_all(name).iter();
    given.next().filter(|_| given.next().is_none())
}

fn is_harmless(value: &HeaderValue) -> bool {
    let bytes = value.as_bytes();
    (1..=MAX_LENGTH).contains(&bytes.len())
        && bytes
            .iter()
            .all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id_for(given: &[&str]) -> String {
        let mut headers = HeaderMap::new();
        for value in given {
            headers.append(HEADER, HeaderValue::from_str(value).unwrap());
        }
        RequestId::of(&headers, None).to_string()
    }

    #[test]
    fn a_request_without_an_id_of_its_own_has_that_of_its_trace() {
        let text = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
        let trace: TraceContext = text.parse().unwrap();
        let id = |headers: &HeaderMap| RequestId::of(headers, Some(&trace)).to_string();
        assert_eq!(id(&HeaderMap::new()), trace.trace_id().to_string());
        let own = HeaderMap::from_iter([(HEADER, HeaderValue::from_static("own"))]);
        assert_eq!(id(&own), "own");
    }

    #[test]
    fn a_harmless_id_is_kept_and_any_other_replaced_by_a_uuid() {
        let long = "a".repeat(64);
        for kept in ["a", "Trace_1.2-3", long.as_str()] {
            assert_eq!(id_for(&[kept]), kept);
        }
        let longer = "a".repeat(65);
        for replaced in [
            &[][..],
            &[""],
            &["a b"],
            &["a\"b"],
            &["a,b"],
            &["{\"level\":\"INFO\"}"],
            &[longer.as_str()],
            &["a", "a"],
        ] {
            let id = id_for(replaced);
            assert!(uuid::Uuid::parse_str(&id).is_ok(), "{replaced:?}: {id}");
            assert_ne!(id, id_for(replaced));
        }
    }
}

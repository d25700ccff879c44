//! A name for every request, the same in the answer, its problem document and the log.

use std::fmt;

use axum::extract::Request;
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use axum::middleware::Next;
use axum::response::Response;

/// The header, in and out.
const HEADER: HeaderName = HeaderName::from_static("x-request-id");

/// Longest id taken from a client.
const MAX_LENGTH: usize = 64;

tokio::task_local! {
    static CURRENT: RequestId;
}

/// The id of a request: the client's own when it is harmless in a log, else one of ours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::http) struct RequestId(HeaderValue);

impl RequestId {
    fn of(headers: &HeaderMap) -> Self {
        let mut given = headers.get_all(HEADER).iter();
        match (given.next(), given.next()) {
            (Some(only), None) if is_harmless(only) => Self(only.clone()),
            _ => Self::random(),
        }
    }

    fn random() -> Self {
        let mut bytes = [0_u8; 16];
        // Without randomness the request fails for better reasons than its id.
        let _ = getrandom::fill(&mut bytes);
        let id = uuid::Builder::from_random_bytes(bytes).into_uuid();
        Self(HeaderValue::try_from(id.to_string()).unwrap_or(HeaderValue::from_static("none")))
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

/// Gives a request its id and writes it on the answer.
pub(super) async fn identify(request: Request, next: Next) -> Response {
    let id = RequestId::of(request.headers());
    let mut response = CURRENT.scope(id.clone(), next.run(request)).await;
    response.headers_mut().insert(HEADER, id.0);
    response
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
        RequestId::of(&headers).to_string()
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

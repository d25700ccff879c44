//! What both doors have: liveness, readiness, and answers where there is no route, security headers.

use axum::extract::{OriginalUri, Request};
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::problem::Problem;
use super::shape::Shape;

/// `GET /livez`: the process answers.
pub(super) async fn livez() -> &'static str {
    "ok\n"
}

/// `GET /readyz`: the store answers too.
pub(super) fn readiness<E>(result: Result<(), E>) -> Response {
    match result {
        Ok(()) => "ok\n".into_response(),
        Err(_) => not_ready().into_response(),
    }
}

/// Any path there is no route for.
pub(super) async fn not_found(OriginalUri(uri): OriginalUri) -> Response {
    Shape::of(uri.path()).answer(
        StatusCode::NOT_FOUND,
        "no_such_route",
        "there is nothing at this path",
    )
}

/// A method its route does not have; the router adds `Allow`.
pub(super) async fn method_not_allowed(OriginalUri(uri): OriginalUri) -> Response {
    Shape::of(uri.path()).answer(
        StatusCode::METHOD_NOT_ALLOWED,
        "method_not_allowed",
        "the path does not have this method; Allow says which it has",
    )
}

/// Headers on every answer: nothing of it is to be cached, sniffed or framed.
pub(super) async fn security_headers(request: Request, next: Next) -> Response {
    const HEADERS: [(HeaderName, HeaderValue); 3] = [
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
        (
            header::X_CONTENT_TYPE_OPTIONS,
            HeaderValue::from_static("nosniff"),
        ),
        (header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY")),
    ];
    let mut response = next.run(request).await;
    for (name, value) in HEADERS {
        response.headers_mut().insert(name, value);
    }
    response
}

fn not_ready() -> Problem {
    Problem::new(
        StatusCode::SERVICE_UNAVAILABLE,
        "not_ready",
        "the store does not answer",
    )
}

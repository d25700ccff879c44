//! What both doors have: liveness, readiness, and answers where there is no route.

use axum::extract::OriginalUri;
use axum::http::StatusCode;
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

fn not_ready() -> Problem {
    Problem::new(
        StatusCode::SERVICE_UNAVAILABLE,
        "not_ready",
        "the store does not answer",
    )
}

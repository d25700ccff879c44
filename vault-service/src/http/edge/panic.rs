//! A panic costs its request an answer without detail, and nobody else anything.

use std::panic::AssertUnwindSafe;

use axum::extract::Request;
use axum::http::StatusCode;
use axum::middleware::Next;
use axum::response::Response;
use futures_util::FutureExt as _;
use tracing::error;

use crate::http::shape::Shape;

/// Turns a panic of what is behind into a 500.
pub(super) async fn catch(request: Request, next: Next) -> Response {
    let shape = Shape::of(request.uri().path());
    // What the handler borrowed dies with it; shared state is behind locks that survive a panic.
    match AssertUnwindSafe(next.run(request)).catch_unwind().await {
        Ok(response) => response,
        Err(_) => {
            error!("a handler panicked");
            shape.answer(
                StatusCode::INTERNAL_SERVER_ERROR,
                "internal",
                "the vault cannot do this now; its log says why",
            )
        }
    }
}

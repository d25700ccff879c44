//! Nothing leaves the public door before a sink has the audit entries of it.

use axum::extract::{OriginalUri, Request, State};
use axum::http::StatusCode;
use axum::middleware::Next;
use axum::response::Response;
use tracing::error;

use super::super::door::{AUDIT_UNAVAILABLE, HELD_BACK, NO_SINK};
use super::super::shape::Shape;
use super::ManagerDoor;
use crate::audit::NoSink;

/// What says nothing of what is stored.
const ABOUT_THE_SERVICE: [&str; 3] = ["/livez", "/readyz", "/openapi.json"];

/// Without a sink that accepts entries nothing is begun; an answer waits until one has all entries there
/// are by then. What was written meanwhile stays written, and its entry in the store.
pub(super) async fn hold(
    State(door): State<ManagerDoor>,
    OriginalUri(uri): OriginalUri,
    request: Request,
    next: Next,
) -> Response {
    if ABOUT_THE_SERVICE.contains(&uri.path()) {
        return next.run(request).await;
    }
    let shape = Shape::of(uri.path());
    if let Err(no_sink) = door.sinks.check() {
        return refusal(shape, NO_SINK, &no_sink);
    }
    let response = next.run(request).await;
    match door.sinks.taken().await {
        Ok(()) => response,
        Err(no_sink) => refusal(shape, HELD_BACK, &no_sink),
    }
}

fn refusal(shape: Shape, said: &str, no_sink: &NoSink) -> Response {
    error!(error = %no_sink, "an answer is held back");
    shape.answer(StatusCode::SERVICE_UNAVAILABLE, AUDIT_UNAVAILABLE, said)
}

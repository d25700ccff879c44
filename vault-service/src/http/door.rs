//! What both doors have: liveness, readiness, and answers where there is no route.

use axum::extract::OriginalUri;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};

use super::problem::Problem;
use super::shape::Shape;
use crate::audit::SinkStanding;
use crate::provider::{LapsedCa, Unready};

/// `GET /livez`: the process answers.
pub(super) async fn livez() -> &'static str {
    "ok\n"
}

/// `GET /readyz`: nothing keeps the vault from answering. Says how each audit sink stands, and which
/// CAs have all of their gateways refused.
pub(super) fn readiness(
    reasons: &[Unready],
    sinks: &[SinkStanding],
    lapsed: &[LapsedCa],
) -> Response {
    if reasons.is_empty() {
        let sinks = sinks.iter().map(|sink| format!("audit sink {sink}\n"));
        let lapsed = lapsed.iter().map(|ca| format!("{ca}\n"));
        return format!("ok\n{}", sinks.chain(lapsed).collect::<String>()).into_response();
    }
    let reasons: Vec<String> = reasons.iter().map(Unready::to_string).collect();
    Problem::new(
        StatusCode::SERVICE_UNAVAILABLE,
        "not_ready",
        reasons.join("; "),
    )
    .into_response()
}

/// The code of an answer that is held back because no sink has the entry.
pub(super) const AUDIT_UNAVAILABLE: &str = "audit_unavailable";

/// What goes with it.
pub(super) const NO_SINK: &str =
    "the audit log accepts no entries, so nothing is handed out; /readyz says why";

/// What goes with it when the request was carried out before.
pub(super) const HELD_BACK: &str = "the audit log accepts no entries, so the answer is held back; a change that was asked for may have been \
     made; /readyz says why";

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

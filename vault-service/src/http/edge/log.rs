//! One line per request, and its time counted: what was asked for by its route, by whom, how it ended. No path, no query,
//! no body: each of them may hold what somebody put into the wrong place.

use std::time::Instant;

use axum::extract::{MatchedPath, Request, State};
use axum::http::Method;
use axum::middleware::Next;
use axum::response::Response;
use sallyport_model::ActorId;
use tracing::field::{Empty, display};
use tracing::{Instrument as _, Span, info, info_span};

use super::request_id;
use crate::metrics::DoorMetrics;
use crate::trace;

/// Opens the span of a request and writes its line when it has been answered.
pub(super) async fn request(
    State(metrics): State<DoorMetrics>,
    request: Request,
    next: Next,
) -> Response {
    let started = Instant::now();
    let _open = metrics.opened();
    let span = span(&request);
    let response = next.run(request).instrument(span.clone()).await;
    let took = started.elapsed();
    metrics.answered(response.status(), took);
    info!(
        parent: &span,
        status = response.status().as_u16(),
        duration_ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX),
        "answered"
    );
    response
}

/// A span for a request of a gateway that names it or its trace, so that what is logged of it can be
/// found. Others have none: it would cost more than a warm answer.
pub(in crate::http) async fn follow(request: Request, next: Next) -> Response {
    match request_id::current() {
        Some(_) => {
            let span = span(&request);
            next.run(request).instrument(span).await
        }
        None => next.run(request).await,
    }
}

fn span(request: &Request) -> Span {
    let trace = trace::current();
    info_span!(
        "request",
        id = request_id::current().map(display),
        trace_id = trace.map(|trace| display(trace.trace_id())),
        parent_id = trace.map(|trace| display(trace.span_id())),
        method = method_word(request.method()),
        route = request
            .extensions()
            .get::<MatchedPath>()
            .map(MatchedPath::as_str),
        actor = Empty,
    )
}

/// Writes the chosen route's template into the span.
pub(super) async fn name_route(request: Request, next: Next) -> Response {
    if let Some(route) = request.extensions().get::<MatchedPath>() {
        Span::current().record("route", route.as_str());
    }
    next.run(request).await
}

/// Writes the caller into the span, when it is known.
pub(in crate::http) fn name_actor(actor: ActorId) {
    Span::current().record("actor", display(actor));
}

/// A method is any word a client makes up; only known ones are written down.
fn method_word(method: &Method) -> &str {
    match *method {
        Method::GET
        | Method::HEAD
        | Method::POST
        | Method::PUT
        | Method::PATCH
        | Method::DELETE
        | Method::OPTIONS => method.as_str(),
        _ => "other",
    }
}

#[cfg(test)]
mod tests {
    use std::io::{self, Write};
    use std::sync::{Arc, Mutex};

    use axum::Router;
    use axum::body::Body;
    use axum::routing::post;
    use serde_json::Value;
    use tower::ServiceExt as _;
    use uuid::Uuid;

    use super::super::{Quotas, around};
    use super::*;
    use crate::metrics::Metrics;

    #[derive(Clone, Default)]
    struct Lines(Arc<Mutex<Vec<u8>>>);

    impl Write for Lines {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[tokio::test]
    async fn a_line_names_route_actor_and_status_and_nothing_the_client_made_up() {
        let lines = Lines::default();
        let writer = lines.clone();
        let subscriber = tracing_subscriber::fmt()
            .json()
            .with_writer(move || writer.clone())
            .finish();
        let _guard = tracing::subscriber::set_default(subscriber);
        let actor = ActorId::new(Uuid::from_u128(7));
        let routes = Router::new().route(
            "/things/{id}",
            post(async move || {
                name_actor(actor);
                "done"
            }),
        );
        let many = std::num::NonZeroU32::new(100).unwrap();
        let door = around(
            routes,
            Arc::new(Quotas::per_second(many, many)),
            Metrics::new().door,
        );
        let trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
        for (method, path, traceparent) in [
            ("POST", "/things/canary1?key=canary2", trace),
            ("CANARY3", "/canary4", "00-canary7"),
            ("GET", "//canary5", ""),
        ] {
            let request = Request::builder()
                .method(method)
                .uri(path)
                .header("x-request-id", "id-1")
                .header("traceparent", traceparent)
                .body(Body::from("canary6"))
                .unwrap();
            let _ = door.clone().oneshot(request).await.unwrap();
        }

        let text = String::from_utf8(lines.0.lock().unwrap().clone()).unwrap();
        assert!(!text.to_lowercase().contains("canary"), "{text}");
        let lines: Vec<Value> = text
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect();
        assert_eq!(lines.len(), 3, "{text}");
        let span = &lines[0]["span"];
        assert_eq!(span["id"], "id-1");
        assert_eq!(span["trace_id"], "4bf92f3577b34da6a3ce929d0e0e4736");
        assert_eq!(span["parent_id"], "00f067aa0ba902b7");
        assert_eq!(lines[1]["span"].get("trace_id"), None);
        assert_eq!(span["method"], "POST");
        assert_eq!(span["route"], "/things/{id}");
        assert_eq!(span["actor"], actor.to_string());
        assert_eq!(lines[0]["fields"]["status"], 200);
        assert!(lines[0]["fields"]["duration_ms"].is_u64());
        assert_eq!(lines[1]["span"]["method"], "other");
        assert_eq!(lines[1]["fields"]["status"], 404);
        assert_eq!(lines[2]["fields"]["status"], 400);
    }
}

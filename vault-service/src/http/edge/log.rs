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

/// Opens the span of a request and writes its line when it has been answered.
pub(super) async fn request(
    State(metrics): State<DoorMetrics>,
    request: Request,
    next: Next,
) -> Response {
    let started = Instant::now();
    let _open = metrics.opened();
    let span = info_span!(
        "request",
        id = request_id::current().map(display),
        method = method_word(request.method()),
        route = Empty,
        actor = Empty,
    );
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
        for (method, path) in [
            ("POST", "/things/canary1?key=canary2"),
            ("CANARY3", "/canary4"),
            ("GET", "//canary5"),
        ] {
            let request = Request::builder()
                .method(method)
                .uri(path)
                .header("x-request-id", "id-1")
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

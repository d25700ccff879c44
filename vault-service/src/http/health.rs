//! Liveness, readiness and metrics on a listener of their own: plain HTTP and nobody has to show who
//! it is, so that a probe is a URL. Nothing here says what is stored, or for whom.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router, middleware};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::watch;

use super::accept::accept;
use super::listener::{Connection, Limits, Protocol, converse};
use super::{door, edge};
use crate::metrics::CONTENT_TYPE;
use crate::provider::{Provider, Unready};

/// Connections open at the same time: some probes, and whoever collects metrics.
const CONNECTIONS: usize = 64;

/// What is asked about.
#[derive(Clone)]
pub struct Health {
    /// The room that answers gateways.
    pub provider: Arc<Provider>,
    /// Whether the service was told to stop.
    pub stopping: watch::Receiver<bool>,
}

/// The routes.
pub fn router(health: Health) -> Router {
    let metrics = get(metrics).with_state(Arc::clone(&health.provider));
    Router::new()
        .route("/livez", get(door::livez))
        .route("/readyz", get(readyz).with_state(health))
        .route("/metrics", metrics)
        .fallback(door::not_found)
        .method_not_allowed_fallback(door::method_not_allowed)
        .layer(middleware::from_fn(edge::plain_security_headers))
}

/// Serves until `stop` says so. It should do so last: whoever asks is told that the vault is stopping.
pub async fn serve(listener: TcpListener, router: Router, stop: watch::Receiver<bool>) {
    let asked = stop.clone();
    accept(listener, CONNECTIONS, stop, |stream, _| {
        let connection = Connection {
            stream,
            protocol: Protocol::Http1,
            until: None,
        };
        let (router, stop) = (router.clone(), asked.clone());
        Some(converse(connection, (), router, Limits::INTERNAL, stop))
    })
    .await;
}

/// `GET /metrics`: numbers, see `docs/metrics.md`.
pub(super) async fn metrics(State(provider): State<Arc<Provider>>) -> Response {
    let content_type = (header::CONTENT_TYPE, HeaderValue::from_static(CONTENT_TYPE));
    match provider.metrics() {
        Ok(text) => ([content_type], text).into_response(),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

/// `GET /readyz`: `{"ready": false, "reasons": [{"code": "store", "detail": "..."}]}`, and 503.
/// `auditSinks` says how each stands, `gatewayCas` which have all of their gateways refused.
async fn readyz(State(health): State<Health>) -> (StatusCode, Json<Value>) {
    let mut reasons = health.provider.unready().await;
    if *health.stopping.borrow() {
        reasons.push(Unready::Stopping);
    }
    let status = match reasons.is_empty() {
        true => StatusCode::OK,
        false => StatusCode::SERVICE_UNAVAILABLE,
    };
    let list = reasons.iter();
    let list = list.map(|reason| json!({ "code": reason.code(), "detail": reason.to_string() }));
    let list: Vec<Value> = list.collect();
    let sinks = health.provider.sinks().into_iter();
    let sinks = sinks.map(|sink| json!({ "sink": sink.name, "detail": sink.standing.to_string() }));
    let sinks: Vec<Value> = sinks.collect();
    let lapsed = health.provider.lapsed_cas().into_iter();
    let lapsed = lapsed.map(
        |ca| json!({ "position": ca.position, "code": ca.lapse.code(), "detail": ca.to_string() }),
    );
    let body = json!({
        "ready": reasons.is_empty(),
        "reasons": list,
        "auditSinks": sinks,
        "gatewayCas": lapsed.collect::<Vec<Value>>(),
    });
    (status, Json(body))
}

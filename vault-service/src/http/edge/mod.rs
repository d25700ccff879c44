//! The outermost layers of the public door: what is decided before a route is chosen, a token is
//! looked at, or a byte of a body is read.

mod canonical;
mod headers;
mod log;
mod panic;
mod quota;
mod request_id;

use std::sync::Arc;

use axum::Router;
use axum::middleware::{from_fn, from_fn_with_state};

use crate::metrics::DoorMetrics;

pub(super) use self::headers::{plain_security_headers, security_headers};
pub(super) use self::log::{follow, name_actor};
pub use self::quota::Quotas;
pub(super) use self::request_id::{current as current_request_id, identify_named};

/// Puts the layers around the routes. From the outside: request id, security headers, log line,
/// quota of the client, canonical path; a panic behind them becomes an answer.
pub fn around(routes: Router, quotas: Arc<Quotas>, metrics: DoorMetrics) -> Router {
    // A layer of the routes runs when one is chosen: only there the route's template is known.
    let routes = routes.layer(from_fn(log::name_route));
    Router::new()
        .fallback_service(routes)
        .layer(from_fn(canonical::require))
        .layer(from_fn(panic::catch))
        .layer(from_fn_with_state(quotas, quota::require))
        .layer(from_fn_with_state(metrics, log::request))
        .layer(from_fn(security_headers))
        .layer(from_fn(request_id::identify))
}

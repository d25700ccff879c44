//! Routes of the public door: Anypoint's paths and shapes, and our own beside them.

mod accounts;
mod audit;
mod authenticated;
mod clone;
mod edit_session;
mod expiring;
mod failure;
mod gateways;
mod grants;
mod groups;
mod if_match;
mod path;
mod secrets;
mod upload;
mod versions;
mod where_used;

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::response::Response;
use axum::routing::get;

use super::door;
use crate::accounts::Accounts;
use crate::manager::Manager;
use crate::store::{Setting, Store};

/// What the routes need.
#[derive(Clone)]
pub struct ManagerDoor {
    /// The room behind the door.
    pub manager: Manager,
    /// Tokens.
    pub accounts: Accounts,
    /// Organizations and environments, for the accounts calls.
    pub store: Arc<dyn Store>,
}

/// The routes, without the edge around them.
pub fn router(door: ManagerDoor) -> Router {
    Router::new()
        .merge(accounts::routes())
        .nest(
            "/secrets-manager/api/v1/organizations/{organization}/environments/{environment}",
            anypoint(),
        )
        .nest(
            "/api/v1/organizations/{organization}/environments/{environment}",
            own(),
        )
        .route("/livez", get(door::livez))
        .route("/readyz", get(readyz))
        .fallback(door::not_found)
        .method_not_allowed_fallback(door::method_not_allowed)
        .with_state(door)
}

fn anypoint() -> Router<ManagerDoor> {
    Router::new()
        .merge(groups::routes())
        .merge(edit_session::routes())
        .merge(secrets::routes())
}

fn own() -> Router<ManagerDoor> {
    Router::new()
        .merge(gateways::routes())
        .merge(grants::routes())
        .merge(versions::routes())
        .merge(where_used::routes())
        .merge(clone::routes())
        .merge(expiring::routes())
        .merge(audit::routes())
}

async fn readyz(State(state): State<ManagerDoor>) -> Response {
    door::readiness(state.store.setting(Setting::TrustDomain).await.map(|_| ()))
}

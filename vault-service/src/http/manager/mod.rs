//! Routes of the public door: Anypoint's paths and shapes, and our own beside them.

mod accounts;
mod audit;
mod authenticated;
mod clone;
mod connected_apps;
mod edit_session;
mod environments;
mod expiring;
mod failure;
mod gateways;
mod grants;
mod groups;
mod if_match;
mod me;
mod organizations;
mod path;
mod permissions;
mod secrets;
mod token;
mod upload;
mod users;
mod versions;
mod where_used;

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::middleware;
use axum::response::Response;
use axum::routing::get;

pub use self::authenticated::OPEN;
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
    /// For readiness, and for who holds a group's edit session.
    pub store: Arc<dyn Store>,
}

/// The routes, without the edge around them.
pub fn router(door: ManagerDoor) -> Router {
    let guard = middleware::from_fn_with_state(door.clone(), authenticated::require);
    Router::new()
        .merge(token::routes())
        .merge(accounts::routes())
        .nest(
            "/secrets-manager/api/v1/organizations/{organization}/environments/{environment}",
            anypoint(),
        )
        .nest(
            "/api/v1/organizations/{organization}/environments/{environment}",
            own(),
        )
        .nest("/api/v1/organizations/{organization}", of_organization())
        .nest("/api/v1", me::routes().merge(organizations::root_routes()))
        .route("/livez", get(door::livez))
        .route("/readyz", get(readyz))
        .route_layer(guard)
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

fn of_organization() -> Router<ManagerDoor> {
    Router::new()
        .merge(organizations::routes())
        .merge(environments::routes())
        .merge(users::routes())
        .merge(connected_apps::routes())
        .merge(permissions::routes())
        .merge(audit::organization_routes())
}

async fn readyz(State(state): State<ManagerDoor>) -> Response {
    door::readiness(state.store.setting(Setting::TrustDomain).await.map(|_| ()))
}

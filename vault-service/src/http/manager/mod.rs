//! Routes of the public door: Anypoint's paths and shapes, and our own beside them.

mod accounts;
mod audit;
mod audit_search;
mod authenticated;
mod clone;
mod connected_apps;
mod edit_session;
mod enrolment;
mod environments;
mod expiring;
mod failure;
mod gateways;
mod grants;
mod groups;
mod held;
mod if_match;
mod me;
mod organizations;
mod parameter;
mod path;
mod permissions;
mod published_lists;
mod reliant_cas;
mod rollout;
mod secrets;
mod token;
mod upload;
mod users;
mod versions;
mod where_used;
mod within;

use std::sync::{Arc, LazyLock};

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware;
use axum::response::{IntoResponse as _, Response};

pub use self::authenticated::OPEN;
use super::door;
use super::openapi::{Fields, Operation, Routes, document};
use crate::accounts::Accounts;
use crate::audit::Sinks;
use crate::jobs::crl_fetch::CrlFetching;
use crate::manager::Manager;
use crate::provider::{Rollout, Unready};
use crate::settings::GatewayCaSettings;
use crate::store::{Setting, Store};

/// What the routes need.
#[derive(Clone)]
pub struct ManagerDoor {
    /// The room behind the door.
    pub manager: Manager,
    /// Tokens.
    pub accounts: Accounts,
    /// What gateways say they run.
    pub rollout: Arc<Rollout>,
    /// Fetches revocation lists.
    pub crl_fetching: Arc<CrlFetching>,
    /// CAs of gateways besides the internal one.
    pub gateway_cas: Arc<[GatewayCaSettings]>,
    /// For readiness, and for who holds a group's edit session.
    pub store: Arc<dyn Store>,
    /// Where audit entries go.
    pub sinks: Sinks,
}

/// The routes, without the edge around them.
pub fn router(door: ManagerDoor) -> Router {
    let guard = middleware::from_fn_with_state(door.clone(), authenticated::require);
    let hold = middleware::from_fn_with_state(door.clone(), held::hold);
    routes()
        .into_router()
        .route_layer(guard)
        .route_layer(hold)
        .fallback(door::not_found)
        .method_not_allowed_fallback(door::method_not_allowed)
        .with_state(door)
}

fn routes() -> Routes<ManagerDoor> {
    Routes::new()
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
        .nest(
            "/api/v1",
            me::routes()
                .merge(organizations::root_routes())
                .merge(enrolment::open_routes()),
        )
        .merge(about_the_service())
}

fn anypoint() -> Routes<ManagerDoor> {
    Routes::new()
        .merge(groups::routes())
        .merge(edit_session::routes())
        .merge(secrets::routes())
}

fn own() -> Routes<ManagerDoor> {
    Routes::new()
        .merge(gateways::routes())
        .merge(enrolment::routes())
        .merge(grants::routes())
        .merge(versions::routes())
        .merge(where_used::routes())
        .merge(rollout::routes())
        .merge(published_lists::routes())
        .merge(clone::routes())
        .merge(expiring::routes())
        .merge(audit::routes())
        .merge(audit_search::routes())
}

fn of_organization() -> Routes<ManagerDoor> {
    Routes::new()
        .merge(organizations::routes())
        .merge(environments::routes())
        .merge(users::routes())
        .merge(connected_apps::routes())
        .merge(permissions::routes())
        .merge(audit::organization_routes())
        .merge(audit_search::organization_routes())
}

fn about_the_service() -> Routes<ManagerDoor> {
    Routes::new()
        .get(
            "/livez",
            door::livez,
            Operation::new("live", "Whether the process answers")
                .alone()
                .answers_text("It does."),
        )
        .get(
            "/readyz",
            readyz,
            Operation::new(
                "ready",
                "Whether the store answers too, and the audit log accepts entries",
            )
            .for_anybody()
            .answers_text("They do; a line for each audit sink says how it stands."),
        )
        .get(
            "/openapi.json",
            describe,
            Operation::new("describe", "This document")
                .alone()
                .answers_with(200, "OpenAPI 3.1.", Fields::open("The document.")),
        )
        .under("The service")
}

/// What all routes take and answer, in OpenAPI 3.1 as JSON. It says nothing of what is stored. `None`
/// if it cannot be written.
pub fn openapi() -> Option<&'static str> {
    static DOCUMENT: LazyLock<Option<String>> =
        LazyLock::new(|| document(routes()).to_pretty_json().ok());
    DOCUMENT.as_deref()
}

/// `GET /openapi.json`.
async fn describe() -> Response {
    let json = HeaderValue::from_static("application/json");
    match openapi() {
        Some(document) => ([(header::CONTENT_TYPE, json)], document).into_response(),
        None => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

async fn readyz(State(state): State<ManagerDoor>) -> Response {
    let mut reasons = Vec::new();
    if state.store.setting(Setting::TrustDomain).await.is_err() {
        reasons.push(Unready::Store);
    }
    reasons.extend(state.sinks.check().err().map(Unready::Audit));
    // Whoever comes to this door need not know whose gateways are let in at the other.
    door::readiness(&reasons, &state.sinks.standings(), &[])
}

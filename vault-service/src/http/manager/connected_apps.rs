//! Connected apps of an organization.

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::{delete, get, post};
use axum::{Json, Router};
use serde_json::{Value, json};

use super::super::body;
use super::ManagerDoor;
use super::authenticated::Authenticated;
use super::failure::OwnFailure;
use super::path::{Ids, InOrganization, OfMember};
use crate::clock;
use crate::manager::NewConnectedApp;
use crate::store::ActorRecord;

pub(super) fn routes() -> Router<ManagerDoor> {
    Router::new()
        .route("/connectedApps", get(list).post(create))
        .route("/connectedApps/{actor}", delete(remove))
        .route("/connectedApps/{actor}/secret", post(rotate))
}

async fn list(
    State(door): State<ManagerDoor>,
    Authenticated(caller): Authenticated,
    Ids(InOrganization { organization }): Ids<InOrganization>,
) -> Result<Json<Vec<Value>>, OwnFailure> {
    let apps = door
        .manager
        .connected_apps(&caller, organization, clock::now())
        .await?;
    Ok(Json(apps.iter().map(app_json).collect()))
}

async fn create(
    State(door): State<ManagerDoor>,
    Authenticated(caller): Authenticated,
    Ids(InOrganization { organization }): Ids<InOrganization>,
    headers: HeaderMap,
    request: Body,
) -> Result<(StatusCode, Json<Value>), OwnFailure> {
    let new: NewConnectedApp = body::json(&headers, request, body::MAX_BODY).await?;
    let hashing = door.accounts.hashing();
    let (id, secret) = door
        .manager
        .create_connected_app(&caller, organization, new, hashing, clock::now())
        .await?;
    Ok((
        StatusCode::CREATED,
        Json(json!({
            "message": "Connected app created",
            "id": id,
            "clientId": id,
            "clientSecret": secret.expose(),
        })),
    ))
}

async fn remove(
    State(door): State<ManagerDoor>,
    Authenticated(caller): Authenticated,
    Ids(ids): Ids<OfMember>,
) -> Result<StatusCode, OwnFailure> {
    door.manager
        .delete_connected_app(&caller, ids.organization, ids.actor, clock::now())
        .await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn rotate(
    State(door): State<ManagerDoor>,
    Authenticated(caller): Authenticated,
    Ids(ids): Ids<OfMember>,
) -> Result<Json<Value>, OwnFailure> {
    let hashing = door.accounts.hashing();
    let secret = door
        .manager
        .rotate_client_secret(&caller, ids.organization, ids.actor, hashing, clock::now())
        .await?;
    Ok(Json(
        json!({ "clientId": ids.actor, "clientSecret": secret.expose() }),
    ))
}

fn app_json(app: &ActorRecord) -> Value {
    json!({
        "id": app.id,
        "name": app.name,
        "administrator": app.administrator,
        "createdAt": clock::rfc3339(app.created_at),
    })
}

//! Environments of an organization.

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::get;
use axum::{Json, Router};
use serde_json::{Value, json};

use super::super::body;
use super::ManagerDoor;
use super::authenticated::Authenticated;
use super::failure::OwnFailure;
use super::path::{Ids, InOrganization, InScope};
use crate::clock;
use crate::manager::NewEnvironment;
use crate::store::EnvironmentRecord;

pub(super) fn routes() -> Router<ManagerDoor> {
    Router::new()
        .route("/environments", get(list).post(create))
        .route("/environments/{environment}", get(show))
}

async fn list(
    State(door): State<ManagerDoor>,
    Authenticated(caller): Authenticated,
    Ids(InOrganization { organization }): Ids<InOrganization>,
) -> Result<Json<Vec<Value>>, OwnFailure> {
    let environments = door
        .manager
        .environments(&caller, organization, clock::now())
        .await?;
    Ok(Json(environments.iter().map(environment_json).collect()))
}

async fn show(
    State(door): State<ManagerDoor>,
    Authenticated(caller): Authenticated,
    Ids(ids): Ids<InScope>,
) -> Result<Json<Value>, OwnFailure> {
    let environment = door
        .manager
        .environment(&caller, ids.scope(), clock::now())
        .await?;
    Ok(Json(environment_json(&environment)))
}

async fn create(
    State(door): State<ManagerDoor>,
    Authenticated(caller): Authenticated,
    Ids(InOrganization { organization }): Ids<InOrganization>,
    headers: HeaderMap,
    request: Body,
) -> Result<(StatusCode, Json<Value>), OwnFailure> {
    let new: NewEnvironment = body::json(&headers, request, body::MAX_BODY).await?;
    let id = door
        .manager
        .create_environment(&caller, organization, new, clock::now())
        .await?;
    Ok((
        StatusCode::CREATED,
        Json(json!({ "message": "Environment created", "id": id })),
    ))
}

fn environment_json(environment: &EnvironmentRecord) -> Value {
    json!({
        "id": environment.id,
        "name": environment.name,
        "production": environment.production,
    })
}

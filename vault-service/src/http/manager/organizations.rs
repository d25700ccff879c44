//! Organizations and business groups.

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
use super::path::{Ids, InOrganization};
use crate::clock;
use crate::manager::NewOrganization;
use crate::store::OrganizationRecord;

pub(super) fn root_routes() -> Router<ManagerDoor> {
    Router::new().route("/organizations", get(list))
}

pub(super) fn routes() -> Router<ManagerDoor> {
    Router::new()
        .route("/", get(show))
        .route("/organizations", axum::routing::post(create))
}

async fn list(
    State(door): State<ManagerDoor>,
    Authenticated(caller): Authenticated,
) -> Result<Json<Vec<Value>>, OwnFailure> {
    let organizations = door.manager.organizations(&caller).await?;
    Ok(Json(organizations.iter().map(organization_json).collect()))
}

async fn show(
    State(door): State<ManagerDoor>,
    Authenticated(caller): Authenticated,
    Ids(InOrganization { organization }): Ids<InOrganization>,
) -> Result<Json<Value>, OwnFailure> {
    let organization = door
        .manager
        .organization(&caller, organization, clock::now())
        .await?;
    Ok(Json(organization_json(&organization)))
}

async fn create(
    State(door): State<ManagerDoor>,
    Authenticated(caller): Authenticated,
    Ids(InOrganization { organization }): Ids<InOrganization>,
    headers: HeaderMap,
    request: Body,
) -> Result<(StatusCode, Json<Value>), OwnFailure> {
    let new: NewOrganization = body::json(&headers, request, body::MAX_BODY).await?;
    let id = door
        .manager
        .create_organization(&caller, organization, new, clock::now())
        .await?;
    Ok((
        StatusCode::CREATED,
        Json(json!({ "message": "Organization created", "id": id })),
    ))
}

fn organization_json(organization: &OrganizationRecord) -> Value {
    json!({
        "id": organization.id,
        "name": organization.name,
        "parent": organization.parent,
    })
}

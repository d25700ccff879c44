//! Cloning a group.

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use axum::{Json, Router};
use sallyport_model::Access;
use serde_json::{Value, json};

use super::super::body;
use super::ManagerDoor;
use super::authenticated::Authenticated;
use super::failure::OwnFailure;
use super::path::{Ids, InGroup};
use crate::clock;
use crate::manager::CloneRequest;

pub(super) fn routes() -> Router<ManagerDoor> {
    Router::new().route("/secretGroups/{group}/clone", post(clone))
}

async fn clone(
    State(door): State<ManagerDoor>,
    Authenticated(caller): Authenticated,
    Ids(ids): Ids<InGroup>,
    headers: HeaderMap,
    request: Body,
) -> Result<(StatusCode, Json<Value>), OwnFailure> {
    let now = clock::now();
    let group = door
        .manager
        .group(&caller, ids.scope(), ids.group, Access::Read, now)
        .await?;
    let request: CloneRequest = body::json(&headers, request, body::MAX_BODY).await?;
    let (id, secrets) = door
        .manager
        .clone_group(&caller, &group, request, now)
        .await?;
    let answer = json!({ "message": "Secret group cloned", "id": id, "secrets": secrets });
    Ok((StatusCode::CREATED, Json(answer)))
}

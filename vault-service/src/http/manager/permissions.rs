//! What actors are permitted in an organization.

use axum::body::Body;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::routing::get;
use axum::{Json, Router};

use super::super::body;
use super::ManagerDoor;
use super::authenticated::Authenticated;
use super::failure::OwnFailure;
use super::path::{Ids, OfMember};
use crate::clock;
use crate::manager::Permitted;

pub(super) fn routes() -> Router<ManagerDoor> {
    Router::new().route("/actors/{actor}/permissions", get(list).put(put))
}

async fn list(
    State(door): State<ManagerDoor>,
    Authenticated(caller): Authenticated,
    Ids(ids): Ids<OfMember>,
) -> Result<Json<Vec<Permitted>>, OwnFailure> {
    let permissions = door
        .manager
        .permissions(&caller, ids.organization, ids.actor, clock::now())
        .await?;
    Ok(Json(permissions))
}

async fn put(
    State(door): State<ManagerDoor>,
    Authenticated(caller): Authenticated,
    Ids(ids): Ids<OfMember>,
    headers: HeaderMap,
    request: Body,
) -> Result<Json<Vec<Permitted>>, OwnFailure> {
    let permissions = body::json(&headers, request, body::MAX_BODY).await?;
    let permissions = door
        .manager
        .put_permissions(
            &caller,
            ids.organization,
            ids.actor,
            permissions,
            clock::now(),
        )
        .await?;
    Ok(Json(permissions))
}

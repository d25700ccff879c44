//! Grants on a group.

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::{get, put};
use axum::{Json, Router};
use sallyport_model::Access;
use serde::Deserialize;
use serde_json::{Value, json};

use super::super::body;
use super::ManagerDoor;
use super::audit::kind_word;
use super::authenticated::Authenticated;
use super::failure::OwnFailure;
use super::path::{Ids, InGroup, OfGrant};
use crate::clock;
use crate::manager::Grantee;

pub(super) fn routes() -> Router<ManagerDoor> {
    Router::new()
        .route("/secretGroups/{group}/grants", get(list))
        .route(
            "/secretGroups/{group}/grants/{actor}",
            put(grant).delete(revoke),
        )
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Grant {
    access: Vec<Access>,
}

async fn list(
    State(door): State<ManagerDoor>,
    Authenticated(caller): Authenticated,
    Ids(ids): Ids<InGroup>,
) -> Result<Json<Vec<Value>>, OwnFailure> {
    let group = door
        .manager
        .group_to_grant(&caller, ids.scope(), ids.group, clock::now())
        .await?;
    Ok(Json(
        door.manager
            .grants(&group)
            .await?
            .iter()
            .map(grantee_json)
            .collect(),
    ))
}

async fn grant(
    State(door): State<ManagerDoor>,
    Authenticated(caller): Authenticated,
    Ids(ids): Ids<OfGrant>,
    headers: HeaderMap,
    request: Body,
) -> Result<Json<Value>, OwnFailure> {
    let now = clock::now();
    let group = door
        .manager
        .group_to_grant(&caller, ids.scope(), ids.group, now)
        .await?;
    let Grant { access } = body::json(&headers, request, body::MAX_BODY).await?;
    let grantee = door
        .manager
        .grant(&caller, &group, ids.actor, access, now)
        .await?;
    Ok(Json(grantee_json(&grantee)))
}

async fn revoke(
    State(door): State<ManagerDoor>,
    Authenticated(caller): Authenticated,
    Ids(ids): Ids<OfGrant>,
) -> Result<StatusCode, OwnFailure> {
    let now = clock::now();
    let group = door
        .manager
        .group_to_grant(&caller, ids.scope(), ids.group, now)
        .await?;
    door.manager.revoke(&caller, &group, ids.actor, now).await?;
    Ok(StatusCode::NO_CONTENT)
}

fn grantee_json(grantee: &Grantee) -> Value {
    json!({
        "actor": grantee.actor.id,
        "kind": kind_word(grantee.actor.kind),
        "name": grantee.actor.name,
        "access": grantee.access,
    })
}

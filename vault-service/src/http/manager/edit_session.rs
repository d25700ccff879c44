//! The lock of a secret group: an edit session of one holder.

use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::routing::post;
use axum::{Json, Router};
use sallyport_model::Access;
use serde::Deserialize;
use serde_json::{Value, json};

use super::ManagerDoor;
use super::authenticated::Authenticated;
use super::failure::{AnypointFailure, Failure};
use super::path::{Ids, InGroup};
use crate::clock;
use crate::manager::ManagerError;

pub(super) fn routes() -> Router<ManagerDoor> {
    Router::new().route(
        "/secretGroups/{group}/lock",
        post(open).get(show).delete(end),
    )
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "camelCase")]
enum Action {
    Finish,
    Cancel,
}

#[derive(Deserialize)]
struct End {
    action: Action,
}

async fn open(
    State(door): State<ManagerDoor>,
    Authenticated(caller): Authenticated,
    Ids(ids): Ids<InGroup>,
) -> Result<(StatusCode, Json<Value>), AnypointFailure> {
    let now = clock::now();
    let group = door
        .manager
        .group(&caller, ids.scope(), ids.group, Access::Write, now)
        .await?;
    let session = door.manager.open_edit_session(&caller, &group, now).await?;
    Ok((
        StatusCode::CREATED,
        Json(json!({
            "message": "Secret group locked",
            "lockedBy": session.holder_name,
            "lockedAt": clock::rfc3339(session.opened_at),
        })),
    ))
}

async fn show(
    State(door): State<ManagerDoor>,
    Authenticated(caller): Authenticated,
    Ids(ids): Ids<InGroup>,
) -> Result<Json<Value>, AnypointFailure> {
    let group = door
        .manager
        .group(&caller, ids.scope(), ids.group, Access::Read, clock::now())
        .await?;
    let (session, changes) = door.manager.staged(&group).await?;
    let changes: Vec<Value> = changes
        .iter()
        .map(|change| {
            json!({
                "action": change.action.as_str(),
                "collection": change.collection,
                "id": change.secret,
                "name": change.name,
            })
        })
        .collect();
    Ok(Json(json!({
        "lockedBy": session.holder_name,
        "lockedAt": clock::rfc3339(session.opened_at),
        "changes": changes,
    })))
}

async fn end(
    State(door): State<ManagerDoor>,
    Authenticated(caller): Authenticated,
    Ids(ids): Ids<InGroup>,
    action: Result<Query<End>, axum::extract::rejection::QueryRejection>,
) -> Result<Json<Value>, AnypointFailure> {
    let Query(End { action }) = action.map_err(|_| Failure::Query {
        parameters: "action=finish|cancel",
    })?;
    let now = clock::now();
    let holder = door
        .store
        .edit_session(ids.group)
        .await?
        .map(|session| session.holder);
    let access = match action {
        Action::Finish => Access::Write,
        Action::Cancel if holder == Some(caller.id) => Access::Write,
        Action::Cancel => Access::Manage,
    };
    let group = door
        .manager
        .group(&caller, ids.scope(), ids.group, access, now)
        .await?;
    match action {
        Action::Finish => {
            let changes = door
                .manager
                .finish_edit_session(&caller, &group, now)
                .await?;
            let message = "Secret group unlocked, its changes are published";
            Ok(Json(json!({ "message": message, "changes": changes })))
        }
        Action::Cancel => {
            let holder = holder.ok_or_else(|| ManagerError::NoSuch {
                what: "edit session",
                name: group.name.to_string(),
            })?;
            door.manager
                .cancel_edit_session(&caller, &group, holder, now)
                .await?;
            let message = "Secret group unlocked, its changes are dropped";
            Ok(Json(json!({ "message": message })))
        }
    }
}

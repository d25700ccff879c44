//! Secret groups.

use axum::body::Body;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::routing::get;
use axum::{Json, Router};
use sallyport_model::Access;
use serde::Deserialize;
use serde_json::{Value, json};

use super::super::body;
use super::ManagerDoor;
use super::authenticated::Authenticated;
use super::failure::{AnypointFailure, Failure};
use super::path::{Ids, InGroup, InScope};
use crate::clock;
use crate::manager::{GroupChange, NewGroup};
use crate::store::{EditSessionRecord, GroupRecord};

pub(super) fn routes() -> Router<ManagerDoor> {
    Router::new()
        .route("/secretGroups", get(list).post(create))
        .route(
            "/secretGroups/{group}",
            get(show).patch(change).delete(delete),
        )
}

#[derive(Deserialize)]
struct Filter {
    downloadable: Option<bool>,
}

async fn list(
    State(door): State<ManagerDoor>,
    Authenticated(caller): Authenticated,
    Ids(ids): Ids<InScope>,
    filter: Result<Query<Filter>, axum::extract::rejection::QueryRejection>,
) -> Result<Json<Vec<Value>>, AnypointFailure> {
    let Query(filter) = filter.map_err(|_| Failure::Query {
        parameters: "downloadable=true|false",
    })?;
    let groups = door
        .manager
        .groups(&caller, ids.scope(), clock::now())
        .await?;
    let wanted = |group: &&GroupRecord| {
        filter
            .downloadable
            .is_none_or(|flag| flag == group.downloadable)
    };
    let mut shown = Vec::new();
    for group in groups.iter().filter(wanted) {
        let session = door.manager.edit_session(group).await?;
        shown.push(group_json(group, session.as_ref()));
    }
    Ok(Json(shown))
}

async fn create(
    State(door): State<ManagerDoor>,
    Authenticated(caller): Authenticated,
    Ids(ids): Ids<InScope>,
    headers: HeaderMap,
    request: Body,
) -> Result<(StatusCode, Json<Value>), AnypointFailure> {
    let new: NewGroup = body::json(&headers, request, body::MAX_BODY).await?;
    let id = door
        .manager
        .create_group(&caller, ids.scope(), new, clock::now())
        .await?;
    Ok((
        StatusCode::CREATED,
        Json(json!({ "message": "Secret group created", "id": id })),
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
    let session = door.manager.edit_session(&group).await?;
    Ok(Json(group_json(&group, session.as_ref())))
}

async fn change(
    State(door): State<ManagerDoor>,
    Authenticated(caller): Authenticated,
    Ids(ids): Ids<InGroup>,
    headers: HeaderMap,
    request: Body,
) -> Result<Json<Value>, AnypointFailure> {
    let now = clock::now();
    let group = door
        .manager
        .group(&caller, ids.scope(), ids.group, Access::Manage, now)
        .await?;
    let change: GroupChange = body::json(&headers, request, body::MAX_BODY).await?;
    door.manager
        .change_group(&caller, group, change, now)
        .await?;
    Ok(Json(json!({ "message": "Secret group updated" })))
}

async fn delete(
    State(door): State<ManagerDoor>,
    Authenticated(caller): Authenticated,
    Ids(ids): Ids<InGroup>,
) -> Result<StatusCode, AnypointFailure> {
    let now = clock::now();
    let group = door
        .manager
        .group(&caller, ids.scope(), ids.group, Access::Manage, now)
        .await?;
    door.manager.delete_group(&caller, group, now).await?;
    Ok(StatusCode::NO_CONTENT)
}

fn group_json(group: &GroupRecord, session: Option<&EditSessionRecord>) -> Value {
    let mut meta = json!({
        "id": group.id,
        "createdAt": clock::rfc3339(group.created_at),
        "modifiedAt": clock::rfc3339(group.modified_at),
        "modifiedBy": group.modified_by,
        "locked": session.is_some(),
        // Finishing, cancelling and deleting are one step each: nobody ever sees them half done.
        "currentState": "Clear",
    });
    if let (Some(session), Some(meta)) = (session, meta.as_object_mut()) {
        meta.insert("lockedBy".to_owned(), json!(session.holder_name));
    }
    json!({ "name": group.name, "downloadable": group.downloadable, "meta": meta })
}

//! Users of an organization.

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::{delete, get, put};
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::{Value, json};

use super::super::body;
use super::ManagerDoor;
use super::authenticated::Authenticated;
use super::failure::OwnFailure;
use super::path::{Ids, InOrganization, OfMember};
use crate::accounts::NewPassword;
use crate::clock;
use crate::manager::NewUser;
use crate::store::ActorRecord;

pub(super) fn routes() -> Router<ManagerDoor> {
    Router::new()
        .route("/users", get(list).post(create))
        .route("/users/{actor}", delete(remove))
        .route("/users/{actor}/password", put(change_password))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PasswordChange {
    password: NewPassword,
}

async fn list(
    State(door): State<ManagerDoor>,
    Authenticated(caller): Authenticated,
    Ids(InOrganization { organization }): Ids<InOrganization>,
) -> Result<Json<Vec<Value>>, OwnFailure> {
    let users = door
        .manager
        .users(&caller, organization, clock::now())
        .await?;
    Ok(Json(users.iter().map(user_json).collect()))
}

async fn create(
    State(door): State<ManagerDoor>,
    Authenticated(caller): Authenticated,
    Ids(InOrganization { organization }): Ids<InOrganization>,
    headers: HeaderMap,
    request: Body,
) -> Result<(StatusCode, Json<Value>), OwnFailure> {
    let new: NewUser = body::json(&headers, request, body::MAX_BODY).await?;
    let hashing = door.accounts.hashing();
    let id = door
        .manager
        .create_user(&caller, organization, new, hashing, clock::now())
        .await?;
    Ok((
        StatusCode::CREATED,
        Json(json!({ "message": "User created", "id": id })),
    ))
}

async fn remove(
    State(door): State<ManagerDoor>,
    Authenticated(caller): Authenticated,
    Ids(ids): Ids<OfMember>,
) -> Result<StatusCode, OwnFailure> {
    door.manager
        .delete_user(&caller, ids.organization, ids.actor, clock::now())
        .await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn change_password(
    State(door): State<ManagerDoor>,
    Authenticated(caller): Authenticated,
    Ids(ids): Ids<OfMember>,
    headers: HeaderMap,
    request: Body,
) -> Result<StatusCode, OwnFailure> {
    let PasswordChange { password } = body::json(&headers, request, body::MAX_BODY).await?;
    let hashing = door.accounts.hashing();
    door.manager
        .change_password(
            &caller,
            ids.organization,
            ids.actor,
            password,
            hashing,
            clock::now(),
        )
        .await?;
    Ok(StatusCode::NO_CONTENT)
}

fn user_json(user: &ActorRecord) -> Value {
    json!({
        "id": user.id,
        "username": user.name,
        "administrator": user.administrator,
        "createdAt": clock::rfc3339(user.created_at),
    })
}

//! What the caller is.

use axum::extract::State;
use axum::routing::get;
use axum::{Json, Router};
use serde_json::{Value, json};

use super::ManagerDoor;
use super::audit::kind_word;
use super::authenticated::Authenticated;
use super::failure::OwnFailure;

pub(super) fn routes() -> Router<ManagerDoor> {
    Router::new().route("/me", get(me))
}

async fn me(
    State(door): State<ManagerDoor>,
    Authenticated(caller): Authenticated,
) -> Result<Json<Value>, OwnFailure> {
    let organizations = door.manager.organizations(&caller).await?;
    let name = organizations
        .iter()
        .find(|organization| organization.id == caller.organization)
        .map(|organization| &organization.name);
    let permissions: Vec<Value> = door
        .manager
        .own_permissions(&caller)
        .await?
        .iter()
        .map(|record| {
            json!({
                "permission": record.permission,
                "organization": record.organization,
                "environment": record.environment,
            })
        })
        .collect();
    Ok(Json(json!({
        "id": caller.id,
        "kind": kind_word(caller.kind),
        "name": caller.name,
        "organization": { "id": caller.organization, "name": name },
        "administrator": caller.administrator,
        "permissions": permissions,
    })))
}

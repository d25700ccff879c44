//! Who uses a secret.

use axum::extract::State;
use axum::routing::get;
use axum::{Json, Router};
use sallyport_model::Access;
use serde_json::{Value, json};

use super::ManagerDoor;
use super::authenticated::Authenticated;
use super::failure::OwnFailure;
use super::path::{Ids, OfSecret};
use super::secrets::path;
use super::upload::served;
use crate::clock;
use crate::manager::SecretUser;

pub(super) fn routes() -> Router<ManagerDoor> {
    Router::new().route(
        "/secretGroups/{group}/{collection}/{secret}/users",
        get(list),
    )
}

async fn list(
    State(door): State<ManagerDoor>,
    Authenticated(caller): Authenticated,
    Ids(ids): Ids<OfSecret>,
) -> Result<Json<Value>, OwnFailure> {
    let collection = served(&ids.collection)?;
    let group = door
        .manager
        .group(&caller, ids.scope(), ids.group, Access::Read, clock::now())
        .await?;
    let seen = door.manager.seen_by(&caller, &group).await?;
    let used = seen.where_used(&group, collection, ids.secret).await?;
    let secrets: Vec<Value> = used
        .secrets
        .iter()
        .map(|user| {
            let mut shown = user_json(user);
            let labels: Vec<_> = user.labels.iter().map(|label| label.as_str()).collect();
            if let Some(fields) = shown.as_object_mut() {
                fields.insert("labels".to_owned(), json!(labels));
            }
            shown
        })
        .collect();
    let gateways: Vec<Value> = used
        .gateways
        .iter()
        .map(|gateway| json!({ "id": gateway.id, "name": gateway.name }))
        .collect();
    Ok(Json(json!({ "secrets": secrets, "gateways": gateways })))
}

/// A secret that refers to another.
pub(super) fn user_json(user: &SecretUser) -> Value {
    json!({
        "collection": user.secret.collection,
        "id": user.secret.id,
        "name": user.secret.name,
        "path": path(&user.secret),
    })
}

//! Secrets of every kind: one set of routes, the kind is the path segment.

use axum::extract::{Query, Request, State};
use axum::http::StatusCode;
use axum::routing::get;
use axum::{Json, Router};
use sallyport_model::{Access, Collection};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::ManagerDoor;
use super::authenticated::Authenticated;
use super::failure::AnypointFailure;
use super::path::{Ids, InCollection, OfSecret};
use super::upload::{draft, served};
use crate::clock;
use crate::manager::Metadata;
use crate::store::{SecretRecord, VersionRecord};

pub(super) fn routes() -> Router<ManagerDoor> {
    Router::new()
        .route("/secretGroups/{group}/{collection}", get(list).post(create))
        .route(
            "/secretGroups/{group}/{collection}/{secret}",
            get(show).put(replace),
        )
}

#[derive(Deserialize)]
struct Filter {
    #[serde(rename = "type")]
    kind: Option<String>,
}

async fn list(
    State(door): State<ManagerDoor>,
    Authenticated(caller): Authenticated,
    Ids(ids): Ids<InCollection>,
    Query(filter): Query<Filter>,
) -> Result<Json<Vec<Value>>, AnypointFailure> {
    let collection = served(&ids.collection)?;
    let group = door
        .manager
        .group(&caller, ids.scope(), ids.group, Access::Read, clock::now())
        .await?;
    let secrets = door.manager.secrets(&group, collection).await?;
    let wanted = |metadata: &Metadata| match &filter.kind {
        Some(kind) => metadata.shown.get("type").and_then(Value::as_str) == Some(kind),
        None => true,
    };
    let summaries = secrets
        .iter()
        .filter(|(_, _, metadata)| wanted(metadata))
        .map(|(secret, version, metadata)| summary(secret, version, metadata))
        .collect();
    Ok(Json(summaries))
}

async fn create(
    State(door): State<ManagerDoor>,
    Authenticated(caller): Authenticated,
    Ids(ids): Ids<InCollection>,
    request: Request,
) -> Result<(StatusCode, Json<Value>), AnypointFailure> {
    let collection = served(&ids.collection)?;
    let now = clock::now();
    let group = door
        .manager
        .group(&caller, ids.scope(), ids.group, Access::Write, now)
        .await?;
    let draft = draft(&door.manager, &group, collection, request, now).await?;
    let id = door
        .manager
        .create_secret(&caller, &group, collection, draft, now)
        .await?;
    let message = format!("{} created", capitalised(collection));
    Ok((
        StatusCode::CREATED,
        Json(json!({ "message": message, "id": id })),
    ))
}

async fn show(
    State(door): State<ManagerDoor>,
    Authenticated(caller): Authenticated,
    Ids(ids): Ids<OfSecret>,
) -> Result<Json<Value>, AnypointFailure> {
    let collection = served(&ids.collection)?;
    let group = door
        .manager
        .group(&caller, ids.scope(), ids.group, Access::Read, clock::now())
        .await?;
    let (secret, version, metadata) = door.manager.secret(&group, collection, ids.secret).await?;
    Ok(Json(details(&secret, &version, metadata)))
}

async fn replace(
    State(door): State<ManagerDoor>,
    Authenticated(caller): Authenticated,
    Ids(ids): Ids<OfSecret>,
    request: Request,
) -> Result<Json<Value>, AnypointFailure> {
    let collection = served(&ids.collection)?;
    let now = clock::now();
    let group = door
        .manager
        .group(&caller, ids.scope(), ids.group, Access::Write, now)
        .await?;
    let draft = draft(&door.manager, &group, collection, request, now).await?;
    door.manager
        .replace_secret(&caller, &group, collection, ids.secret, draft, now)
        .await?;
    Ok(Json(
        json!({ "message": format!("{} updated", capitalised(collection)) }),
    ))
}

fn summary(secret: &SecretRecord, version: &VersionRecord, metadata: &Metadata) -> Value {
    let mut fields = common(secret, version);
    for field in ["type", "target"] {
        if let Some(value) = metadata.shown.get(field) {
            fields.insert(field.to_owned(), value.clone());
        }
    }
    Value::Object(fields)
}

fn details(secret: &SecretRecord, version: &VersionRecord, metadata: Metadata) -> Value {
    let mut fields = common(secret, version);
    fields.extend(metadata.shown);
    Value::Object(fields)
}

fn common(secret: &SecretRecord, version: &VersionRecord) -> Map<String, Value> {
    let mut fields = Map::new();
    fields.insert("name".to_owned(), json!(secret.name));
    if let Some(date) = &version.expiration_date {
        fields.insert("expirationDate".to_owned(), json!(date));
    }
    let path = format!("{}/{}", secret.collection, secret.id);
    fields.insert("meta".to_owned(), json!({ "id": secret.id, "path": path }));
    fields
}

fn capitalised(collection: Collection) -> String {
    let word = collection.singular();
    let mut characters = word.chars();
    characters
        .next()
        .map(|first| first.to_uppercase().chain(characters).collect())
        .unwrap_or_default()
}

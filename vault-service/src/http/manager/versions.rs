//! Versions of a secret.

use axum::body::{Body, HttpBody as _};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::IntoResponse;
use axum::routing::{delete, get, post};
use axum::{Json, Router};
use sallyport_model::Access;
use serde::Deserialize;
use serde_json::{Value, json};

use super::super::body;
use super::ManagerDoor;
use super::authenticated::Authenticated;
use super::failure::OwnFailure;
use super::if_match::{etag, target};
use super::path::{Ids, OfSecret, OfVersion};
use super::secrets::{capitalised, details, warnings, with_warnings};
use super::upload::{draft, served};
use crate::clock;
use crate::store::{Label, SecretRecord, VersionRecord};

pub(super) fn routes() -> Router<ManagerDoor> {
    const SECRET: &str = "/secretGroups/{group}/{collection}/{secret}";
    Router::new()
        .route(&format!("{SECRET}/versions"), get(list).post(put_pending))
        .route(&format!("{SECRET}/versions/{{version}}"), get(show))
        .route(&format!("{SECRET}/promote"), post(promote))
        .route(&format!("{SECRET}/pending"), delete(drop_pending))
        .route(&format!("{SECRET}/rollback"), post(roll_back))
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Rollback {
    version: Option<u64>,
}

async fn list(
    State(door): State<ManagerDoor>,
    Authenticated(caller): Authenticated,
    Ids(ids): Ids<OfSecret>,
) -> Result<impl IntoResponse, OwnFailure> {
    let collection = served(&ids.collection)?;
    let group = door
        .manager
        .group(&caller, ids.scope(), ids.group, Access::Read, clock::now())
        .await?;
    let seen = door.manager.seen_by(&caller, &group).await?;
    let (secret, versions) = seen.versions(&group, collection, ids.secret).await?;
    let versions: Vec<Value> = versions
        .iter()
        .map(|version| {
            json!({
                "number": version.number,
                "labels": labels(&secret, version),
                "createdAt": clock::rfc3339(version.created_at),
                "createdBy": version.created_by,
                "expirationDate": version.expiration_date,
            })
        })
        .collect();
    Ok((etag(secret.current), Json(versions)))
}

async fn show(
    State(door): State<ManagerDoor>,
    Authenticated(caller): Authenticated,
    Ids(ids): Ids<OfVersion>,
) -> Result<Json<Value>, OwnFailure> {
    let collection = served(&ids.collection)?;
    let group = door
        .manager
        .group(&caller, ids.scope(), ids.group, Access::Read, clock::now())
        .await?;
    let seen = door.manager.seen_by(&caller, &group).await?;
    let (secret, version, metadata) = seen
        .version(&group, collection, ids.secret, ids.version)
        .await?;
    let mut shown = details(&secret, &version, metadata);
    if let Some(fields) = shown.as_object_mut() {
        fields.insert("labels".to_owned(), json!(labels(&secret, &version)));
    }
    Ok(Json(shown))
}

async fn put_pending(
    State(door): State<ManagerDoor>,
    Authenticated(caller): Authenticated,
    Ids(ids): Ids<OfSecret>,
    request: Request,
) -> Result<(StatusCode, Json<Value>), OwnFailure> {
    let collection = served(&ids.collection)?;
    let target = target(ids.secret, request.headers())?;
    let now = clock::now();
    let group = door
        .manager
        .group(&caller, ids.scope(), ids.group, Access::Write, now)
        .await?;
    let draft = draft(&door.manager, &group, collection, request, now).await?;
    let warnings = warnings(&draft, now);
    let version = door
        .manager
        .put_pending(&caller, &group, collection, target, draft, now)
        .await?;
    let what = capitalised(collection);
    let message = format!("{what}: version {version} is pending");
    let answer = json!({ "message": message, "version": version });
    Ok((StatusCode::CREATED, with_warnings(answer, warnings)))
}

async fn promote(
    State(door): State<ManagerDoor>,
    Authenticated(caller): Authenticated,
    Ids(ids): Ids<OfSecret>,
    headers: HeaderMap,
) -> Result<impl IntoResponse, OwnFailure> {
    let collection = served(&ids.collection)?;
    let target = target(ids.secret, &headers)?;
    let now = clock::now();
    let group = door
        .manager
        .group(&caller, ids.scope(), ids.group, Access::Write, now)
        .await?;
    let version = door
        .manager
        .promote(&caller, &group, collection, target, now)
        .await?;
    Ok((
        etag(version),
        moved(&capitalised(collection), version, "promoted"),
    ))
}

async fn drop_pending(
    State(door): State<ManagerDoor>,
    Authenticated(caller): Authenticated,
    Ids(ids): Ids<OfSecret>,
    headers: HeaderMap,
) -> Result<StatusCode, OwnFailure> {
    let collection = served(&ids.collection)?;
    let target = target(ids.secret, &headers)?;
    let now = clock::now();
    let group = door
        .manager
        .group(&caller, ids.scope(), ids.group, Access::Write, now)
        .await?;
    door.manager
        .drop_pending(&caller, &group, collection, target, now)
        .await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn roll_back(
    State(door): State<ManagerDoor>,
    Authenticated(caller): Authenticated,
    Ids(ids): Ids<OfSecret>,
    headers: HeaderMap,
    request: Body,
) -> Result<impl IntoResponse, OwnFailure> {
    let collection = served(&ids.collection)?;
    let target = target(ids.secret, &headers)?;
    let now = clock::now();
    let group = door
        .manager
        .group(&caller, ids.scope(), ids.group, Access::Write, now)
        .await?;
    // Without a body: to the previous version.
    let Rollback { version } = match request.is_end_stream() {
        true => Rollback::default(),
        false => body::json(&headers, request, body::MAX_BODY).await?,
    };
    let version = door
        .manager
        .roll_back(&caller, &group, collection, target, version, now)
        .await?;
    Ok((
        etag(version),
        moved(&capitalised(collection), version, "current again"),
    ))
}

fn moved(what: &str, version: u64, how: &str) -> Json<Value> {
    let message = format!("{what}: version {version} is {how}");
    Json(json!({ "message": message, "version": version }))
}

fn labels(secret: &SecretRecord, version: &VersionRecord) -> Vec<&'static str> {
    let label = secret.label(version.number);
    label.map(Label::as_str).into_iter().collect()
}

//! Versions of a secret.

use axum::Json;
use axum::body::{Body, HttpBody as _};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::IntoResponse;
use sallyport_model::Collection;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::ToSchema;

use super::super::body;
use super::super::openapi::kinds::{showing_details, taking_upload};
use super::super::openapi::{Day, Fields, HttpMethod, LabelWord, Moment, Routes, number};
use super::ManagerDoor;
use super::failure::OwnFailure;
use super::if_match::{etag, target};
use super::path::{OfSecret, OfVersion};
use super::secrets::{capitalised, details, operation, warnings};
use super::upload::draft;
use super::within::{Read, Within, Write};
use crate::clock;
use crate::manager::Moved;
use crate::store::{Label, SecretRecord, VersionRecord};

pub(super) fn routes() -> Routes<ManagerDoor> {
    use HttpMethod::{Delete, Get, Post};
    const VERSIONS: &str = "/secretGroups/{group}/{collection}/{secret}/versions";
    const VERSION: &str = "/secretGroups/{group}/{collection}/{secret}/versions/{version}";
    const PROMOTE: &str = "/secretGroups/{group}/{collection}/{secret}/promote";
    const PENDING: &str = "/secretGroups/{group}/{collection}/{secret}/pending";
    const ROLLBACK: &str = "/secretGroups/{group}/{collection}/{secret}/rollback";
    Routes::new()
        .on_each(Get, VERSIONS, list, |kind| {
            operation("listVersionsOf", kind, "List the versions of a")
                .answers_list::<VersionSummary>("The versions, newest first.")
                .tagged()
        })
        .on_each(Post, VERSIONS, put_pending, |kind| {
            taking_upload(
                operation("putPendingVersionOf", kind, "Put a pending version of a"),
                kind,
            )
            .if_match()
            .answers::<NumberedVersion>(201, "It is pending.")
        })
        .on_each(Get, VERSION, show, |kind| {
            showing_details(
                operation("showVersionOf", kind, "Show a version of a"),
                kind,
            )
        })
        .on_each(Post, PROMOTE, promote, |kind| {
            operation("promote", kind, "Make the pending version current of a")
                .if_match()
                .answers::<NumberedVersion>(200, "It is current.")
                .tagged()
        })
        .on_each(Delete, PENDING, drop_pending, |kind| {
            operation(
                "dropPendingVersionOf",
                kind,
                "Drop the pending version of a",
            )
            .if_match()
            .answers_nothing("There is none now.")
        })
        .on_each(Post, ROLLBACK, roll_back, |kind| {
            let version = number("The version; the previous one if absent.", 1, i64::MAX);
            operation("rollBack", kind, "Make an older version current of a")
                .if_match()
                .optional_json(Fields::only("").may("version", version))
                .answers::<NumberedVersion>(200, "It is current again.")
                .tagged()
        })
        .under("Versions")
}

/// A version of a secret.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct VersionSummary {
    /// Counts from 1.
    #[schema(minimum = 1)]
    number: u64,
    #[schema(value_type = Vec<LabelWord>)]
    labels: Vec<&'static str>,
    #[schema(value_type = Moment)]
    created_at: String,
    /// Name of who put it there.
    created_by: String,
    #[schema(value_type = Option<Day>)]
    expiration_date: Option<String>,
}

/// A version that waits to be promoted, or is current now.
///
/// Warnings are absent if there are none.
#[derive(Serialize, ToSchema)]
struct NumberedVersion {
    /// For people.
    message: String,
    /// Its number.
    version: u64,
    /// What the writer should know, such as a date that is near, or pins that are gone.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    warnings: Vec<String>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Rollback {
    version: Option<u64>,
}

async fn list(
    State(door): State<ManagerDoor>,
    at: Within<Read, OfSecret>,
) -> Result<impl IntoResponse, OwnFailure> {
    let seen = door.manager.seen_by(&at.caller, &at.group).await?;
    let (secret, versions) = seen
        .versions(&at.group, at.collection, at.ids.secret)
        .await?;
    let versions: Vec<_> = versions
        .iter()
        .map(|version| VersionSummary {
            number: version.number,
            labels: labels(&secret, version),
            created_at: clock::rfc3339(version.created_at),
            created_by: version.created_by.clone(),
            expiration_date: version.expiration_date.clone(),
        })
        .collect();
    Ok((etag(secret.current), Json(versions)))
}

async fn show(
    State(door): State<ManagerDoor>,
    at: Within<Read, OfVersion>,
) -> Result<Json<Value>, OwnFailure> {
    let seen = door.manager.seen_by(&at.caller, &at.group).await?;
    let (secret, version, metadata) = seen
        .version(&at.group, at.collection, at.ids.secret, at.ids.version)
        .await?;
    let mut shown = details(&secret, &version, metadata);
    if let Some(fields) = shown.as_object_mut() {
        fields.insert("labels".to_owned(), json!(labels(&secret, &version)));
    }
    Ok(Json(shown))
}

async fn put_pending(
    State(door): State<ManagerDoor>,
    at: Within<Write, OfSecret>,
    request: Request,
) -> Result<(StatusCode, Json<NumberedVersion>), OwnFailure> {
    let target = target(at.ids.secret, request.headers())?;
    let draft = draft(&door.manager, &at.group, at.collection, request, at.now).await?;
    let mut warnings = warnings(&draft, at.now);
    let (manager, id) = (&door.manager, at.ids.secret);
    let lost = manager.lost_by(&at.group, at.collection, id, &draft);
    warnings.extend(lost.await?);
    let version = door
        .manager
        .put_pending(&at.caller, &at.group, at.collection, target, draft, at.now)
        .await?;
    let what = capitalised(at.collection);
    let message = format!("{what}: version {version} is pending");
    let pending = NumberedVersion {
        message,
        version,
        warnings,
    };
    Ok((StatusCode::CREATED, Json(pending)))
}

async fn promote(
    State(door): State<ManagerDoor>,
    at: Within<Write, OfSecret>,
    headers: HeaderMap,
) -> Result<impl IntoResponse, OwnFailure> {
    let target = target(at.ids.secret, &headers)?;
    let promoted = door
        .manager
        .promote(&at.caller, &at.group, at.collection, target, at.now)
        .await?;
    Ok(moved(at.collection, promoted, "promoted"))
}

async fn drop_pending(
    State(door): State<ManagerDoor>,
    at: Within<Write, OfSecret>,
    headers: HeaderMap,
) -> Result<StatusCode, OwnFailure> {
    let target = target(at.ids.secret, &headers)?;
    door.manager
        .drop_pending(&at.caller, &at.group, at.collection, target, at.now)
        .await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn roll_back(
    State(door): State<ManagerDoor>,
    at: Within<Write, OfSecret>,
    headers: HeaderMap,
    request: Body,
) -> Result<impl IntoResponse, OwnFailure> {
    let target = target(at.ids.secret, &headers)?;
    // Without a body: to the previous version.
    let Rollback { version } = match request.is_end_stream() {
        true => Rollback::default(),
        false => body::json(&headers, request, body::MAX_BODY).await?,
    };
    let rolled_back = door
        .manager
        .roll_back(
            &at.caller,
            &at.group,
            at.collection,
            target,
            version,
            at.now,
        )
        .await?;
    Ok(moved(at.collection, rolled_back, "current again"))
}

fn moved(collection: Collection, moved: Moved, how: &str) -> impl IntoResponse + use<> {
    let Moved { number, warnings } = moved;
    let what = capitalised(collection);
    let version = NumberedVersion {
        message: format!("{what}: version {number} is {how}"),
        version: number,
        warnings,
    };
    (etag(number), Json(version))
}

fn labels(secret: &SecretRecord, version: &VersionRecord) -> Vec<&'static str> {
    let label = secret.label(version.number);
    label.map(Label::as_str).into_iter().collect()
}

//! Secrets of every kind: one set of routes, the kind is the path segment.

use axum::Json;
use axum::body::Body;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, Request, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use sallyport_model::{Access, Collection};
use sallyport_pki::UnixTime;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::super::body;
use super::super::openapi::kinds::{
    listing, noun, showing_details, taking_change, taking_upload, types,
};
use super::super::openapi::{Created, HttpMethod, Message, Operation, Routes, flag, word};
use super::ManagerDoor;
use super::failure::{AnypointFailure, Failure};
use super::if_match::{etag, target};
use super::path::{InCollection, OfSecret};
use super::rollout::in_use;
use super::upload::draft;
use super::within::{Read, Within, Write};
use crate::manager::{Draft, Metadata, SecretChange};
use crate::store::{SecretRecord, Users, VersionRecord};

pub(super) fn routes() -> Routes<ManagerDoor> {
    use HttpMethod::{Delete, Get, Patch, Post, Put};
    const ALL: &str = "/secretGroups/{group}/{collection}";
    const ONE: &str = "/secretGroups/{group}/{collection}/{secret}";
    Routes::new()
        .on_each(Get, ALL, list, |kind| {
            let operation = operation("list", kind, "List all that a group has: every");
            let operation = match types(kind) {
                Some(types) => operation.query("type", word(types.iter().copied())),
                None => operation,
            };
            listing(operation, kind)
        })
        .on_each(Post, ALL, create, |kind| {
            let operation = operation("create", kind, "Make a");
            taking_upload(operation, kind).answers::<Created>(201, "It was made.")
        })
        .on_each(Get, ONE, show, |kind| {
            let operation = operation("show", kind, "Show what may be known of a");
            showing_details(operation, kind).tagged()
        })
        .on_each(Put, ONE, replace, |kind| {
            let operation = operation("replace", kind, "Make a new version of a");
            taking_upload(operation, kind)
                .if_match()
                .answers::<Message>(200, "It was replaced.")
                .tagged()
        })
        .on_each(Patch, ONE, change, |kind| {
            taking_change(operation("change", kind, "Change name or date of a"), kind)
                .if_match()
                .answers::<Message>(200, "It was changed.")
                .tagged()
        })
        .on_each(Delete, ONE, delete, |kind| {
            let force = "Whether it is deleted even if others refer to it; needs manage.";
            operation("delete", kind, "Delete a")
                .if_match()
                .query("force", flag(force).default(Some(false.into())))
                .answers_nothing("It is gone.")
                .answers::<Message>(200, "It is gone, and was in use: the warnings say by whom.")
        })
        .under("Secrets")
}

/// The operation of a verb on a kind of secret.
pub(super) fn operation(verb: &str, kind: Collection, summary: &str) -> Operation {
    let noun = noun(kind);
    let id = match verb {
        "list" => format!("{verb}{noun}s"),
        _ => format!("{verb}{noun}"),
    };
    Operation::new(id, format!("{summary} {}", kind.singular()))
}

#[derive(Deserialize)]
struct Filter {
    #[serde(rename = "type")]
    kind: Option<String>,
}

impl Filter {
    /// Whether secrets of this kind can be of the type; a kind without types takes no notice.
    fn fits(&self, collection: Collection) -> bool {
        match (&self.kind, types(collection)) {
            (Some(kind), Some(types)) => types.contains(&kind.as_str()),
            _ => true,
        }
    }
}

#[derive(Deserialize)]
struct Deletion {
    #[serde(default)]
    force: bool,
}

async fn list(
    State(door): State<ManagerDoor>,
    at: Within<Read, InCollection>,
    filter: Result<Query<Filter>, QueryRejection>,
) -> Result<Json<Vec<Value>>, AnypointFailure> {
    let filter = filter
        .ok()
        .map(|Query(filter)| filter)
        .filter(|filter| filter.fits(at.collection))
        .ok_or(Failure::Query {
            parameters: "type=<one of the types of this kind>",
        })?;
    let seen = door.manager.seen_by(&at.caller, &at.group).await?;
    let secrets = seen.secrets(&at.group, at.collection).await?;
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
    at: Within<Write, InCollection>,
    request: Request,
) -> Result<(StatusCode, Json<Created>), AnypointFailure> {
    let seen = door.manager.seen_by(&at.caller, &at.group).await?;
    let draft = draft(&seen, &at.group, at.collection, request, at.now).await?;
    let warnings = warnings(&draft, at.now);
    let id = seen
        .create_secret(&at.caller, &at.group, at.collection, draft, at.now)
        .await?;
    let message = format!("{} created", capitalised(at.collection));
    let created = Created {
        warnings,
        ..Created::new(message, id)
    };
    Ok((StatusCode::CREATED, Json(created)))
}

async fn show(
    State(door): State<ManagerDoor>,
    at: Within<Read, OfSecret>,
) -> Result<impl IntoResponse, AnypointFailure> {
    let seen = door.manager.seen_by(&at.caller, &at.group).await?;
    let (secret, version, metadata) = seen.secret(&at.group, at.collection, at.ids.secret).await?;
    let details = details(&secret, &version, metadata);
    Ok((etag(version.number), Json(details)))
}

async fn replace(
    State(door): State<ManagerDoor>,
    at: Within<Write, OfSecret>,
    request: Request,
) -> Result<impl IntoResponse, AnypointFailure> {
    let target = target(at.ids.secret, request.headers())?;
    let seen = door.manager.seen_by(&at.caller, &at.group).await?;
    let draft = draft(&seen, &at.group, at.collection, request, at.now).await?;
    let mut warnings = warnings(&draft, at.now);
    let lost = seen.lost_by(&at.group, at.collection, at.ids.secret, &draft);
    warnings.extend(lost.await?);
    let version = seen
        .replace_secret(&at.caller, &at.group, at.collection, target, draft, at.now)
        .await?;
    Ok((etag(version), updated(at.collection, warnings)))
}

async fn change(
    State(door): State<ManagerDoor>,
    at: Within<Write, OfSecret>,
    headers: HeaderMap,
    request: Body,
) -> Result<impl IntoResponse, AnypointFailure> {
    let target = target(at.ids.secret, &headers)?;
    let change: SecretChange = body::json(&headers, request, body::MAX_BODY).await?;
    if change.changes_pins() && at.collection == Collection::CertificatePinsets {
        let seen = door.manager.seen_by(&at.caller, &at.group).await?;
        let retires = change.retires_pins();
        let (draft, target) = seen.repinned(&at.group, target, change, at.now).await?;
        let mut warnings = warnings(&draft, at.now);
        if retires {
            let what = "will refuse peers whose pins are retired";
            warnings.extend(in_use(&door, &at, what).await?);
        }
        let version = seen
            .replace_secret(&at.caller, &at.group, at.collection, target, draft, at.now)
            .await?;
        return Ok((etag(version), updated(at.collection, warnings)));
    }
    let warnings = change.expiry_warning(at.now).into_iter().collect();
    let version = door
        .manager
        .change_secret(&at.caller, &at.group, at.collection, target, change, at.now)
        .await?;
    Ok((etag(version), updated(at.collection, warnings)))
}

async fn delete(
    State(door): State<ManagerDoor>,
    at: Within<Write, OfSecret>,
    headers: HeaderMap,
    deletion: Result<Query<Deletion>, QueryRejection>,
) -> Result<Response, AnypointFailure> {
    let Query(Deletion { force }) = deletion.map_err(|_| Failure::Query {
        parameters: "force=true|false",
    })?;
    let target = target(at.ids.secret, &headers)?;
    let users = match force {
        false => Users::Refuse,
        true => {
            door.manager
                .group(
                    &at.caller,
                    at.ids.scope(),
                    at.ids.group,
                    Access::Manage,
                    at.now,
                )
                .await?;
            Users::Ignore
        }
    };
    let warnings = in_use(&door, &at, "has to drop it").await?;
    door.manager
        .delete_secret(&at.caller, &at.group, at.collection, target, users, at.now)
        .await?;
    if warnings.is_empty() {
        return Ok(StatusCode::NO_CONTENT.into_response());
    }
    let message = format!("{} deleted", capitalised(at.collection)).into();
    Ok(Json(Message { message, warnings }).into_response())
}

/// What the writer should know of what it wrote.
pub(super) fn warnings(draft: &Draft, now: UnixTime) -> Vec<String> {
    let mut warnings = draft.warnings().to_vec();
    warnings.extend(draft.expiry_warnings(now));
    warnings
}

fn updated(collection: Collection, warnings: Vec<String>) -> Json<Message> {
    let message = format!("{} updated", capitalised(collection)).into();
    Json(Message { message, warnings })
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

/// Everything that may be shown of a version.
pub(super) fn details(secret: &SecretRecord, version: &VersionRecord, metadata: Metadata) -> Value {
    let mut fields = common(secret, version);
    fields.insert("version".to_owned(), json!(version.number));
    fields.extend(metadata.shown);
    Value::Object(fields)
}

fn common(secret: &SecretRecord, version: &VersionRecord) -> Map<String, Value> {
    let mut fields = Map::new();
    fields.insert("name".to_owned(), json!(secret.name));
    if let Some(date) = &version.expiration_date {
        fields.insert("expirationDate".to_owned(), json!(date));
    }
    fields.insert(
        "meta".to_owned(),
        json!({ "id": secret.id, "path": path(secret) }),
    );
    fields
}

/// How others of its group refer to a secret.
pub(super) fn path(secret: &SecretRecord) -> String {
    format!("{}/{}", secret.collection, secret.id)
}

pub(super) fn capitalised(collection: Collection) -> String {
    let word = collection.singular();
    let mut characters = word.chars();
    characters
        .next()
        .map(|first| first.to_uppercase().chain(characters).collect())
        .unwrap_or_default()
}

//! Connected apps of an organization.

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use sallyport_model::ActorId;
use serde::Serialize;
use utoipa::ToSchema;

use super::super::body;
use super::super::openapi::{Fields, Id, Moment, NameText, Operation, Routes, flag, named};
use super::ManagerDoor;
use super::authenticated::Authenticated;
use super::failure::OwnFailure;
use super::path::{Ids, InOrganization, OfMember};
use crate::clock;
use crate::manager::{NewConnectedApp, Sight};
use crate::store::ActorRecord;

pub(super) fn routes() -> Routes<ManagerDoor> {
    let new = Fields::only("")
        .needs("name", named::<NameText>())
        .may("administrator", flag("").default(Some(false.into())));
    Routes::new()
        .get(
            "/connectedApps",
            list,
            Operation::new(
                "listConnectedApps",
                "List the connected apps of an organization; who may grant access sees names",
            )
            .answers_list::<ConnectedApp>("The connected apps, by name."),
        )
        .post(
            "/connectedApps",
            create,
            Operation::new("createConnectedApp", "Make a connected app")
                .json(new)
                .answers::<NewCredentials>(201, "It was made; its secret is shown this once."),
        )
        .delete(
            "/connectedApps/{actor}",
            remove,
            Operation::new(
                "deleteConnectedApp",
                "Delete a connected app; its tokens end",
            )
            .answers_nothing("It is gone."),
        )
        .post(
            "/connectedApps/{actor}/secret",
            rotate,
            Operation::new("rotateClientSecret", "Give a connected app a new secret")
                .answers::<Credentials>(200, "Its new secret, shown this once."),
        )
        .under("Users and connected apps")
}

/// A connected app.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct ConnectedApp {
    #[schema(value_type = Id)]
    id: ActorId,
    #[schema(value_type = NameText)]
    name: String,
    /// Absent unless the caller administers the organization.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = bool, required = false)]
    administrator: Option<bool>,
    /// Absent unless the caller administers the organization.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Moment, required = false)]
    created_at: Option<String>,
}

/// A connected app that was just made.
#[derive(Serialize, ToSchema)]
struct NewCredentials {
    /// For people.
    message: &'static str,
    #[schema(value_type = Id)]
    id: ActorId,
    #[serde(flatten)]
    #[schema(inline)]
    credentials: Credentials,
}

/// What a connected app gets tokens for.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct Credentials {
    #[schema(value_type = Id)]
    client_id: ActorId,
    client_secret: String,
}

async fn list(
    State(door): State<ManagerDoor>,
    Authenticated(caller): Authenticated,
    Ids(InOrganization { organization }): Ids<InOrganization>,
) -> Result<Json<Vec<ConnectedApp>>, OwnFailure> {
    let (sight, apps) = door
        .manager
        .connected_apps(&caller, organization, clock::now())
        .await?;
    Ok(Json(
        apps.into_iter().map(|app| shown(app, sight)).collect(),
    ))
}

async fn create(
    State(door): State<ManagerDoor>,
    Authenticated(caller): Authenticated,
    Ids(InOrganization { organization }): Ids<InOrganization>,
    headers: HeaderMap,
    request: Body,
) -> Result<(StatusCode, Json<NewCredentials>), OwnFailure> {
    let new: NewConnectedApp = body::json(&headers, request, body::MAX_BODY).await?;
    let hashing = door.accounts.hashing();
    let (id, secret) = door
        .manager
        .create_connected_app(&caller, organization, new, hashing, clock::now())
        .await?;
    Ok((
        StatusCode::CREATED,
        Json(NewCredentials {
            message: "Connected app created",
            id,
            credentials: Credentials {
                client_id: id,
                client_secret: secret.expose().to_owned(),
            },
        }),
    ))
}

async fn remove(
    State(door): State<ManagerDoor>,
    Authenticated(caller): Authenticated,
    Ids(ids): Ids<OfMember>,
) -> Result<StatusCode, OwnFailure> {
    door.manager
        .delete_connected_app(&caller, ids.organization, ids.actor, clock::now())
        .await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn rotate(
    State(door): State<ManagerDoor>,
    Authenticated(caller): Authenticated,
    Ids(ids): Ids<OfMember>,
) -> Result<Json<Credentials>, OwnFailure> {
    let hashing = door.accounts.hashing();
    let secret = door
        .manager
        .rotate_client_secret(&caller, ids.organization, ids.actor, hashing, clock::now())
        .await?;
    Ok(Json(Credentials {
        client_id: ids.actor,
        client_secret: secret.expose().to_owned(),
    }))
}

fn shown(app: ActorRecord, sight: Sight) -> ConnectedApp {
    let whole = sight == Sight::Whole;
    ConnectedApp {
        id: app.id,
        name: app.name,
        administrator: whole.then_some(app.administrator),
        created_at: whole.then(|| clock::rfc3339(app.created_at)),
    }
}

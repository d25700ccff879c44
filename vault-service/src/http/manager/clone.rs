//! Cloning a group.

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use sallyport_model::{Access, GroupId};
use serde::Serialize;
use utoipa::ToSchema;

use super::super::body;
use super::super::openapi::{Fields, GroupNameText, Id, Operation, Routes, flag, named};
use super::ManagerDoor;
use super::authenticated::Authenticated;
use super::failure::OwnFailure;
use super::path::{Ids, InGroup};
use crate::clock;
use crate::manager::CloneRequest;

pub(super) fn routes() -> Routes<ManagerDoor> {
    let new = Fields::only("The new group.")
        .needs("name", named::<GroupNameText>())
        .may("environment", named::<Id>())
        .may("downloadable", flag("As the old one if absent."));
    Routes::new()
        .post(
            "/secretGroups/{group}/clone",
            clone,
            Operation::new(
                "cloneSecretGroup",
                "Make a new group with a copy of every current version",
            )
            .json(new)
            .answers::<Cloned>(201, "It was made."),
        )
        .under("Secret groups")
}

/// A group was cloned.
#[derive(Serialize, ToSchema)]
struct Cloned {
    /// For people.
    message: &'static str,
    /// The new group.
    #[schema(value_type = Id)]
    id: GroupId,
    /// How many secrets it has.
    secrets: usize,
}

async fn clone(
    State(door): State<ManagerDoor>,
    Authenticated(caller): Authenticated,
    Ids(ids): Ids<InGroup>,
    headers: HeaderMap,
    request: Body,
) -> Result<(StatusCode, Json<Cloned>), OwnFailure> {
    let now = clock::now();
    let group = door
        .manager
        .group(&caller, ids.scope(), ids.group, Access::Read, now)
        .await?;
    let request: CloneRequest = body::json(&headers, request, body::MAX_BODY).await?;
    let (id, secrets) = door
        .manager
        .clone_group(&caller, &group, request, now)
        .await?;
    let message = "Secret group cloned";
    let cloned = Cloned {
        message,
        id,
        secrets,
    };
    Ok((StatusCode::CREATED, Json(cloned)))
}

//! What actors are permitted in an organization.

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::HeaderMap;
use utoipa::openapi::Ref;
use utoipa::openapi::schema::{ObjectBuilder, Type};

use super::super::body;
use super::super::openapi::{
    Fields, Id, Operation, PermissionWord, Routes, either, list as list_of, named,
};
use super::ManagerDoor;
use super::authenticated::Authenticated;
use super::failure::OwnFailure;
use super::path::{Ids, OfMember};
use crate::clock;
use crate::manager::{MAX_PERMISSIONS, Permitted};

pub(super) fn routes() -> Routes<ManagerDoor> {
    const PATH: &str = "/actors/{actor}/permissions";
    let environment = || {
        either([
            named::<Id>(),
            ObjectBuilder::new().schema_type(Type::Null).into(),
        ])
    };
    let permitted = |fields: Fields| fields.needs("permission", named::<PermissionWord>());
    let shown = permitted(Fields::only("A permission; `null` for all environments."))
        .needs("environment", environment());
    let given = permitted(Fields::only(
        "A permission; `null` or nothing for all environments.",
    ))
    .may("environment", environment());
    let shown_list = || list_of(Ref::from_schema_name("Permitted"));
    Routes::new()
        .get(
            PATH,
            list,
            Operation::new("listPermissions", "List what an actor is permitted")
                .component("Permitted", shown)
                .answers_with(200, "The permissions.", shown_list()),
        )
        .put(
            PATH,
            put,
            Operation::new("putPermissions", "Permit an actor this, and nothing else")
                .json(list_of(given).max_items(Some(MAX_PERMISSIONS)))
                .answers_with(200, "What it is permitted now.", shown_list()),
        )
        .under("Users and connected apps")
}

async fn list(
    State(door): State<ManagerDoor>,
    Authenticated(caller): Authenticated,
    Ids(ids): Ids<OfMember>,
) -> Result<Json<Vec<Permitted>>, OwnFailure> {
    let permissions = door
        .manager
        .permissions(&caller, ids.organization, ids.actor, clock::now())
        .await?;
    Ok(Json(permissions))
}

async fn put(
    State(door): State<ManagerDoor>,
    Authenticated(caller): Authenticated,
    Ids(ids): Ids<OfMember>,
    headers: HeaderMap,
    request: Body,
) -> Result<Json<Vec<Permitted>>, OwnFailure> {
    let permissions = body::json(&headers, request, body::MAX_BODY).await?;
    let permissions = door
        .manager
        .put_permissions(
            &caller,
            ids.organization,
            ids.actor,
            permissions,
            clock::now(),
        )
        .await?;
    Ok(Json(permissions))
}

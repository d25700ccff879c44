//! Environments of an organization.

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use sallyport_model::EnvironmentId;
use serde::Serialize;
use utoipa::ToSchema;

use super::super::body;
use super::super::openapi::{Created, Fields, Id, Operation, PlaceNameText, Routes, flag, named};
use super::ManagerDoor;
use super::authenticated::Authenticated;
use super::failure::OwnFailure;
use super::path::{Ids, InOrganization, InScope};
use crate::clock;
use crate::manager::NewEnvironment;
use crate::store::EnvironmentRecord;

pub(super) fn routes() -> Routes<ManagerDoor> {
    let new = Fields::only("")
        .needs("name", named::<PlaceNameText>())
        .may("production", flag("").default(Some(false.into())));
    Routes::new()
        .get(
            "/environments",
            list,
            Operation::new(
                "listEnvironments",
                "List the environments of an organization",
            )
            .answers_list::<Environment>("The environments, by name."),
        )
        .post(
            "/environments",
            create,
            Operation::new("createEnvironment", "Make an environment")
                .json(new)
                .answers::<Created>(201, "It was made."),
        )
        .get(
            "/environments/{environment}",
            show,
            Operation::new("showEnvironment", "Show an environment")
                .answers::<Environment>(200, "The environment."),
        )
        .under("Organizations")
}

/// An environment.
#[derive(Serialize, ToSchema)]
struct Environment {
    #[schema(value_type = Id)]
    id: EnvironmentId,
    #[schema(value_type = PlaceNameText)]
    name: String,
    production: bool,
}

async fn list(
    State(door): State<ManagerDoor>,
    Authenticated(caller): Authenticated,
    Ids(InOrganization { organization }): Ids<InOrganization>,
) -> Result<Json<Vec<Environment>>, OwnFailure> {
    let environments = door
        .manager
        .environments(&caller, organization, clock::now())
        .await?;
    Ok(Json(environments.into_iter().map(shown).collect()))
}

async fn show(
    State(door): State<ManagerDoor>,
    Authenticated(caller): Authenticated,
    Ids(ids): Ids<InScope>,
) -> Result<Json<Environment>, OwnFailure> {
    let environment = door
        .manager
        .environment(&caller, ids.scope(), clock::now())
        .await?;
    Ok(Json(shown(environment)))
}

async fn create(
    State(door): State<ManagerDoor>,
    Authenticated(caller): Authenticated,
    Ids(InOrganization { organization }): Ids<InOrganization>,
    headers: HeaderMap,
    request: Body,
) -> Result<(StatusCode, Json<Created>), OwnFailure> {
    let new: NewEnvironment = body::json(&headers, request, body::MAX_BODY).await?;
    let id = door
        .manager
        .create_environment(&caller, organization, new, clock::now())
        .await?;
    Ok((
        StatusCode::CREATED,
        Json(Created::new("Environment created", id)),
    ))
}

fn shown(environment: EnvironmentRecord) -> Environment {
    Environment {
        id: environment.id,
        name: environment.name,
        production: environment.production,
    }
}

//! Organizations and business groups.

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use sallyport_model::OrganizationId;
use serde::Serialize;
use utoipa::ToSchema;

use super::super::body;
use super::super::openapi::{Created, Fields, Id, Operation, PlaceNameText, Routes, named};
use super::ManagerDoor;
use super::authenticated::Authenticated;
use super::failure::OwnFailure;
use super::path::{Ids, InOrganization};
use crate::clock;
use crate::manager::NewOrganization;
use crate::store::OrganizationRecord;

pub(super) fn root_routes() -> Routes<ManagerDoor> {
    let operation = Operation::new("listOrganizations", "List the organizations you belong to")
        .answers_list::<Organization>("Your own first.");
    Routes::new()
        .get("/organizations", list, operation)
        .under("Organizations")
}

pub(super) fn routes() -> Routes<ManagerDoor> {
    Routes::new()
        .get(
            "/",
            show,
            Operation::new("showOrganization", "Show an organization")
                .answers::<Organization>(200, "The organization."),
        )
        .post(
            "/organizations",
            create,
            Operation::new(
                "createOrganization",
                "Make a business group below an organization",
            )
            .json(Fields::only("").needs("name", named::<PlaceNameText>()))
            .answers::<Created>(201, "It was made."),
        )
        .under("Organizations")
}

/// An organization.
#[derive(Serialize, ToSchema)]
struct Organization {
    #[schema(value_type = Id)]
    id: OrganizationId,
    #[schema(value_type = PlaceNameText)]
    name: String,
    /// What it is a business group of.
    #[schema(value_type = Option<Id>)]
    parent: Option<OrganizationId>,
}

async fn list(
    State(door): State<ManagerDoor>,
    Authenticated(caller): Authenticated,
) -> Result<Json<Vec<Organization>>, OwnFailure> {
    let organizations = door.manager.organizations(&caller).await?;
    Ok(Json(organizations.into_iter().map(shown).collect()))
}

async fn show(
    State(door): State<ManagerDoor>,
    Authenticated(caller): Authenticated,
    Ids(InOrganization { organization }): Ids<InOrganization>,
) -> Result<Json<Organization>, OwnFailure> {
    let organization = door
        .manager
        .organization(&caller, organization, clock::now())
        .await?;
    Ok(Json(shown(organization)))
}

async fn create(
    State(door): State<ManagerDoor>,
    Authenticated(caller): Authenticated,
    Ids(InOrganization { organization }): Ids<InOrganization>,
    headers: HeaderMap,
    request: Body,
) -> Result<(StatusCode, Json<Created>), OwnFailure> {
    let new: NewOrganization = body::json(&headers, request, body::MAX_BODY).await?;
    let id = door
        .manager
        .create_organization(&caller, organization, new, clock::now())
        .await?;
    Ok((
        StatusCode::CREATED,
        Json(Created::new("Organization created", id)),
    ))
}

fn shown(organization: OrganizationRecord) -> Organization {
    Organization {
        id: organization.id,
        name: organization.name,
        parent: organization.parent,
    }
}

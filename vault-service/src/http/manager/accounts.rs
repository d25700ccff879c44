//! The accounts calls that clients make before the real one, in Anypoint's shapes.

use axum::Json;
use axum::extract::State;
use sallyport_model::{ActorId, EnvironmentId, OrganizationId};
use serde::Serialize;
use utoipa::ToSchema;

use super::super::openapi::{Id, NameText, Operation, PlaceNameText, Routes};
use super::ManagerDoor;
use super::authenticated::Authenticated;
use super::failure::{AnypointFailure, Failure};
use super::path::{Ids, InOrganization, InScope};
use crate::access::Caller;
use crate::clock;
use crate::store::{ActorKind, EnvironmentRecord, OrganizationRecord};

pub(super) fn routes() -> Routes<ManagerDoor> {
    const ENVIRONMENTS: &str = "/accounts/api/organizations/{organization}/environments";
    const ENVIRONMENT: &str =
        "/accounts/api/organizations/{organization}/environments/{environment}";
    Routes::new()
        .get(
            "/accounts/api/me",
            me,
            Operation::new("showMe", "Show who is calling, as Terraform asks for it")
                .answers::<Me>(200, "The caller."),
        )
        .get(
            "/accounts/api/users/me",
            user,
            Operation::new(
                "showUser",
                "Show who is calling, as the command line asks for it",
            )
            .answers::<User>(200, "The caller."),
        )
        .get(
            ENVIRONMENTS,
            environments,
            Operation::new(
                "listAccountEnvironments",
                "List the environments of an organization",
            )
            .answers::<Environments>(200, "The environments, by name."),
        )
        .get(
            ENVIRONMENT,
            environment,
            Operation::new("showAccountEnvironment", "Show an environment")
                .answers::<Environment>(200, "The environment."),
        )
        .under("Accounts")
}

/// Who is calling.
#[derive(Serialize, ToSchema)]
struct Me {
    /// Absent for users.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Client, required = false)]
    client: Option<Client>,
    user: User,
}

/// A connected app, or a gateway.
#[derive(Serialize, ToSchema)]
struct Client {
    #[schema(value_type = Id)]
    client_id: ActorId,
    #[schema(value_type = NameText)]
    name: String,
    #[schema(value_type = Id)]
    org_id: OrganizationId,
}

/// Anybody who calls, in the form of a user.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct User {
    #[schema(value_type = Id)]
    id: ActorId,
    username: String,
    #[schema(value_type = Id)]
    organization_id: OrganizationId,
    organization: OrganizationName,
    member_of_organizations: Vec<Membership>,
}

/// An organization, by name.
#[derive(Serialize, ToSchema)]
pub(super) struct OrganizationName {
    #[schema(value_type = Id)]
    pub(super) id: OrganizationId,
    #[schema(value_type = Option<PlaceNameText>)]
    pub(super) name: Option<String>,
}

/// An organization the caller may know of.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct Membership {
    #[schema(value_type = Id)]
    id: OrganizationId,
    #[schema(value_type = PlaceNameText)]
    name: String,
    #[schema(value_type = Option<Id>)]
    parent_id: Option<OrganizationId>,
    /// Whether it is the caller's own.
    is_root: bool,
}

/// The environments of an organization.
#[derive(Serialize, ToSchema)]
struct Environments {
    total: usize,
    data: Vec<Environment>,
}

/// An environment.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = AccountEnvironment)]
struct Environment {
    #[schema(value_type = Id)]
    id: EnvironmentId,
    #[schema(value_type = PlaceNameText)]
    name: String,
    #[schema(value_type = Id)]
    organization_id: OrganizationId,
    is_production: bool,
    /// `production` or `sandbox`.
    #[serde(rename = "type")]
    kind: &'static str,
}

/// The wrapped form. Terraform looks for `client.org_id` first.
async fn me(
    State(door): State<ManagerDoor>,
    Authenticated(caller): Authenticated,
) -> Result<Json<Me>, AnypointFailure> {
    let user = shown_user(&door, &caller).await?;
    let client = match caller.kind {
        ActorKind::User => None,
        ActorKind::ConnectedApp | ActorKind::Gateway => Some(Client {
            client_id: caller.id,
            name: caller.name,
            org_id: caller.organization,
        }),
    };
    Ok(Json(Me { client, user }))
}

/// The flat form. The command line asks for it as a connected app, too.
async fn user(
    State(door): State<ManagerDoor>,
    Authenticated(caller): Authenticated,
) -> Result<Json<User>, AnypointFailure> {
    Ok(Json(shown_user(&door, &caller).await?))
}

async fn environments(
    State(door): State<ManagerDoor>,
    Authenticated(caller): Authenticated,
    Ids(InOrganization { organization }): Ids<InOrganization>,
) -> Result<Json<Environments>, AnypointFailure> {
    let environments = door
        .manager
        .environments(&caller, organization, clock::now())
        .await?;
    let data: Vec<_> = environments.into_iter().map(shown_environment).collect();
    let total = data.len();
    Ok(Json(Environments { total, data }))
}

async fn environment(
    State(door): State<ManagerDoor>,
    Authenticated(caller): Authenticated,
    Ids(ids): Ids<InScope>,
) -> Result<Json<Environment>, AnypointFailure> {
    let environment = door
        .manager
        .environment(&caller, ids.scope(), clock::now())
        .await?;
    Ok(Json(shown_environment(environment)))
}

async fn shown_user(door: &ManagerDoor, caller: &Caller) -> Result<User, Failure> {
    let organizations = door.manager.organizations(caller).await?;
    let own = |organization: &&OrganizationRecord| organization.id == caller.organization;
    let name = organizations.iter().find(own);
    // Clients that were told no organization take the one marked as root: that is the caller's own,
    // also where it is a business group of one the caller cannot see.
    let member_of = organizations.iter().map(|organization| Membership {
        id: organization.id,
        name: organization.name.clone(),
        parent_id: organization.parent,
        is_root: own(&organization),
    });
    Ok(User {
        id: caller.id,
        username: caller.name.clone(),
        organization_id: caller.organization,
        organization: OrganizationName {
            id: caller.organization,
            name: name.map(|organization| organization.name.clone()),
        },
        member_of_organizations: member_of.collect(),
    })
}

fn shown_environment(environment: EnvironmentRecord) -> Environment {
    Environment {
        id: environment.id,
        name: environment.name,
        organization_id: environment.organization,
        is_production: environment.production,
        kind: if environment.production {
            "production"
        } else {
            "sandbox"
        },
    }
}

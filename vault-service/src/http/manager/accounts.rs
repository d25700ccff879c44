//! The accounts calls that clients make before the real one, in Anypoint's shapes.

use axum::extract::State;
use axum::routing::get;
use axum::{Json, Router};
use serde_json::{Value, json};

use super::ManagerDoor;
use super::authenticated::Authenticated;
use super::failure::{AnypointFailure, Failure};
use super::path::{Ids, InOrganization, InScope};
use crate::access::Caller;
use crate::clock;
use crate::store::{ActorKind, EnvironmentRecord, OrganizationRecord};

pub(super) fn routes() -> Router<ManagerDoor> {
    Router::new()
        .route("/accounts/api/me", get(me))
        .route("/accounts/api/users/me", get(user))
        .route(
            "/accounts/api/organizations/{organization}/environments",
            get(environments),
        )
        .route(
            "/accounts/api/organizations/{organization}/environments/{environment}",
            get(environment),
        )
}

/// The wrapped form. Terraform looks for `client.org_id` first.
async fn me(
    State(door): State<ManagerDoor>,
    Authenticated(caller): Authenticated,
) -> Result<Json<Value>, AnypointFailure> {
    let user = user_json(&door, &caller).await?;
    Ok(Json(match caller.kind {
        ActorKind::User => json!({ "user": user }),
        ActorKind::ConnectedApp | ActorKind::Gateway => json!({
            "client": {
                "client_id": caller.id,
                "name": caller.name,
                "org_id": caller.organization,
            },
            "user": user,
        }),
    }))
}

/// The flat form. The command line asks for it as a connected app, too.
async fn user(
    State(door): State<ManagerDoor>,
    Authenticated(caller): Authenticated,
) -> Result<Json<Value>, AnypointFailure> {
    Ok(Json(user_json(&door, &caller).await?))
}

async fn environments(
    State(door): State<ManagerDoor>,
    Authenticated(caller): Authenticated,
    Ids(InOrganization { organization }): Ids<InOrganization>,
) -> Result<Json<Value>, AnypointFailure> {
    let environments = door
        .manager
        .environments(&caller, organization, clock::now())
        .await?;
    let data: Vec<Value> = environments.iter().map(environment_json).collect();
    Ok(Json(json!({ "total": data.len(), "data": data })))
}

async fn environment(
    State(door): State<ManagerDoor>,
    Authenticated(caller): Authenticated,
    Ids(ids): Ids<InScope>,
) -> Result<Json<Value>, AnypointFailure> {
    let environment = door
        .manager
        .environment(&caller, ids.scope(), clock::now())
        .await?;
    Ok(Json(environment_json(&environment)))
}

async fn user_json(door: &ManagerDoor, caller: &Caller) -> Result<Value, Failure> {
    let organizations = door.manager.organizations(caller).await?;
    let own = |organization: &&OrganizationRecord| organization.id == caller.organization;
    // Clients that were told no organization take the one marked as root: that is the caller's own,
    // also where it is a business group of one the caller cannot see.
    let member_of: Vec<Value> = organizations
        .iter()
        .map(|organization| {
            json!({
                "id": organization.id,
                "name": organization.name,
                "parentId": organization.parent,
                "isRoot": own(&organization),
            })
        })
        .collect();
    let name = organizations
        .iter()
        .find(own)
        .map(|organization| &organization.name);
    Ok(json!({
        "id": caller.id,
        "username": caller.name,
        "organizationId": caller.organization,
        "organization": { "id": caller.organization, "name": name },
        "memberOfOrganizations": member_of,
    }))
}

fn environment_json(environment: &EnvironmentRecord) -> Value {
    json!({
        "id": environment.id,
        "name": environment.name,
        "organizationId": environment.organization,
        "isProduction": environment.production,
        "type": if environment.production { "production" } else { "sandbox" },
    })
}

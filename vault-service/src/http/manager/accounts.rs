//! The accounts calls that clients make before the real one.

use axum::body::Body;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::routing::{get, post};
use axum::{Json, Router};
use sallyport_model::{OrganizationId, SecretString};
use serde::Deserialize;
use serde_json::{Value, json};

use super::super::body;
use super::ManagerDoor;
use super::authenticated::Authenticated;
use super::failure::{AnypointFailure, Failure};
use super::path::Ids;
use crate::access::{Caller, Decision, in_organization};
use crate::accounts::TOKEN_LIFETIME;
use crate::clock;
use crate::manager::ManagerError;
use crate::store::OrganizationRecord;

/// Largest token request, in bytes.
const MAX_BODY: usize = 8 * 1024;

pub(super) fn routes() -> Router<ManagerDoor> {
    Router::new()
        .route("/accounts/api/v2/oauth2/token", post(token))
        .route("/accounts/api/me", get(me))
        .route(
            "/accounts/api/organizations/{organization}/environments",
            get(environments),
        )
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TokenRequest {
    client_id: String,
    client_secret: SecretString,
    grant_type: String,
}

#[derive(Deserialize)]
struct OfOrganization {
    organization: OrganizationId,
}

async fn token(
    State(door): State<ManagerDoor>,
    headers: HeaderMap,
    request: Body,
) -> Result<Json<Value>, AnypointFailure> {
    let request: TokenRequest = body::json(&headers, request, MAX_BODY).await?;
    if request.grant_type != "client_credentials" {
        let grant_type = request.grant_type.chars().take(40).collect();
        return Err(Failure::GrantType { grant_type }.into());
    }
    let token = door
        .accounts
        .token(&request.client_id, request.client_secret, clock::now())
        .await?;
    Ok(Json(json!({
        "access_token": token.expose(),
        "expires_in": TOKEN_LIFETIME,
        "token_type": "bearer",
    })))
}

async fn me(
    State(door): State<ManagerDoor>,
    Authenticated(caller): Authenticated,
) -> Result<Json<Value>, AnypointFailure> {
    let OrganizationRecord { id, name } =
        own_organization(&door, &caller, caller.organization).await?;
    Ok(Json(json!({
        "client": { "client_id": caller.id, "name": caller.name, "org_id": id },
        "user": {
            "organization": { "id": id, "name": name },
            "memberOfOrganizations": [{ "id": id, "name": name, "isRoot": true }],
        },
    })))
}

async fn environments(
    State(door): State<ManagerDoor>,
    Authenticated(caller): Authenticated,
    Ids(OfOrganization { organization }): Ids<OfOrganization>,
) -> Result<Json<Value>, AnypointFailure> {
    own_organization(&door, &caller, organization).await?;
    let environments = door.store.environments(organization).await?;
    let data: Vec<Value> = environments
        .iter()
        .map(|environment| {
            json!({
                "id": environment.id,
                "name": environment.name,
                "organizationId": environment.organization,
                "isProduction": environment.production,
                "type": if environment.production { "production" } else { "sandbox" },
            })
        })
        .collect();
    Ok(Json(json!({ "total": data.len(), "data": data })))
}

async fn own_organization(
    door: &ManagerDoor,
    caller: &Caller,
    id: OrganizationId,
) -> Result<OrganizationRecord, Failure> {
    let absent = || ManagerError::NoSuch {
        what: "organization",
        name: id.to_string(),
    };
    if in_organization(caller, id) == Decision::Hide {
        return Err(absent().into());
    }
    Ok(door.store.organization(id).await?.ok_or_else(absent)?)
}

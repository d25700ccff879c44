//! What the caller is.

use axum::Json;
use axum::extract::State;
use sallyport_model::{ActorId, EnvironmentId, OrganizationId, Permission};
use serde::Serialize;
use utoipa::ToSchema;

use super::super::openapi::{ActorKindWord, Id, Operation, PermissionWord, Routes};
use super::ManagerDoor;
use super::accounts::OrganizationName;
use super::authenticated::Authenticated;
use super::failure::OwnFailure;

pub(super) fn routes() -> Routes<ManagerDoor> {
    let operation = Operation::new(
        "showCaller",
        "Show who is calling, and what it is permitted",
    )
    .answers::<CallerShown>(200, "The caller.");
    Routes::new().get("/me", me, operation).under("Accounts")
}

/// Who is calling.
#[derive(Serialize, ToSchema)]
#[schema(as = Caller)]
struct CallerShown {
    #[schema(value_type = Id)]
    id: ActorId,
    #[schema(value_type = ActorKindWord)]
    kind: &'static str,
    name: String,
    organization: OrganizationName,
    /// Whether it administers its organization.
    administrator: bool,
    permissions: Vec<PermittedAt>,
}

/// A permission, and where it holds.
#[derive(Serialize, ToSchema)]
struct PermittedAt {
    #[schema(value_type = PermissionWord)]
    permission: Permission,
    #[schema(value_type = Id)]
    organization: OrganizationId,
    /// `null` for all environments of the organization.
    #[schema(value_type = Option<Id>)]
    environment: Option<EnvironmentId>,
}

async fn me(
    State(door): State<ManagerDoor>,
    Authenticated(caller): Authenticated,
) -> Result<Json<CallerShown>, OwnFailure> {
    let organizations = door.manager.organizations(&caller).await?;
    let own = organizations
        .into_iter()
        .find(|organization| organization.id == caller.organization);
    let held = door.manager.own_permissions(&caller).await?;
    let permissions = held.iter().map(|record| PermittedAt {
        permission: record.permission,
        organization: record.organization,
        environment: record.environment,
    });
    Ok(Json(CallerShown {
        permissions: permissions.collect(),
        id: caller.id,
        kind: caller.kind.as_str(),
        organization: OrganizationName {
            id: caller.organization,
            name: own.map(|organization| organization.name),
        },
        administrator: caller.administrator,
        name: caller.name,
    }))
}

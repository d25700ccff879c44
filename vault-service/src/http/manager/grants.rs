//! Grants on a group.

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use sallyport_model::{Access, ActorId, GrantLimit, Reach};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::super::body;
use super::super::openapi::{
    AccessWord, ActorKindWord, Fields, Id, Operation, Routes, list as list_of, named, text,
};
use super::ManagerDoor;
use super::authenticated::Authenticated;
use super::failure::OwnFailure;
use super::path::{Ids, InGroup, OfGrant};
use crate::clock;
use crate::manager::Grantee;

pub(super) fn routes() -> Routes<ManagerDoor> {
    const GRANT: &str = "/secretGroups/{group}/grants/{actor}";
    let access = list_of(named::<AccessWord>())
        .min_items(Some(1))
        .description(Some(
            "All that is granted; what is not named is taken away.",
        ));
    let limit = text(
        "Kind of secrets, or one secret: `keystores`, `keystores/<id>`, or `keystores/<name>` with the \
         name percent-encoded.",
        9,
        512,
    );
    let only = list_of(limit)
        .min_items(Some(1))
        .max_items(Some(Reach::MOST))
        .description(Some(
            "For a gateway: what it may read. Without it, all secrets of the group.",
        ));
    Routes::new()
        .get(
            "/secretGroups/{group}/grants",
            list,
            Operation::new("listGrants", "List who is granted what on a group")
                .answers_list::<GrantedTo>("The grants, by actor."),
        )
        .put(
            GRANT,
            grant,
            Operation::new("putGrant", "Grant an actor access to a group")
                .json(Fields::only("").needs("access", access).may("only", only))
                .answers::<GrantedTo>(200, "What the actor is granted now."),
        )
        .delete(
            GRANT,
            revoke,
            Operation::new(
                "deleteGrant",
                "Take away all that an actor is granted on a group",
            )
            .answers_nothing("It is gone."),
        )
        .under("Grants")
}

/// What an actor is granted on a group.
#[derive(Serialize, ToSchema)]
struct GrantedTo {
    #[schema(value_type = Id)]
    actor: ActorId,
    #[schema(value_type = ActorKindWord)]
    kind: &'static str,
    /// Name of the actor.
    name: String,
    #[schema(value_type = Vec<AccessWord>)]
    access: Vec<Access>,
    /// What it is narrowed to; absent for all secrets of the group.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false)]
    only: Option<Vec<String>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Grant {
    access: Vec<Access>,
    only: Option<Vec<String>>,
}

async fn list(
    State(door): State<ManagerDoor>,
    Authenticated(caller): Authenticated,
    Ids(ids): Ids<InGroup>,
) -> Result<Json<Vec<GrantedTo>>, OwnFailure> {
    let group = door
        .manager
        .group_to_grant(&caller, ids.scope(), ids.group, clock::now())
        .await?;
    Ok(Json(
        door.manager
            .grants(&group)
            .await?
            .iter()
            .map(granted_to)
            .collect(),
    ))
}

async fn grant(
    State(door): State<ManagerDoor>,
    Authenticated(caller): Authenticated,
    Ids(ids): Ids<OfGrant>,
    headers: HeaderMap,
    request: Body,
) -> Result<Json<GrantedTo>, OwnFailure> {
    let now = clock::now();
    let group = door
        .manager
        .group_to_grant(&caller, ids.scope(), ids.group, now)
        .await?;
    let Grant { access, only } = body::json(&headers, request, body::MAX_BODY).await?;
    let manager = &door.manager;
    let grantee = match only {
        None => manager.grant(&caller, &group, ids.actor, access, now).await,
        Some(only) => {
            manager
                .grant_only(&caller, &group, ids.actor, access, &only, now)
                .await
        }
    }?;
    Ok(Json(granted_to(&grantee)))
}

async fn revoke(
    State(door): State<ManagerDoor>,
    Authenticated(caller): Authenticated,
    Ids(ids): Ids<OfGrant>,
) -> Result<StatusCode, OwnFailure> {
    let now = clock::now();
    let group = door
        .manager
        .group_to_grant(&caller, ids.scope(), ids.group, now)
        .await?;
    door.manager.revoke(&caller, &group, ids.actor, now).await?;
    Ok(StatusCode::NO_CONTENT)
}

fn granted_to(grantee: &Grantee) -> GrantedTo {
    GrantedTo {
        actor: grantee.actor.id,
        kind: grantee.actor.kind.as_str(),
        name: grantee.actor.name.clone(),
        access: grantee.access.clone(),
        only: grantee
            .reach
            .limits()
            .map(|limits| limits.iter().map(GrantLimit::to_string).collect()),
    }
}

//! Secret groups.

use axum::Json;
use axum::body::Body;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Response};
use sallyport_model::{Access, GroupId, GroupName};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::super::body;
use super::super::openapi::{
    Created, Fields, GroupNameText, Id, Message, Moment, Operation, Routes, flag, named,
};
use super::ManagerDoor;
use super::authenticated::Authenticated;
use super::failure::{AnypointFailure, Failure};
use super::path::{Ids, InGroup, InScope};
use super::reliant_cas::reliant_on_group;
use crate::clock;
use crate::manager::{GroupChange, ManagerError, NewGroup};
use crate::store::{EditSessionRecord, GroupRecord};

pub(super) fn routes() -> Routes<ManagerDoor> {
    const GROUP: &str = "/secretGroups/{group}";
    let downloadable = || {
        flag(
            "Whether gateways with a read grant may download its keystores, with their private keys, \
             its truststores and its certificates.",
        )
    };
    let new = Fields::only("")
        .needs("name", named::<GroupNameText>())
        .may("downloadable", downloadable().default(Some(false.into())));
    let change = Fields::only("What is absent stays.")
        .may("name", named::<GroupNameText>())
        .may("downloadable", downloadable());
    Routes::new()
        .get(
            "/secretGroups",
            list,
            Operation::new("listSecretGroups", "List the secret groups you may know of")
                .query("downloadable", downloadable())
                .answers_list::<SecretGroup>("The groups, by name."),
        )
        .post(
            "/secretGroups",
            create,
            Operation::new("createSecretGroup", "Make a secret group")
                .json(new)
                .answers::<Created>(201, "It was made."),
        )
        .get(
            GROUP,
            show,
            Operation::new("showSecretGroup", "Show a secret group")
                .answers::<SecretGroup>(200, "The group."),
        )
        .patch(
            GROUP,
            change_one,
            Operation::new("changeSecretGroup", "Change name or flag of a secret group")
                .json(change)
                .answers::<Message>(200, "It was changed."),
        )
        .delete(
            GROUP,
            delete,
            Operation::new(
                "deleteSecretGroup",
                "Delete a secret group and what is in it",
            )
            .answers_nothing("It is gone.")
            .answers::<Message>(
                200,
                "It is gone, and gateways are held against its lists: the warnings say whose.",
            ),
        )
        .under("Secret groups")
}

/// A secret group.
#[derive(Serialize, ToSchema)]
struct SecretGroup {
    #[schema(value_type = GroupNameText)]
    name: GroupName,
    /// Whether gateways with a read grant may download its keystores, with their private keys, its
    /// truststores and its certificates.
    downloadable: bool,
    meta: SecretGroupMeta,
}

/// What is known of a secret group.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct SecretGroupMeta {
    #[schema(value_type = Id)]
    id: GroupId,
    #[schema(value_type = Moment)]
    created_at: String,
    #[schema(value_type = Moment)]
    modified_at: String,
    /// Name of who changed it last.
    modified_by: String,
    /// Whether an edit session is open.
    locked: bool,
    /// Name of who holds it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, required = false)]
    locked_by: Option<String>,
    /// Finishing, cancelling and deleting are one step each: nobody ever sees them half done.
    current_state: &'static str,
}

#[derive(Deserialize)]
struct Filter {
    downloadable: Option<bool>,
}

async fn list(
    State(door): State<ManagerDoor>,
    Authenticated(caller): Authenticated,
    Ids(ids): Ids<InScope>,
    filter: Result<Query<Filter>, axum::extract::rejection::QueryRejection>,
) -> Result<Json<Vec<SecretGroup>>, AnypointFailure> {
    let Query(filter) = filter.map_err(|_| Failure::Query {
        parameters: "downloadable=true|false",
    })?;
    let groups = door
        .manager
        .groups(&caller, ids.scope(), clock::now())
        .await?;
    let wanted = |group: &&GroupRecord| {
        filter
            .downloadable
            .is_none_or(|flag| flag == group.downloadable)
    };
    let mut shown = Vec::new();
    for group in groups.iter().filter(wanted) {
        let session = door.manager.edit_session(group).await?;
        shown.push(shown_group(group, session.as_ref()));
    }
    Ok(Json(shown))
}

async fn create(
    State(door): State<ManagerDoor>,
    Authenticated(caller): Authenticated,
    Ids(ids): Ids<InScope>,
    headers: HeaderMap,
    request: Body,
) -> Result<(StatusCode, Json<Created>), AnypointFailure> {
    let new: NewGroup = body::json(&headers, request, body::MAX_BODY).await?;
    let id = door
        .manager
        .create_group(&caller, ids.scope(), new, clock::now())
        .await?;
    Ok((
        StatusCode::CREATED,
        Json(Created::new("Secret group created", id)),
    ))
}

async fn show(
    State(door): State<ManagerDoor>,
    Authenticated(caller): Authenticated,
    Ids(ids): Ids<InGroup>,
) -> Result<Json<SecretGroup>, AnypointFailure> {
    let group = door
        .manager
        .group(&caller, ids.scope(), ids.group, Access::Read, clock::now())
        .await?;
    let session = door.manager.edit_session(&group).await?;
    Ok(Json(shown_group(&group, session.as_ref())))
}

async fn change_one(
    State(door): State<ManagerDoor>,
    Authenticated(caller): Authenticated,
    Ids(ids): Ids<InGroup>,
    headers: HeaderMap,
    request: Body,
) -> Result<Json<Message>, AnypointFailure> {
    let now = clock::now();
    let group = door
        .manager
        .group(&caller, ids.scope(), ids.group, Access::Manage, now)
        .await?;
    let change: GroupChange = body::json(&headers, request, body::MAX_BODY).await?;
    door.manager
        .change_group(&caller, group, change, now)
        .await?;
    Ok(Json(Message::new("Secret group updated")))
}

async fn delete(
    State(door): State<ManagerDoor>,
    Authenticated(caller): Authenticated,
    Ids(ids): Ids<InGroup>,
) -> Result<Response, AnypointFailure> {
    let now = clock::now();
    let group = door
        .manager
        .group(&caller, ids.scope(), ids.group, Access::Manage, now)
        .await?;
    let reliant = match door.manager.may_read(&caller, &group).await? {
        true => reliant_on_group(&group, &door)
            .await
            .map_err(ManagerError::from)?,
        false => Vec::new(),
    };
    door.manager.delete_group(&caller, group, now).await?;
    if reliant.is_empty() {
        return Ok(StatusCode::NO_CONTENT.into_response());
    }
    Ok(Json(Message {
        message: "Secret group deleted".into(),
        warnings: reliant.iter().map(ToString::to_string).collect(),
    })
    .into_response())
}

fn shown_group(group: &GroupRecord, session: Option<&EditSessionRecord>) -> SecretGroup {
    SecretGroup {
        name: group.name.clone(),
        downloadable: group.downloadable,
        meta: SecretGroupMeta {
            id: group.id,
            created_at: clock::rfc3339(group.created_at),
            modified_at: clock::rfc3339(group.modified_at),
            modified_by: group.modified_by.clone(),
            locked: session.is_some(),
            locked_by: session.map(|session| session.holder_name.clone()),
            current_state: "Clear",
        },
    }
}

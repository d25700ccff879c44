//! The lock of a secret group: an edit session of one holder.

use axum::Json;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use sallyport_model::{Access, Collection, SecretId, SecretName};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::super::openapi::{CollectionWord, Id, Moment, NameText, Operation, Routes, word};
use super::ManagerDoor;
use super::authenticated::Authenticated;
use super::failure::{AnypointFailure, Failure};
use super::path::{Ids, InGroup};
use crate::clock;
use crate::manager::{Finished, ManagerError};

pub(super) fn routes() -> Routes<ManagerDoor> {
    const LOCK: &str = "/secretGroups/{group}/lock";
    Routes::new()
        .get(
            LOCK,
            show,
            Operation::new("showEditSession", "Show the edit session of a group")
                .answers::<EditSession>(200, "Who holds it, and what it will do."),
        )
        .post(
            LOCK,
            open,
            Operation::new("openEditSession", "Open an edit session: lock a group")
                .answers::<Locked>(201, "It is open."),
        )
        .delete(
            LOCK,
            end,
            Operation::new("endEditSession", "Finish or cancel an edit session")
                .required_query("action", word(["finish", "cancel"]))
                .answers::<Unlocked>(200, "It has ended."),
        )
        .under("Edit sessions")
}

/// An open edit session.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct EditSession {
    /// Name of who holds it.
    locked_by: String,
    #[schema(value_type = Moment)]
    locked_at: String,
    changes: Vec<Change>,
}

/// What an edit session will do to one secret.
#[derive(Serialize, ToSchema)]
struct Change {
    /// `create`, `replace`, `update` or `delete`.
    action: &'static str,
    #[schema(value_type = CollectionWord)]
    collection: Collection,
    #[schema(value_type = Id)]
    id: SecretId,
    #[schema(value_type = NameText)]
    name: SecretName,
}

/// An edit session was opened.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct Locked {
    /// For people.
    message: &'static str,
    /// Name of who holds it.
    locked_by: String,
    #[schema(value_type = Moment)]
    locked_at: String,
}

/// An edit session has ended.
#[derive(Serialize, ToSchema)]
struct Unlocked {
    /// For people.
    message: &'static str,
    /// How many changes were published, if it was finished.
    #[serde(skip_serializing_if = "Option::is_none")]
    changes: Option<usize>,
    /// What the writer should know of it, such as pins that are gone.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    warnings: Vec<String>,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "camelCase")]
enum Action {
    Finish,
    Cancel,
}

#[derive(Deserialize)]
struct End {
    action: Action,
}

async fn open(
    State(door): State<ManagerDoor>,
    Authenticated(caller): Authenticated,
    Ids(ids): Ids<InGroup>,
) -> Result<(StatusCode, Json<Locked>), AnypointFailure> {
    let now = clock::now();
    let group = door
        .manager
        .group(&caller, ids.scope(), ids.group, Access::Write, now)
        .await?;
    let session = door.manager.open_edit_session(&caller, &group, now).await?;
    Ok((
        StatusCode::CREATED,
        Json(Locked {
            message: "Secret group locked",
            locked_by: session.holder_name,
            locked_at: clock::rfc3339(session.opened_at),
        }),
    ))
}

async fn show(
    State(door): State<ManagerDoor>,
    Authenticated(caller): Authenticated,
    Ids(ids): Ids<InGroup>,
) -> Result<Json<EditSession>, AnypointFailure> {
    let group = door
        .manager
        .group(&caller, ids.scope(), ids.group, Access::Read, clock::now())
        .await?;
    let (session, changes) = door.manager.staged(&group).await?;
    let changes = changes.into_iter().map(|change| Change {
        action: change.action.as_str(),
        collection: change.collection,
        id: change.secret,
        name: change.name,
    });
    Ok(Json(EditSession {
        locked_by: session.holder_name,
        locked_at: clock::rfc3339(session.opened_at),
        changes: changes.collect(),
    }))
}

async fn end(
    State(door): State<ManagerDoor>,
    Authenticated(caller): Authenticated,
    Ids(ids): Ids<InGroup>,
    action: Result<Query<End>, axum::extract::rejection::QueryRejection>,
) -> Result<Json<Unlocked>, AnypointFailure> {
    let Query(End { action }) = action.map_err(|_| Failure::Query {
        parameters: "action=finish|cancel",
    })?;
    let now = clock::now();
    let holder = door
        .store
        .edit_session(ids.group)
        .await?
        .map(|session| session.holder);
    let access = match action {
        Action::Finish => Access::Write,
        Action::Cancel if holder == Some(caller.id) => Access::Write,
        Action::Cancel => Access::Manage,
    };
    let group = door
        .manager
        .group(&caller, ids.scope(), ids.group, access, now)
        .await?;
    match action {
        Action::Finish => {
            let Finished { changes, warnings } = door
                .manager
                .finish_edit_session(&caller, &group, now)
                .await?;
            Ok(Json(Unlocked {
                message: "Secret group unlocked, its changes are published",
                changes: Some(changes),
                warnings,
            }))
        }
        Action::Cancel => {
            let holder = holder.ok_or_else(|| ManagerError::NoSuch {
                what: "edit session",
                name: group.name.to_string(),
            })?;
            door.manager
                .cancel_edit_session(&caller, &group, holder, now)
                .await?;
            Ok(Json(Unlocked {
                message: "Secret group unlocked, its changes are dropped",
                changes: None,
                warnings: Vec::new(),
            }))
        }
    }
}

//! Users of an organization.

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use sallyport_model::{ActorId, SecretString};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::super::body;
use super::super::openapi::{
    Created, Fields, Id, Moment, Operation, Routes, UsernameText, flag, named, text,
};
use super::ManagerDoor;
use super::authenticated::Authenticated;
use super::failure::{Failure, OwnFailure};
use super::path::{Ids, InOrganization, OfMember};
use crate::access::Caller;
use crate::accounts::{MAX_LENGTH, MIN_CHARACTERS, NewPassword};
use crate::clock;
use crate::manager::{ManagerError, NewUser, Problem, Sight, Violation};
use crate::store::ActorRecord;

pub(super) fn routes() -> Routes<ManagerDoor> {
    let password = || {
        text(
            "Kept as it is, nothing trimmed.",
            MIN_CHARACTERS,
            MAX_LENGTH,
        )
    };
    let new = Fields::only("")
        .needs("username", named::<UsernameText>())
        .needs("password", password())
        .may("administrator", flag("").default(Some(false.into())));
    Routes::new()
        .get(
            "/users",
            list,
            Operation::new(
                "listUsers",
                "List the users of an organization; who may grant access sees names",
            )
            .answers_list::<UserOfOrganization>("The users, by name."),
        )
        .post(
            "/users",
            create,
            Operation::new("createUser", "Make a user")
                .json(new)
                .answers::<Created>(201, "It was made."),
        )
        .delete(
            "/users/{actor}",
            remove,
            Operation::new("deleteUser", "Delete a user; its tokens end")
                .answers_nothing("It is gone."),
        )
        .put(
            "/users/{actor}/password",
            change_password,
            Operation::new(
                "changePassword",
                "Change the password of a user, or one's own",
            )
            .json(
                Fields::only("")
                    .needs("password", password())
                    .may("oldPassword", text("Needed for one's own.", 1, MAX_LENGTH)),
            )
            .answers_nothing("It was changed."),
        )
        .under("Users and connected apps")
}

/// A user.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct UserOfOrganization {
    #[schema(value_type = Id)]
    id: ActorId,
    #[schema(value_type = UsernameText)]
    username: String,
    /// Absent unless the caller administers the organization.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = bool, required = false)]
    administrator: Option<bool>,
    /// Absent unless the caller administers the organization.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Moment, required = false)]
    created_at: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
#[serde(rename_all = "camelCase")]
struct PasswordChange {
    password: NewPassword,
    old_password: Option<SecretString>,
}

async fn list(
    State(door): State<ManagerDoor>,
    Authenticated(caller): Authenticated,
    Ids(InOrganization { organization }): Ids<InOrganization>,
) -> Result<Json<Vec<UserOfOrganization>>, OwnFailure> {
    let (sight, users) = door
        .manager
        .users(&caller, organization, clock::now())
        .await?;
    Ok(Json(
        users.into_iter().map(|user| shown(user, sight)).collect(),
    ))
}

async fn create(
    State(door): State<ManagerDoor>,
    Authenticated(caller): Authenticated,
    Ids(InOrganization { organization }): Ids<InOrganization>,
    headers: HeaderMap,
    request: Body,
) -> Result<(StatusCode, Json<Created>), OwnFailure> {
    let new: NewUser = body::json(&headers, request, body::MAX_BODY).await?;
    let hashing = door.accounts.hashing();
    let id = door
        .manager
        .create_user(&caller, organization, new, hashing, clock::now())
        .await?;
    Ok((StatusCode::CREATED, Json(Created::new("User created", id))))
}

async fn remove(
    State(door): State<ManagerDoor>,
    Authenticated(caller): Authenticated,
    Ids(ids): Ids<OfMember>,
) -> Result<StatusCode, OwnFailure> {
    door.manager
        .delete_user(&caller, ids.organization, ids.actor, clock::now())
        .await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn change_password(
    State(door): State<ManagerDoor>,
    Authenticated(caller): Authenticated,
    Ids(ids): Ids<OfMember>,
    headers: HeaderMap,
    request: Body,
) -> Result<StatusCode, OwnFailure> {
    let change: PasswordChange = body::json(&headers, request, body::MAX_BODY).await?;
    let PasswordChange {
        password,
        old_password,
    } = change;
    // A token alone, which may have been stolen, does not take over an account.
    if caller.id == ids.actor {
        confirm(&door, &caller, old_password).await?;
    }
    let hashing = door.accounts.hashing();
    door.manager
        .change_password(
            &caller,
            ids.organization,
            ids.actor,
            password,
            hashing,
            clock::now(),
        )
        .await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn confirm(
    door: &ManagerDoor,
    caller: &Caller,
    old_password: Option<SecretString>,
) -> Result<(), Failure> {
    let wrong = |problem| Err(ManagerError::from(Violation::new("/oldPassword", problem)).into());
    let Some(old) = old_password else {
        let when = "the password is your own";
        return wrong(Problem::Required { when });
    };
    if door.accounts.confirm(caller, old, clock::now()).await? {
        return Ok(());
    }
    let expected = "is not the password you have now".to_owned();
    wrong(Problem::Value { expected })
}

fn shown(user: ActorRecord, sight: Sight) -> UserOfOrganization {
    let whole = sight == Sight::Whole;
    UserOfOrganization {
        id: user.id,
        username: user.name,
        administrator: whole.then_some(user.administrator),
        created_at: whole.then(|| clock::rfc3339(user.created_at)),
    }
}

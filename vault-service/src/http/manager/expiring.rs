//! What ends soon, or has ended.

use axum::Json;
use axum::extract::{Query, State};
use sallyport_model::{Collection, GroupId, GroupName, SecretId, SecretName};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::super::openapi::{
    CollectionWord, Day, GroupNameText, Id, NameText, Operation, Routes, number,
};
use super::ManagerDoor;
use super::authenticated::Authenticated;
use super::failure::{Failure, OwnFailure};
use super::path::{Ids, InScope};
use crate::clock;
use crate::manager::{WARNED_DAYS, days_left};

/// Longest span, in days.
const MAX_DAYS: u32 = 36_500;

pub(super) fn routes() -> Routes<ManagerDoor> {
    let within = number("How many days ahead.", 0, MAX_DAYS.into());
    Routes::new()
        .get(
            "/expiring",
            list,
            Operation::new("listExpiring", "List what ends soon, or has ended")
                .query("within", within.default(Some(WARNED_DAYS.into())))
                .answers_list::<Expiring>("Soonest first."),
        )
        .under("Secrets")
}

/// A secret that ends.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct Expiring {
    group: GroupOfSecret,
    #[schema(value_type = CollectionWord)]
    collection: Collection,
    #[schema(value_type = Id)]
    id: SecretId,
    #[schema(value_type = NameText)]
    name: SecretName,
    #[schema(value_type = Day)]
    expiration_date: String,
    /// Below zero when it has ended.
    days_left: Option<i64>,
}

/// The group a secret is in.
#[derive(Serialize, ToSchema)]
struct GroupOfSecret {
    #[schema(value_type = Id)]
    id: GroupId,
    #[schema(value_type = GroupNameText)]
    name: GroupName,
}

#[derive(Deserialize)]
struct Span {
    within: Option<u32>,
}

async fn list(
    State(door): State<ManagerDoor>,
    Authenticated(caller): Authenticated,
    Ids(ids): Ids<InScope>,
    span: Result<Query<Span>, axum::extract::rejection::QueryRejection>,
) -> Result<Json<Vec<Expiring>>, OwnFailure> {
    let within = span
        .map(|Query(span)| span.within.unwrap_or(WARNED_DAYS))
        .ok()
        .filter(|days| *days <= MAX_DAYS)
        .ok_or(Failure::Query {
            parameters: "within=<days, 0 to 36500>",
        })?;
    let now = clock::now();
    let ending = door
        .manager
        .expiring(&caller, ids.scope(), within, now)
        .await?;
    let ending = ending.into_iter().map(|item| Expiring {
        group: GroupOfSecret {
            id: item.group.id,
            name: item.group.name,
        },
        collection: item.secret.collection,
        id: item.secret.id,
        name: item.secret.name,
        days_left: days_left(&item.expiration_date, now),
        expiration_date: item.expiration_date,
    });
    Ok(Json(ending.collect()))
}

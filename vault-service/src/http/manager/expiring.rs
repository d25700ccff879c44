//! What ends soon, or has ended.

use axum::extract::{Query, State};
use axum::routing::get;
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::{Value, json};

use super::ManagerDoor;
use super::authenticated::Authenticated;
use super::failure::{Failure, OwnFailure};
use super::path::{Ids, InScope};
use crate::clock;
use crate::manager::{WARNED_DAYS, days_left};

/// Longest span, in days.
const MAX_DAYS: u32 = 36_500;

pub(super) fn routes() -> Router<ManagerDoor> {
    Router::new().route("/expiring", get(list))
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
) -> Result<Json<Vec<Value>>, OwnFailure> {
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
    let ending = ending
        .iter()
        .map(|item| {
            json!({
                "group": { "id": item.group.id, "name": item.group.name },
                "collection": item.secret.collection,
                "id": item.secret.id,
                "name": item.secret.name,
                "expirationDate": item.expiration_date,
                "daysLeft": days_left(&item.expiration_date, now),
            })
        })
        .collect();
    Ok(Json(ending))
}

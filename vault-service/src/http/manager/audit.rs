//! Reading the audit log.

use axum::extract::{Query, State};
use axum::routing::get;
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::{Value, json};

use super::ManagerDoor;
use super::authenticated::Authenticated;
use super::failure::{Failure, OwnFailure};
use super::path::{Ids, InOrganization, InScope};
use crate::clock;
use crate::store::{ActorKind, AuditOutcome, AuditRecord};

/// Entries in an answer unless asked otherwise.
const DEFAULT_LIMIT: u32 = 100;

pub(super) fn routes() -> Router<ManagerDoor> {
    Router::new().route("/audit", get(list))
}

pub(super) fn organization_routes() -> Router<ManagerDoor> {
    Router::new().route("/audit", get(list_of_organization))
}

#[derive(Deserialize)]
struct Page {
    after: Option<u64>,
    limit: Option<u32>,
}

type GivenPage = Result<Query<Page>, axum::extract::rejection::QueryRejection>;

async fn list(
    State(door): State<ManagerDoor>,
    Authenticated(caller): Authenticated,
    Ids(ids): Ids<InScope>,
    page: GivenPage,
) -> Result<Json<Vec<Value>>, OwnFailure> {
    let (after, limit) = asked(page)?;
    let entries = door
        .manager
        .audit_log(&caller, ids.scope(), after, limit, clock::now())
        .await?;
    Ok(Json(entries.iter().map(entry_json).collect()))
}

async fn list_of_organization(
    State(door): State<ManagerDoor>,
    Authenticated(caller): Authenticated,
    Ids(InOrganization { organization }): Ids<InOrganization>,
    page: GivenPage,
) -> Result<Json<Vec<Value>>, OwnFailure> {
    let (after, limit) = asked(page)?;
    let entries = door
        .manager
        .organization_audit_log(&caller, organization, after, limit, clock::now())
        .await?;
    Ok(Json(entries.iter().map(entry_json).collect()))
}

fn asked(page: GivenPage) -> Result<(Option<u64>, u32), Failure> {
    let Query(page) = page.map_err(|_| Failure::Query {
        parameters: "after=<seq>, limit=<1 to 1000>",
    })?;
    Ok((page.after, page.limit.unwrap_or(DEFAULT_LIMIT)))
}

/// The word for a kind of actor.
pub(super) const fn kind_word(kind: ActorKind) -> &'static str {
    match kind {
        ActorKind::User => "user",
        ActorKind::ConnectedApp => "connectedApp",
        ActorKind::Gateway => "gateway",
    }
}

fn entry_json(entry: &AuditRecord) -> Value {
    json!({
        "seq": entry.seq,
        "time": clock::rfc3339(entry.at),
        "actor": entry.actor_name,
        "actorId": entry.actor,
        "actorKind": entry.actor_kind.map(kind_word),
        "operation": entry.operation,
        "object": entry.object,
        "outcome": match entry.outcome {
            AuditOutcome::Allowed => "allowed",
            AuditOutcome::Refused => "refused",
            AuditOutcome::Failed => "failed",
        },
        "reason": entry.reason,
        "version": entry.version,
    })
}

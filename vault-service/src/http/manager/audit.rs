//! Reading the audit log.

use axum::Json;
use axum::extract::{Query, State};
use sallyport_model::ActorId;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::super::openapi::{ActorKindWord, Id, Moment, Operation, Routes, number};
use super::ManagerDoor;
use super::authenticated::Authenticated;
use super::failure::{Failure, OwnFailure};
use super::parameter;
use super::path::{Ids, InOrganization, InScope};
use crate::clock;
use crate::manager::MAX_ENTRIES;
use crate::store::{ActorKind, AuditRecord};

/// Entries in an answer unless asked otherwise.
pub(super) const DEFAULT_LIMIT: u32 = 100;

pub(super) fn routes() -> Routes<ManagerDoor> {
    let summary = "Read the audit log of an environment";
    Routes::new()
        .get("/audit", list, paged(Operation::new("readAudit", summary)))
        .under("Audit")
}

pub(super) fn organization_routes() -> Routes<ManagerDoor> {
    let summary = "Read the audit log of an organization, outside of its environments";
    let operation = Operation::new("readOrganizationAudit", summary);
    Routes::new()
        .get("/audit", list_of_organization, paged(operation))
        .under("Audit")
}

fn paged(operation: Operation) -> Operation {
    let after = number("Only entries after this `seq`, oldest first.", 0, i64::MAX);
    let limit = number("Most entries.", 1, MAX_ENTRIES.into());
    operation
        .query("after", after)
        .query("limit", limit.default(Some(DEFAULT_LIMIT.into())))
        .answers_list::<AuditEntry>("The newest entries, or those after `after`.")
}

/// An entry of the audit log.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct AuditEntry {
    /// Grows with every entry.
    seq: u64,
    #[schema(value_type = Moment)]
    time: String,
    /// Name of the actor.
    actor: String,
    #[schema(value_type = Option<Id>)]
    actor_id: Option<ActorId>,
    #[schema(value_type = Option<ActorKindWord>)]
    actor_kind: Option<&'static str>,
    /// What was to be done, such as `secret.create`.
    operation: String,
    /// What it was to be done to.
    object: String,
    /// `allowed`, `refused` or `failed`; `begun` where the outcome is another entry.
    outcome: &'static str,
    /// Why it was refused, or failed.
    reason: Option<String>,
    /// The version of a secret.
    version: Option<u64>,
    /// The trace of the call, of W3C `traceparent`.
    trace_id: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Page {
    after: Option<String>,
    limit: Option<String>,
}

type GivenPage = Result<Query<Page>, axum::extract::rejection::QueryRejection>;

async fn list(
    State(door): State<ManagerDoor>,
    Authenticated(caller): Authenticated,
    Ids(ids): Ids<InScope>,
    page: GivenPage,
) -> Result<Json<Vec<AuditEntry>>, OwnFailure> {
    let (after, limit) = asked(page)?;
    let entries = door
        .manager
        .audit_log(&caller, ids.scope(), after, limit, clock::now())
        .await?;
    Ok(Json(entries.iter().map(shown).collect()))
}

async fn list_of_organization(
    State(door): State<ManagerDoor>,
    Authenticated(caller): Authenticated,
    Ids(InOrganization { organization }): Ids<InOrganization>,
    page: GivenPage,
) -> Result<Json<Vec<AuditEntry>>, OwnFailure> {
    let (after, limit) = asked(page)?;
    let entries = door
        .manager
        .organization_audit_log(&caller, organization, after, limit, clock::now())
        .await?;
    Ok(Json(entries.iter().map(shown).collect()))
}

fn asked(page: GivenPage) -> Result<(Option<u64>, u32), Failure> {
    let Query(Page { after, limit }) = page.map_err(|_| Failure::Query {
        parameters: "there are after and limit, each once",
    })?;
    let (after, limit) = parameter::page(after, limit)?;
    Ok((after, limit.unwrap_or(DEFAULT_LIMIT)))
}

pub(super) fn shown(entry: &AuditRecord) -> AuditEntry {
    AuditEntry {
        seq: entry.seq,
        time: clock::rfc3339(entry.at),
        actor: entry.actor_name.clone(),
        actor_id: entry.actor,
        actor_kind: entry.actor_kind.map(ActorKind::as_str),
        operation: entry.operation.clone(),
        object: entry.object.clone(),
        outcome: entry.outcome.as_str(),
        reason: entry.reason.clone(),
        version: entry.version,
        trace_id: entry.trace.map(|trace| trace.to_string()),
    }
}

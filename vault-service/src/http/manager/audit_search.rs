//! Looking for entries of the audit log.

use axum::Json;
use axum::extract::{Query, State};
use sallyport_model::GroupName;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::super::openapi::{Operation, Routes, number, text, word};
use super::ManagerDoor;
use super::audit::{AuditEntry, DEFAULT_LIMIT, shown};
use super::authenticated::Authenticated;
use super::failure::{Failure, OwnFailure};
use super::path::{Ids, InOrganization, InScope};
use crate::clock;
use crate::manager::{AuditSearch, MAX_ENTRIES};
use crate::store::{AuditActor, AuditFilter, AuditOperation, AuditOutcome, AuditPage};

/// Longest text that is looked for, in characters; that of an object in the log.
const MAX_TEXT: usize = 1024;

pub(super) fn routes() -> Routes<ManagerDoor> {
    let summary = "Search the audit log of an environment";
    let operation = described(Operation::new("searchAudit", summary));
    Routes::new()
        .get("/audit/search", search, operation)
        .under("Audit")
}

pub(super) fn organization_routes() -> Routes<ManagerDoor> {
    let summary = "Search the audit log of an organization, outside of its environments";
    let operation = described(Operation::new("searchOrganizationAudit", summary));
    Routes::new()
        .get("/audit/search", search_organization, operation)
        .under("Audit")
}

fn described(operation: Operation) -> Operation {
    let sought = |description: &str| text(description, 1, MAX_TEXT);
    let moment = |description: &str| text(description, 1, 64);
    let outcomes = AuditOutcome::ALL.map(AuditOutcome::as_str);
    operation
        .query("actor", sought("Name or id of who."))
        .query(
            "operation",
            sought("An operation, or how several begin: `secret.*`."),
        )
        .query(
            "object",
            sought("A part of what it was done to: a reference, a name."),
        )
        .query(
            "group",
            sought("Name of a secret group that it was done to, or in."),
        )
        .query("outcome", word(outcomes))
        .query(
            "since",
            moment("Not before this moment or day, RFC 3339 or `YYYY-MM-DD`."),
        )
        .query(
            "until",
            moment("Not after this moment or day, RFC 3339 or `YYYY-MM-DD`."),
        )
        .query(
            "after",
            number("Only entries after this `seq`.", 0, i64::MAX),
        )
        .query(
            "limit",
            number("Most entries.", 1, MAX_ENTRIES.into()).default(Some(DEFAULT_LIMIT.into())),
        )
        .answers::<Found>(200, "A page, oldest entries first.")
}

/// Entries that were found.
#[derive(Serialize, ToSchema)]
struct Found {
    /// Oldest first; a page may have none although there are more.
    entries: Vec<AuditEntry>,
    /// What to give as `after` for the next page; absent at the end.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<u64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Sought {
    actor: Option<String>,
    operation: Option<String>,
    object: Option<String>,
    group: Option<String>,
    outcome: Option<String>,
    since: Option<String>,
    until: Option<String>,
    after: Option<u64>,
    limit: Option<u32>,
}

type Given = Result<Query<Sought>, axum::extract::rejection::QueryRejection>;

async fn search(
    State(door): State<ManagerDoor>,
    Authenticated(caller): Authenticated,
    Ids(ids): Ids<InScope>,
    given: Given,
) -> Result<Json<Found>, OwnFailure> {
    let search = asked(given)?;
    let found = door
        .manager
        .search_audit_log(&caller, ids.scope(), search, clock::now());
    Ok(page(&found.await?))
}

async fn search_organization(
    State(door): State<ManagerDoor>,
    Authenticated(caller): Authenticated,
    Ids(InOrganization { organization }): Ids<InOrganization>,
    given: Given,
) -> Result<Json<Found>, OwnFailure> {
    let search = asked(given)?;
    let found =
        door.manager
            .search_organization_audit_log(&caller, organization, search, clock::now());
    Ok(page(&found.await?))
}

fn page(found: &AuditPage) -> Json<Found> {
    Json(Found {
        entries: found.entries.iter().map(shown).collect(),
        next: found.next,
    })
}

fn asked(given: Given) -> Result<AuditSearch, Failure> {
    let search = given.ok().and_then(|Query(sought)| read(sought));
    search.ok_or(Failure::Query {
        parameters: "actor, operation, object, group, outcome=<begun, allowed, refused, failed>, \
                     since, until=<RFC 3339 or a day>, after=<seq>, limit=<1 to 1000>",
    })
}

/// `None` if a parameter does not read.
fn read(sought: Sought) -> Option<AuditSearch> {
    let limit = sought.limit.unwrap_or(DEFAULT_LIMIT);
    let filter = AuditFilter {
        actor: optional(fitting(sought.actor)?, |text| {
            let id = text.parse().ok().map(AuditActor::Id);
            Some(id.unwrap_or(AuditActor::Name(text)))
        })?,
        operation: optional(fitting(sought.operation)?, |text| {
            Some(match text.strip_suffix('*') {
                Some(beginning) => AuditOperation::Beginning(beginning.to_owned()),
                None => AuditOperation::Exactly(text),
            })
        })?,
        object: fitting(sought.object)?,
        group: optional(fitting(sought.group)?, |text| {
            text.parse::<GroupName>().ok()
        })?,
        outcome: optional(sought.outcome, |text| AuditOutcome::from_word(&text))?,
        since: optional(sought.since, |text| clock::first_moment(&text))?,
        until: optional(sought.until, |text| clock::last_moment(&text))?,
    };
    (1..=MAX_ENTRIES).contains(&limit).then_some(AuditSearch {
        filter,
        after: sought.after.unwrap_or(0),
        limit,
    })
}

/// `None` for a text that is empty or too long.
fn fitting(text: Option<String>) -> Option<Option<String>> {
    let fits = |text: &String| (1..=MAX_TEXT).contains(&text.chars().count());
    text.as_ref().is_none_or(fits).then_some(text)
}

/// `None` for what is there and does not read.
fn optional<T>(text: Option<String>, read: impl FnOnce(String) -> Option<T>) -> Option<Option<T>> {
    match text {
        Some(text) => read(text).map(Some),
        None => Some(None),
    }
}

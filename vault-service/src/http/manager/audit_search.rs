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
use super::parameter::{self, Parameter};
use super::path::{Ids, InOrganization, InScope};
use crate::clock;
use crate::manager::{AuditSearch, MAX_ENTRIES};
use crate::store::{AuditActor, AuditFilter, AuditOperation, AuditOutcome, AuditPage};

/// Longest text that is looked for, in characters; that of an object in the log.
const MAX_TEXT: usize = 1024;

const ACTOR: Parameter = Parameter {
    name: "actor",
    wanted: "a name or an id, such as edge-1",
};
const OPERATION: Parameter = Parameter {
    name: "operation",
    wanted: "an operation or its beginning, such as secret.resolve or secret.*",
};
const OBJECT: Parameter = Parameter {
    name: "object",
    wanted: "a part of a reference or a name, such as sharedSecrets/backend",
};
const GROUP: Parameter = Parameter {
    name: "group",
    wanted: "the name of a secret group, such as payments",
};
const OUTCOME: Parameter = Parameter {
    name: "outcome",
    wanted: "begun, allowed, refused or failed",
};
const TRACE: Parameter = Parameter {
    name: "trace",
    wanted: "32 lower-case hexadecimal digits, such as 4bf92f3577b34da6a3ce929d0e0e4736",
};
const SINCE: Parameter = Parameter {
    name: "since",
    wanted: "a moment or a day, such as 2026-11-23T21:50:00Z or 2026-11-23",
};
const UNTIL: Parameter = Parameter {
    name: "until",
    wanted: "a moment or a day, such as 2026-11-23T21:50:00Z or 2026-11-23",
};

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
            "trace",
            text("The trace of the call, 32 hexadecimal digits.", 32, 32),
        )
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
    trace: Option<String>,
    since: Option<String>,
    until: Option<String>,
    after: Option<String>,
    limit: Option<String>,
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
    let Query(sought) = given.map_err(|_| Failure::Query {
        parameters: "there are actor, operation, object, group, outcome, trace, since, until, after \
                     and limit, each once",
    })?;
    let (after, limit) = parameter::page(sought.after, sought.limit)?;
    let filter = AuditFilter {
        actor: ACTOR.read(sought.actor, |text| {
            let id = text.parse().ok().map(AuditActor::Id);
            id.or_else(|| fitting(text).map(AuditActor::Name))
        })?,
        operation: OPERATION.read(sought.operation, |text| {
            let text = fitting(text)?;
            Some(match text.strip_suffix('*') {
                Some(beginning) => AuditOperation::Beginning(beginning.to_owned()),
                None => AuditOperation::Exactly(text),
            })
        })?,
        object: OBJECT.read(sought.object, fitting)?,
        group: GROUP.read(sought.group, |text| text.parse::<GroupName>().ok())?,
        outcome: OUTCOME.read(sought.outcome, AuditOutcome::from_word)?,
        trace: TRACE.read(sought.trace, |text| text.parse().ok())?,
        since: SINCE.read(sought.since, clock::first_moment)?,
        until: UNTIL.read(sought.until, clock::last_moment)?,
    };
    Ok(AuditSearch {
        filter,
        after: after.unwrap_or(0),
        limit: limit.unwrap_or(DEFAULT_LIMIT),
    })
}

/// `None` for a text that is empty or too long.
fn fitting(text: &str) -> Option<String> {
    (1..=MAX_TEXT)
        .contains(&text.chars().count())
        .then(|| text.to_owned())
}

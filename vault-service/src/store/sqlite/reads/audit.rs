//! Pages of the audit log.

use rusqlite::{Connection, OptionalExtension as _, named_params};
use sallyport_model::audit::{GENESIS, render};
use sallyport_model::{EnvironmentId, GroupName, OrganizationId, Scope};
use sallyport_pki::Digest;

use super::super::super::{
    AuditActor, AuditFilter, AuditOperation, AuditPage, AuditPlace, AuditRecord, LogLine,
    MAX_SCANNED, StoreError,
};
use super::super::words::Word as _;
use super::super::{EngineError, ids_of_place, rows};
use super::all;
use crate::trace::TraceId;

/// Entries of an environment.
pub(in super::super) fn environment(
    db: &Connection,
    scope: Scope,
    after: Option<u64>,
    limit: u32,
) -> Result<Vec<AuditRecord>, StoreError> {
    page(
        db,
        scope.organization,
        Some(scope.environment),
        after,
        limit,
    )
}

/// Entries that belong to no environment.
pub(in super::super) fn organization(
    db: &Connection,
    organization: OrganizationId,
    after: Option<u64>,
    limit: u32,
) -> Result<Vec<AuditRecord>, StoreError> {
    page(db, organization, None, after, limit)
}

/// Lines of the whole log. They are what is stored: whether it was tampered with is for the verifier.
pub(in super::super) fn log(
    db: &Connection,
    after: u64,
    limit: u32,
) -> Result<Vec<LogLine>, StoreError> {
    let after = i64::try_from(after).unwrap_or(i64::MAX);
    let before: Option<[u8; 32]> = db
        .prepare_cached("SELECT hash FROM audit WHERE seq <= ?1 ORDER BY seq DESC LIMIT 1")?
        .query_row([after], |row| row.get(0))
        .optional()?;
    let mut previous = before.map_or(GENESIS, Digest::new);
    let rows = all(
        db,
        "SELECT * FROM audit WHERE seq > ?1 ORDER BY seq LIMIT ?2",
        (after, limit),
        |row| Ok((rows::audit(row)?, rows::audit_seal(row)?)),
    )?;
    let lines = rows.into_iter().map(|(entry, (hash, signature))| {
        let line = render(
            &entry.entry(entry.seq),
            &previous,
            &hash,
            signature.as_ref(),
        );
        previous = hash;
        Ok(LogLine {
            seq: entry.seq,
            line: line.map_err(EngineError::Line)?.into(),
        })
    });
    lines.collect()
}

/// Entries of a place that pass a filter.
pub(in super::super) fn search(
    db: &Connection,
    place: AuditPlace,
    filter: &AuditFilter,
    after: u64,
    limit: u32,
) -> Result<AuditPage, StoreError> {
    let (organization, environment) = ids_of_place(place);
    let (organization, environment) = (
        organization.as_bytes(),
        environment.as_ref().map(EnvironmentId::as_bytes),
    );
    let after = i64::try_from(after).unwrap_or(i64::MAX);
    let scanned = "SELECT * FROM audit
                   WHERE organization = :organization AND environment IS :environment AND seq > :after
                   ORDER BY seq LIMIT :scanned";
    let (seen, last): (u32, Option<i64>) = db
        .prepare_cached(&format!("SELECT count(*), max(seq) FROM ({scanned})"))?
        .query_row(
            named_params! {
                ":organization": organization,
                ":environment": environment,
                ":after": after,
                ":scanned": MAX_SCANNED,
            },
            |row| Ok((row.get(0)?, row.get(1)?)),
        )?;
    let (actor_id, actor_name) = match &filter.actor {
        Some(AuditActor::Id(id)) => (Some(id.as_bytes()), None),
        Some(AuditActor::Name(name)) => (None, Some(name)),
        None => (None, None),
    };
    let (operation, beginning) = match &filter.operation {
        Some(AuditOperation::Exactly(operation)) => (Some(operation), None),
        Some(AuditOperation::Beginning(beginning)) => (None, Some(beginning)),
        None => (None, None),
    };
    // A path begins with the group, a reference has it first or third; nothing else follows a slash
    // and has one behind it.
    let entries = all(
        db,
        &format!(
            "SELECT * FROM ({scanned})
             WHERE (:actor_id IS NULL OR actor = :actor_id)
               AND (:actor_name IS NULL OR actor_name = :actor_name)
               AND (:operation IS NULL OR operation = :operation)
               AND (:beginning IS NULL OR substr(operation, 1, length(:beginning)) = :beginning)
               AND (:object IS NULL OR instr(object, :object) > 0)
               AND (:group IS NULL
                    OR substr(object, 1, length(:group) + 2) = :group || ' ('
                    OR (substr(object, 1, 9) = 'secret://' AND instr(object, '/' || :group || '/') > 0))
               AND (:outcome IS NULL OR outcome = :outcome)
               AND (:trace IS NULL OR trace = :trace)
               AND (:since IS NULL OR at >= :since)
               AND (:until IS NULL OR at <= :until)
             ORDER BY seq LIMIT :limit"
        ),
        named_params! {
            ":organization": organization,
            ":environment": environment,
            ":after": after,
            ":scanned": MAX_SCANNED,
            ":actor_id": actor_id,
            ":actor_name": actor_name,
            ":operation": operation,
            ":beginning": beginning,
            ":object": filter.object,
            ":group": filter.group.as_ref().map(GroupName::as_str),
            ":outcome": filter.outcome.map(|outcome| outcome.word()),
            ":trace": filter.trace.as_ref().map(TraceId::as_bytes),
            ":since": filter.since.map(|time| time.0),
            ":until": filter.until.map(|time| time.0),
            ":limit": limit,
        },
        rows::audit,
    )?;
    let full = u32::try_from(entries.len()).is_ok_and(|found| found >= limit);
    let next = match (full, entries.last()) {
        (true, Some(entry)) => Some(entry.seq),
        _ if seen >= MAX_SCANNED => last.and_then(|seq| u64::try_from(seq).ok()),
        _ => None,
    };
    Ok(AuditPage { entries, next })
}

fn page(
    db: &Connection,
    organization: OrganizationId,
    environment: Option<EnvironmentId>,
    after: Option<u64>,
    limit: u32,
) -> Result<Vec<AuditRecord>, StoreError> {
    let organization = organization.as_bytes();
    let environment = environment.as_ref().map(EnvironmentId::as_bytes);
    match after {
        Some(after) => all(
            db,
            "SELECT * FROM audit WHERE organization = ?1 AND environment IS ?2 AND seq > ?3
             ORDER BY seq LIMIT ?4",
            // No entry is ever above the largest number the engine knows.
            (
                organization,
                environment,
                i64::try_from(after).unwrap_or(i64::MAX),
                limit,
            ),
            rows::audit,
        ),
        None => all(
            db,
            "SELECT * FROM (SELECT * FROM audit WHERE organization = ?1 AND environment IS ?2
                            ORDER BY seq DESC LIMIT ?3)
             ORDER BY seq",
            (organization, environment, limit),
            rows::audit,
        ),
    }
}

//! Pages of the audit log.

use rusqlite::{Connection, OptionalExtension as _};
use sallyport_model::audit::{GENESIS, render};
use sallyport_model::{EnvironmentId, OrganizationId, Scope};
use sallyport_pki::Digest;

use super::super::super::{AuditRecord, LogLine, StoreError};
use super::super::{EngineError, rows};
use super::all;

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

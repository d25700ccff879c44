//! Pages of the audit log.

use rusqlite::Connection;
use sallyport_model::{EnvironmentId, OrganizationId, Scope};

use super::super::super::{AuditRecord, StoreError};
use super::super::rows;
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

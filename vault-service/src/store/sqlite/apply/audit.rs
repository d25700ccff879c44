//! The audit log; it only grows.

use rusqlite::{Connection, named_params};
use sallyport_model::{ActorId, EnvironmentId};

use super::super::super::{AuditPlace, AuditRecord, StoreError};
use super::super::integer;
use super::super::words::Word as _;
use super::execute;

pub(super) fn append(db: &Connection, entry: &AuditRecord) -> Result<(), StoreError> {
    let (organization, environment) = match entry.place {
        AuditPlace::Environment(scope) => (scope.organization, Some(scope.environment)),
        AuditPlace::Organization(organization) => (organization, None),
    };
    execute(
        db,
        "audit entry",
        "INSERT INTO audit (at, organization, environment, actor, actor_name, actor_kind,
                            operation, object, outcome, reason, version)
         VALUES (:at, :organization, :environment, :actor, :actor_name, :actor_kind,
                 :operation, :object, :outcome, :reason, :version)",
        named_params! {
            ":at": entry.at.0,
            ":organization": organization.as_bytes(),
            ":environment": environment.as_ref().map(EnvironmentId::as_bytes),
            ":actor": entry.actor.as_ref().map(ActorId::as_bytes),
            ":actor_name": entry.actor_name,
            ":actor_kind": entry.actor_kind.map(|kind| kind.word()),
            ":operation": entry.operation,
            ":object": entry.object,
            ":outcome": entry.outcome.word(),
            ":reason": entry.reason,
            ":version": entry.version.map(integer).transpose()?,
        },
    )
    .map(drop)
}

//! The audit log; it only grows.

use std::sync::Arc;

use rusqlite::{Connection, named_params};
use sallyport_model::audit::AuditSignature;
use sallyport_model::{ActorId, EnvironmentId};
use sallyport_pki::{Digest, UnixTime};

use super::super::super::{AuditRecord, LogLine, StoreError};
use super::super::chain::Head;
use super::super::words::Word as _;
use super::super::{ids_of_place, integer};
use super::execute;
use crate::keys::audit::CheckpointKey;
use crate::trace::TraceId;

/// Chains an entry and appends it.
pub(super) fn append(
    db: &Connection,
    head: &mut Head,
    entry: &AuditRecord,
) -> Result<LogLine, StoreError> {
    chain(db, head, entry, |_| None)
}

/// Appends an entry that vouches for all before it.
pub(super) fn checkpoint(
    db: &Connection,
    head: &mut Head,
    at: UnixTime,
    key: &CheckpointKey,
) -> Result<LogLine, StoreError> {
    let entry = AuditRecord::checkpoint(at, key.id().to_string());
    chain(db, head, &entry, |hash| Some(key.sign(hash)))
}

fn chain(
    db: &Connection,
    head: &mut Head,
    entry: &AuditRecord,
    sign: impl FnOnce(&Digest) -> Option<AuditSignature>,
) -> Result<LogLine, StoreError> {
    let (seq, sealed) = head.follow(entry, sign)?;
    insert(db, seq, entry, &sealed.hash, sealed.signature)?;
    Ok(LogLine {
        seq,
        line: Arc::from(sealed.line),
    })
}

/// Appends an entry that has its place in the chain.
pub(in super::super) fn insert(
    db: &Connection,
    seq: u64,
    entry: &AuditRecord,
    hash: &Digest,
    signature: Option<AuditSignature>,
) -> Result<(), StoreError> {
    let (organization, environment) = ids_of_place(entry.place);
    execute(
        db,
        "audit entry",
        "INSERT INTO audit (seq, at, organization, environment, actor, actor_name, actor_kind,
                            operation, object, outcome, reason, version, trace, hash, signature)
         VALUES (:seq, :at, :organization, :environment, :actor, :actor_name, :actor_kind,
                 :operation, :object, :outcome, :reason, :version, :trace, :hash, :signature)",
        named_params! {
            ":seq": integer(seq)?,
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
            ":trace": entry.trace.as_ref().map(TraceId::as_bytes),
            ":hash": hash.as_bytes(),
            ":signature": signature,
        },
    )?;
    Ok(())
}

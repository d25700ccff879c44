//! The hash chain of the audit log. One thread appends, so the newest row is the one to follow.

use rusqlite::{Connection, OptionalExtension as _, TransactionBehavior, params};
use sallyport_model::audit::{AuditSignature, GENESIS, Sealed, seal};
use sallyport_pki::Digest;

use super::super::{AuditRecord, StoreError};
use super::journal::{self, Found};
use super::{EngineError, apply, integer, rows};

/// Where the log ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Head {
    pub(super) seq: u64,
    pub(super) hash: Digest,
}

impl Head {
    // Before the first entry.
    const NONE: Self = Self {
        seq: 0,
        hash: GENESIS,
    };

    pub(super) fn read(db: &Connection) -> Result<Self, StoreError> {
        let row: Option<(i64, Option<[u8; 32]>)> = db
            .prepare_cached("SELECT seq, hash FROM audit ORDER BY seq DESC LIMIT 1")?
            .query_row([], |row| Ok((row.get(0)?, row.get(1)?)))
            .optional()?;
        let Some((seq, hash)) = row else {
            return Ok(Self::NONE);
        };
        match (u64::try_from(seq), hash) {
            (Ok(seq), Some(hash)) => Ok(Self {
                seq,
                hash: Digest::new(hash),
            }),
            _ => Err(damaged()),
        }
    }

    /// Chains the entry that is to follow, which is where the log ends then.
    pub(super) fn follow(
        &mut self,
        entry: &AuditRecord,
        sign: impl FnOnce(&Digest) -> Option<AuditSignature>,
    ) -> Result<(u64, Sealed), StoreError> {
        let seq = self.seq.saturating_add(1);
        let sealed = seal(&entry.entry(seq), &self.hash, sign).map_err(EngineError::Line)?;
        *self = Self {
            seq,
            hash: sealed.hash,
        };
        Ok((seq, sealed))
    }
}

/// Where the log ends; `Damaged` when entries that were there are gone from the end.
pub(super) fn newest(db: &Connection) -> Result<Head, StoreError> {
    let given: Option<i64> = db
        .query_row(
            "SELECT seq FROM sqlite_sequence WHERE name = 'audit'",
            [],
            |row| row.get(0),
        )
        .optional()?;
    let head = Head::read(db)?;
    match integer(head.seq)? == given.unwrap_or(0) {
        true => Ok(head),
        false => Err(damaged()),
    }
}

/// Folds into the database what a crash has left in the journal; gives where the log ends then.
pub(super) fn recover(connection: &mut Connection, found: &Found) -> Result<Head, StoreError> {
    let mut head = newest(connection)?;
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    for (_, line) in found.after(head.seq, head.hash) {
        let record = journal::record(line.entry).ok_or_else(damaged)?;
        let (seq, sealed) = head.follow(&record, |_| line.signature)?;
        // It was read as what it is.
        if sealed.hash != line.hash {
            return Err(damaged());
        }
        apply::audit::insert(&transaction, seq, &record, &sealed.hash, sealed.signature)?;
    }
    transaction.commit()?;
    Ok(head)
}

/// Chains the entries of a version of this program that had no chain.
pub(super) fn adopt(connection: &mut Connection) -> Result<(), StoreError> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let chained: Option<(i64, [u8; 32])> = transaction
        .query_row(
            "SELECT seq, hash FROM audit WHERE hash IS NOT NULL ORDER BY seq DESC LIMIT 1",
            [],
            |row| Ok((row.get(0)?, row.get(1)?)),
        )
        .optional()?;
    let (last, hash) = chained.unwrap_or((0, *GENESIS.as_bytes()));
    let mut previous = Digest::new(hash);
    {
        let mut unchained =
            transaction.prepare("SELECT * FROM audit WHERE seq > ?1 ORDER BY seq")?;
        let mut write = transaction.prepare("UPDATE audit SET hash = ?2 WHERE seq = ?1")?;
        let mut rows = unchained.query([last])?;
        while let Some(row) = rows.next()? {
            let entry = rows::audit(row)?;
            let sealed =
                seal(&entry.entry(entry.seq), &previous, |_| None).map_err(EngineError::Line)?;
            previous = sealed.hash;
            write.execute(params![integer(entry.seq)?, previous.as_bytes()])?;
        }
    }
    transaction.commit()?;
    Ok(())
}

fn damaged() -> StoreError {
    StoreError::Damaged { what: "audit log" }
}

//! Commits batches: entries of the audit log alone in the journal, anything else in the database.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use rusqlite::{Connection, Transaction, TransactionBehavior};
use sallyport_model::audit::Sealed;
use tokio::sync::watch;
use tracing::warn;

use super::super::{ChangeSeq, LogLine, StoreError, Write};
use super::EngineError;
use super::apply::{self, Applied, Traces};
use super::chain::Head;
use super::feed::Log;
use super::journal::{Chained, FOLD_AT, Journal};

/// What is written to, and told.
pub(super) struct Writing {
    /// The only one that writes.
    pub(super) connection: Connection,
    pub(super) journal: Journal,
    pub(super) head: Head,
    pub(super) announce: watch::Sender<ChangeSeq>,
    pub(super) log: Log,
}

/// What became of each batch.
pub(super) type Outcomes = Vec<Result<(), StoreError>>;

/// The one who writes.
pub(super) struct Committer {
    writing: Writing,
    unfolded: Arc<AtomicBool>,
    // Grows while the database takes nothing, so that it is not tried for every entry.
    fold_at: usize,
    traces: Traces,
}

impl fmt::Debug for Committer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Committer").finish_non_exhaustive()
    }
}

impl Committer {
    /// `unfolded` is kept: whether the journal has what the database does not have.
    pub(super) fn new(writing: Writing, unfolded: Arc<AtomicBool>) -> Self {
        Self {
            writing,
            unfolded,
            fold_at: FOLD_AT,
            // A crash may have come between a destruction and the removal of its traces.
            traces: Traces::InLog,
        }
    }

    /// Whether an entry is on the disk when it is committed.
    pub(super) fn waits_for_disk(&self) -> bool {
        self.writing.journal.waits_for_disk()
    }

    /// Commits batches together, with one sync. The inner results are of single batches; the outer error says
    /// that none was committed.
    pub(super) fn commit(&mut self, batches: Vec<Vec<Write>>) -> Result<Outcomes, StoreError> {
        let journal = &self.writing.journal;
        match batches.iter().all(|batch| journal.takes(batch)) {
            true => {
                let outcomes = batches.iter().map(|_| Ok(())).collect();
                self.note(batches)?;
                Ok(outcomes)
            }
            false => self.transact(&batches),
        }
    }

    /// Commits a batch if that takes a write to the journal and nothing else; otherwise gives it back.
    pub(super) fn commit_at_once(
        &mut self,
        batch: Vec<Write>,
    ) -> Result<Result<(), StoreError>, Vec<Write>> {
        match self.fold_is_due() || !self.writing.journal.takes(&batch) {
            true => Err(batch),
            false => Ok(self.note([batch])),
        }
    }

    /// Brings to the database what the journal has, if that is enough to be worth a transaction.
    pub(super) fn fold_if_due(&mut self) {
        if self.fold_is_due() {
            self.fold();
        }
    }

    fn fold_is_due(&self) -> bool {
        self.writing.journal.pending().len() >= self.fold_at
    }

    /// Brings to the database what the journal has. What is not folded now stays there.
    pub(super) fn fold(&mut self) {
        let folded = self.transact(&[]);
        let left = self.writing.journal.pending().len();
        self.fold_at = left.saturating_add(FOLD_AT);
        if let Err(error) = folded {
            warn!(%error, source = ?std::error::Error::source(&error), "the database does not take the journal of the audit log");
        }
    }

    // Entries only: in the journal.
    fn note(&mut self, batches: impl IntoIterator<Item = Vec<Write>>) -> Result<(), StoreError> {
        let writing = &mut self.writing;
        let mut head = writing.head;
        let mut chained = Vec::new();
        let mut lines = Vec::new();
        for write in batches.into_iter().flatten() {
            let Write::Audit(record) = write else {
                continue;
            };
            let (seq, Sealed { hash, line, .. }) = head.follow(&record, |_| None)?;
            chained.push(Chained { seq, record, hash });
            let line = Arc::from(line);
            lines.push(LogLine { seq, line });
        }
        let appended = writing.journal.append(chained, &lines);
        appended.map_err(EngineError::Journal)?;
        writing.head = head;
        self.unfolded.store(true, Ordering::Release);
        writing.log.committed(lines.into());
        Ok(())
    }

    // The inner results are of single batches; the outer error says that none was committed.
    fn transact(&mut self, batches: &[Vec<Write>]) -> Result<Outcomes, StoreError> {
        let writing = &mut self.writing;
        let mut transaction = writing
            .connection
            .transaction_with_behavior(TransactionBehavior::Immediate)?;
        for entry in writing.journal.pending() {
            let Chained { seq, record, hash } = entry;
            apply::audit::insert(&transaction, *seq, record, hash, None)?;
        }
        let mut head = writing.head;
        let mut newest = None;
        let mut traces = self.traces;
        let mut outcomes = Vec::with_capacity(batches.len());
        let mut lines = Vec::new();
        for batch in batches {
            let applied = apply_whole(&mut transaction, &mut head, batch, &mut lines)?;
            let outcome = applied.map(|applied| {
                newest = applied.change.or(newest);
                traces = traces.and(applied.traces);
                lines.extend(applied.log);
            });
            outcomes.push(outcome);
        }
        transaction.commit()?;
        writing.journal.folded();
        writing.head = head;
        self.unfolded.store(false, Ordering::Release);
        self.traces = traces;
        writing.log.committed(lines.into());
        if let Some(seq) = newest {
            writing.announce.send_replace(seq);
        }
        self.remove_traces();
        Ok(outcomes)
    }

    /// `secure_delete` zeroes the pages, but the log still holds them as they were: folds it into
    /// the file and cuts it to nothing.
    pub(super) fn remove_traces(&mut self) {
        if self.traces == Traces::None {
            return;
        }
        let busy =
            self.writing
                .connection
                .query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| {
                    row.get::<_, bool>(0)
                });
        match busy {
            Ok(false) => self.traces = Traces::None,
            Ok(true) => warn!("the write-ahead log is in use, destroyed data is removed later"),
            Err(error) => warn!(%error, "destroyed data is removed from the write-ahead log later"),
        }
    }
}

// All writes or none; an error outside means that the engine gave up the whole transaction. What was
// to be done by a refused batch is in the log, as failed.
fn apply_whole(
    transaction: &mut Transaction<'_>,
    head: &mut Head,
    batch: &[Write],
    lines: &mut Vec<LogLine>,
) -> Result<Result<Applied, StoreError>, StoreError> {
    let savepoint = transaction.savepoint()?;
    let before = *head;
    match apply::batch(&savepoint, head, batch) {
        Ok(applied) => {
            savepoint.commit()?;
            Ok(Ok(applied))
        }
        Err(error) => {
            savepoint.finish()?;
            *head = before;
            lines.extend(apply::refused(transaction, head, batch, &error)?);
            Ok(Err(error))
        }
    }
}

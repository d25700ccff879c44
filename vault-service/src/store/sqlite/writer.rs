//! The thread that writes. Batches that wait together are committed together, with one sync: entries of
//! the audit log alone in the journal, anything else in the database.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use rusqlite::{Connection, Transaction, TransactionBehavior};
use sallyport_model::audit::Sealed;
use tokio::sync::{mpsc, oneshot, watch};
use tracing::warn;

use super::super::{ChangeSeq, LogLine, StoreError, Write};
use super::EngineError;
use super::apply::{self, Applied, Traces};
use super::chain::Head;
use super::feed::Log;
use super::journal::{Chained, FOLD_AT, Journal};

// Callers wait for room when this many batches are queued.
const QUEUE: usize = 256;

// The most batches in one transaction; keeps the wait of the first bounded.
const TOGETHER: usize = 64;

// When so many were committed together, as many are likely to come again: then it is worth a wait, for each
// sync that is saved is more work than a record.
const SIBLINGS: usize = 4;
const WAIT: Duration = Duration::from_micros(100);

/// Hands batches to the writer thread. Dropping it waits for the batches that are queued.
#[derive(Debug)]
pub(super) struct Writer {
    queue: Option<mpsc::Sender<Job>>,
    unfolded: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Debug)]
struct Job {
    batch: Vec<Write>,
    answer: oneshot::Sender<Result<(), StoreError>>,
}

/// What the thread writes to, and tells.
pub(super) struct Writing {
    /// The only one that writes.
    pub(super) connection: Connection,
    pub(super) journal: Journal,
    pub(super) head: Head,
    pub(super) announce: watch::Sender<ChangeSeq>,
    pub(super) log: Log,
}

impl Writer {
    /// Starts the thread.
    pub(super) fn start(writing: Writing) -> Result<Self, StoreError> {
        let (queue, jobs) = mpsc::channel(QUEUE);
        let unfolded = Arc::new(AtomicBool::new(false));
        let mut committer = Committer {
            writing,
            unfolded: Arc::clone(&unfolded),
            fold_at: FOLD_AT,
            // A crash may have come between a destruction and the removal of its traces.
            traces: Traces::InLog,
        };
        let thread = thread::Builder::new()
            .name("store-writer".to_owned())
            .spawn(move || committer.run(jobs))
            .map_err(|error| StoreError::Engine(Box::new(error)))?;
        Ok(Self {
            queue: Some(queue),
            unfolded,
            thread: Some(thread),
        })
    }

    /// How many batches are queued.
    pub(super) fn waiting(&self) -> usize {
        let queue = self.queue.as_ref();
        queue.map_or(0, |queue| queue.max_capacity() - queue.capacity())
    }

    /// Returns when the batch is on the disk or refused. A caller that stops waiting does not stop
    /// the batch.
    pub(super) async fn commit(&self, batch: Vec<Write>) -> Result<(), StoreError> {
        let (answer, answered) = oneshot::channel();
        let queue = self.queue.as_ref().ok_or(EngineError::WriterStopped)?;
        queue
            .send(Job { batch, answer })
            .await
            .map_err(|_| EngineError::WriterStopped)?;
        answered.await.map_err(|_| EngineError::WriterStopped)?
    }

    /// Returns when the database has every entry of the log that was committed before.
    pub(super) async fn fold(&self) -> Result<(), StoreError> {
        match self.unfolded.load(Ordering::Acquire) {
            true => self.commit(Vec::new()).await,
            false => Ok(()),
        }
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        drop(self.queue.take());
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            warn!("the writer of the store had stopped early");
        }
    }
}

/// What became of each batch.
type Outcomes = Vec<Result<(), StoreError>>;

struct Committer {
    writing: Writing,
    unfolded: Arc<AtomicBool>,
    // Grows while the database takes nothing, so that it is not tried for every entry.
    fold_at: usize,
    traces: Traces,
}

impl Committer {
    fn run(&mut self, mut jobs: mpsc::Receiver<Job>) {
        self.remove_traces();
        let mut siblings = 0;
        while let Some(first) = jobs.blocking_recv() {
            if siblings >= SIBLINGS && jobs.len() + 1 < siblings {
                thread::sleep(WAIT);
            }
            let mut together = vec![first];
            while together.len() < TOGETHER {
                let Ok(job) = jobs.try_recv() else { break };
                together.push(job);
            }
            siblings = together.len();
            self.commit(together);
            if self.writing.journal.pending().len() >= self.fold_at {
                self.fold();
            }
        }
        self.fold();
    }

    fn commit(&mut self, mut jobs: Vec<Job>) {
        let journal = &self.writing.journal;
        let written = match jobs.iter().all(|job| journal.takes(&job.batch)) {
            true => {
                let batches = jobs.iter_mut().map(|job| std::mem::take(&mut job.batch));
                let batches = batches.collect();
                self.note(batches)
            }
            false => self.transact(&jobs),
        };
        match written {
            Ok(outcomes) => {
                for (job, outcome) in jobs.into_iter().zip(outcomes) {
                    answer(job, outcome);
                }
            }
            Err(error) => {
                let error = Arc::new(error);
                for job in jobs {
                    let error = EngineError::NotCommitted(Arc::clone(&error));
                    answer(job, Err(error.into()));
                }
            }
        }
    }

    // What is not folded now stays in the journal.
    fn fold(&mut self) {
        let folded = self.transact(&[]);
        let left = self.writing.journal.pending().len();
        self.fold_at = left.saturating_add(FOLD_AT);
        if let Err(error) = folded {
            warn!(%error, source = ?std::error::Error::source(&error), "the database does not take the journal of the audit log");
        }
    }

    // Entries only: in the journal.
    fn note(&mut self, batches: Vec<Vec<Write>>) -> Result<Outcomes, StoreError> {
        let writing = &mut self.writing;
        let mut head = writing.head;
        let outcomes = batches.iter().map(|_| Ok(())).collect();
        let mut chained = Vec::with_capacity(batches.len());
        let mut lines = Vec::with_capacity(batches.len());
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
        Ok(outcomes)
    }

    // The inner results are of single batches; the outer error says that none was committed.
    fn transact(&mut self, jobs: &[Job]) -> Result<Outcomes, StoreError> {
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
        let mut outcomes = Vec::with_capacity(jobs.len());
        let mut lines = Vec::new();
        for job in jobs {
            let outcome =
                apply_whole(&mut transaction, &mut head, &job.batch, &mut lines)?.map(|applied| {
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

    // `secure_delete` zeroes the pages, but the log still holds them as they were: fold it into
    // the file and cut it to nothing.
    fn remove_traces(&mut self) {
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

fn answer(job: Job, outcome: Result<(), StoreError>) {
    // A caller that stopped waiting has no use for the answer.
    let _ = job.answer.send(outcome);
}

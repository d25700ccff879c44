//! The thread that writes. Batches that wait together are committed together, with one sync.

use std::sync::Arc;
use std::thread::{self, JoinHandle};

use rusqlite::{Connection, Transaction, TransactionBehavior};
use tokio::sync::{mpsc, oneshot, watch};
use tracing::warn;

use super::super::{ChangeSeq, LogLine, StoreError, Write};
use super::EngineError;
use super::apply::{self, Applied, Traces};
use super::feed::Log;

// Callers wait for room when this many batches are queued.
const QUEUE: usize = 256;

// The most batches in one transaction; keeps the wait of the first bounded.
const TOGETHER: usize = 64;

/// Hands batches to the writer thread. Dropping it waits for the batches that are queued.
#[derive(Debug)]
pub(super) struct Writer {
    queue: Option<mpsc::Sender<Job>>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Debug)]
struct Job {
    batch: Vec<Write>,
    answer: oneshot::Sender<Result<(), StoreError>>,
}

impl Writer {
    /// Starts the thread on the only connection that writes.
    pub(super) fn start(
        connection: Connection,
        announce: watch::Sender<ChangeSeq>,
        log: Log,
    ) -> Result<Self, StoreError> {
        let (queue, jobs) = mpsc::channel(QUEUE);
        let mut committer = Committer {
            connection,
            announce,
            log,
            // A crash may have come between a destruction and the removal of its traces.
            traces: Traces::InLog,
        };
        let thread = thread::Builder::new()
            .name("store-writer".to_owned())
            .spawn(move || committer.run(jobs))
            .map_err(|error| StoreError::Engine(Box::new(error)))?;
        Ok(Self {
            queue: Some(queue),
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

struct Committer {
    connection: Connection,
    announce: watch::Sender<ChangeSeq>,
    log: Log,
    traces: Traces,
}

impl Committer {
    fn run(&mut self, mut jobs: mpsc::Receiver<Job>) {
        self.remove_traces();
        while let Some(first) = jobs.blocking_recv() {
            let mut together = vec![first];
            while together.len() < TOGETHER {
                let Ok(job) = jobs.try_recv() else { break };
                together.push(job);
            }
            self.commit(together);
        }
    }

    fn commit(&mut self, jobs: Vec<Job>) {
        match self.transact(&jobs) {
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

    // The inner results are of single batches; the outer error says that none was committed.
    fn transact(&mut self, jobs: &[Job]) -> Result<Vec<Result<(), StoreError>>, StoreError> {
        let mut transaction = self
            .connection
            .transaction_with_behavior(TransactionBehavior::Immediate)?;
        let mut newest = None;
        let mut traces = self.traces;
        let mut outcomes = Vec::with_capacity(jobs.len());
        let mut lines = Vec::new();
        for job in jobs {
            let outcome = apply_whole(&mut transaction, &job.batch, &mut lines)?.map(|applied| {
                newest = applied.change.or(newest);
                traces = traces.and(applied.traces);
                lines.extend(applied.log);
            });
            outcomes.push(outcome);
        }
        transaction.commit()?;
        self.traces = traces;
        self.log.committed(lines.into());
        if let Some(seq) = newest {
            self.announce.send_replace(seq);
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
        let busy = self
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
    batch: &[Write],
    lines: &mut Vec<LogLine>,
) -> Result<Result<Applied, StoreError>, StoreError> {
    let savepoint = transaction.savepoint()?;
    match apply::batch(&savepoint, batch) {
        Ok(applied) => {
            savepoint.commit()?;
            Ok(Ok(applied))
        }
        Err(error) => {
            savepoint.finish()?;
            lines.extend(apply::refused(transaction, batch, &error)?);
            Ok(Err(error))
        }
    }
}

fn answer(job: Job, outcome: Result<(), StoreError>) {
    // A caller that stopped waiting has no use for the answer.
    let _ = job.answer.send(outcome);
}

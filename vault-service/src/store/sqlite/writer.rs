//! The thread that writes. Batches that wait together are committed together, with one sync.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, TryLockError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};
use tracing::warn;

use super::super::{StoreError, Write};
use super::EngineError;
use super::committer::{Committer, Writing};

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
    // Where no entry waits for the disk: to go to the thread and back is more work than to write one.
    at_once: Option<Arc<Mutex<Committer>>>,
    unfolded: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Debug)]
struct Job {
    batch: Vec<Write>,
    answer: oneshot::Sender<Result<(), StoreError>>,
}

impl Writer {
    /// Starts the thread.
    pub(super) fn start(writing: Writing) -> Result<Self, StoreError> {
        let (queue, jobs) = mpsc::channel(QUEUE);
        let unfolded = Arc::new(AtomicBool::new(false));
        let committer = Committer::new(writing, Arc::clone(&unfolded));
        let waits_for_disk = committer.waits_for_disk();
        let committer = Arc::new(Mutex::new(committer));
        let at_once = (!waits_for_disk).then(|| Arc::clone(&committer));
        let thread = thread::Builder::new()
            .name("store-writer".to_owned())
            .spawn(move || run(&committer, jobs, waits_for_disk))
            .map_err(|error| StoreError::Engine(Box::new(error)))?;
        Ok(Self {
            queue: Some(queue),
            at_once,
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
        let batch = match self.commit_at_once(batch) {
            Ok(outcome) => return outcome,
            Err(batch) => batch,
        };
        let (answer, answered) = oneshot::channel();
        let queue = self.queue.as_ref().ok_or(EngineError::WriterStopped)?;
        queue
            .send(Job { batch, answer })
            .await
            .map_err(|_| EngineError::WriterStopped)?;
        answered.await.map_err(|_| EngineError::WriterStopped)?
    }

    fn commit_at_once(&self, batch: Vec<Write>) -> Result<Result<(), StoreError>, Vec<Write>> {
        match self.at_once.as_ref().map(|committer| committer.try_lock()) {
            Some(Ok(mut committer)) => committer.commit_at_once(batch),
            Some(Err(TryLockError::Poisoned(_))) => Ok(Err(EngineError::WriterStopped.into())),
            Some(Err(TryLockError::WouldBlock)) | None => Err(batch),
        }
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

// Ends with the queue, or when whoever has written panicked: nobody knows then where the log ends.
fn run(committer: &Mutex<Committer>, mut jobs: mpsc::Receiver<Job>, waits_for_disk: bool) {
    let Ok(mut committing) = committer.lock() else {
        return;
    };
    committing.remove_traces();
    drop(committing);
    let mut siblings = 0;
    while let Some(first) = jobs.blocking_recv() {
        if waits_for_disk && siblings >= SIBLINGS && jobs.len() + 1 < siblings {
            thread::sleep(WAIT);
        }
        let mut together = vec![first];
        while together.len() < TOGETHER {
            let Ok(job) = jobs.try_recv() else { break };
            together.push(job);
        }
        siblings = together.len();
        let Ok(mut committer) = committer.lock() else {
            return;
        };
        commit(&mut committer, together);
        committer.fold_if_due();
    }
    if let Ok(mut committer) = committer.lock() {
        committer.fold();
    }
}

fn commit(committer: &mut Committer, jobs: Vec<Job>) {
    let jobs = jobs
        .into_iter()
        .map(|Job { batch, answer }| (batch, answer));
    let (batches, answers): (Vec<_>, Vec<_>) = jobs.unzip();
    // A caller that stopped waiting has no use for its answer.
    match committer.commit(batches) {
        Ok(outcomes) => {
            for (answer, outcome) in answers.into_iter().zip(outcomes) {
                let _ = answer.send(outcome);
            }
        }
        Err(error) => {
            let error = Arc::new(error);
            for answer in answers {
                let error = EngineError::NotCommitted(Arc::clone(&error));
                let _ = answer.send(Err(error.into()));
            }
        }
    }
}

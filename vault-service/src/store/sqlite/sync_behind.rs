//! Syncs the journal behind the writer, so that a read waits for no disk.

use std::fs::File;
use std::io;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use tracing::error;

/// A crash of the machine loses what was written for so long, and while a sync takes.
const INTERVAL: Duration = Duration::from_millis(10);

/// A thread that syncs a file after it was written to. Dropping it waits for the last sync.
#[derive(Debug)]
pub(super) struct SyncBehind {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Debug, Default)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Clone, Copy, Debug, Default)]
struct State {
    written: bool,
    failed: bool,
    stopped: bool,
}

impl SyncBehind {
    /// Starts the thread.
    pub(super) fn start(file: File) -> io::Result<Self> {
        let shared = Arc::new(Shared::default());
        let follower = Arc::clone(&shared);
        let thread = thread::Builder::new()
            .name("journal-sync".to_owned())
            .spawn(move || follower.run(&file))?;
        Ok(Self {
            shared,
            thread: Some(thread),
        })
    }

    /// The file was written to.
    pub(super) fn written(&self) {
        let mut state = self.shared.state();
        if !state.written {
            state.written = true;
            self.shared.changed.notify_one();
        }
    }

    /// A sync has failed: what was written is perhaps on no disk, and another sync would not say so.
    pub(super) fn failed(&self) -> bool {
        self.shared.state().failed
    }

    /// What was written is on a disk elsewhere.
    pub(super) fn settled(&self) {
        self.shared.state().failed = false;
    }
}

impl Drop for SyncBehind {
    fn drop(&mut self) {
        self.shared.state().stopped = true;
        self.shared.changed.notify_one();
        if let Some(thread) = self.thread.take() {
            // It says itself what failed.
            let _ = thread.join();
        }
    }
}

impl Shared {
    // A state is whole whoever panicked.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn run(&self, file: &File) {
        while self.await_writing() {
            if let Err(error) = file.sync_data() {
                error!(%error, "the journal of the audit log cannot be synced");
                self.state().failed = true;
            }
        }
    }

    /// Returns when there is something to sync, an interval after it was written; `false` when there never will be.
    fn await_writing(&self) -> bool {
        let idle = |state: &mut State| !state.written && !state.stopped;
        let state = self.changed.wait_while(self.state(), idle);
        let state = state.unwrap_or_else(PoisonError::into_inner);
        let running = |state: &mut State| !state.stopped;
        let waited = self.changed.wait_timeout_while(state, INTERVAL, running);
        let (mut state, _) = waited.unwrap_or_else(PoisonError::into_inner);
        std::mem::take(&mut state.written)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sync_that_fails_is_known_until_it_is_settled() {
        // A file that takes every write and cannot be synced.
        let device = File::options().write(true).open("/dev/null").unwrap();
        let behind = SyncBehind::start(device).unwrap();
        assert!(!behind.failed());
        behind.written();
        while !behind.failed() {
            thread::yield_now();
        }
        behind.settled();
        assert!(!behind.failed());
    }
}

//! Read-only connections, a few, each used by one read at a time.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rusqlite::{Connection, Transaction};
use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;

use super::super::StoreError;
use super::{EngineError, schema};

const READERS: usize = 4;

/// Runs reads off the async threads, at most [`READERS`] at a time.
pub(super) struct ReadPool {
    permits: Arc<Semaphore>,
    idle: Arc<Idle>,
}

struct Idle {
    path: PathBuf,
    connections: Mutex<Vec<Connection>>,
}

impl ReadPool {
    /// Connections are opened when they are first needed.
    pub(super) fn new(path: &Path) -> Self {
        Self {
            permits: Arc::new(Semaphore::new(READERS)),
            idle: Arc::new(Idle {
                path: path.to_owned(),
                connections: Mutex::default(),
            }),
        }
    }

    /// Runs one read; all its statements see the same state of the database.
    pub(super) async fn read<T, F>(&self, read: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&Transaction<'_>) -> Result<T, StoreError> + Send + 'static,
    {
        let permit = Arc::clone(&self.permits)
            .acquire_owned()
            .await
            .map_err(|_| EngineError::ReadersStopped)?;
        let idle = Arc::clone(&self.idle);
        spawn_blocking(move || {
            // In here, so that a read whose caller went away still counts.
            let _permit = permit;
            idle.read(read)
        })
        .await
        .map_err(|_| EngineError::ReadersStopped)?
    }
}

impl fmt::Debug for ReadPool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReadPool")
            .field("path", &self.idle.path)
            .finish_non_exhaustive()
    }
}

impl Idle {
    fn read<T>(
        &self,
        read: impl FnOnce(&Transaction<'_>) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let idle = self.connections().pop();
        let mut connection = match idle {
            Some(connection) => connection,
            None => schema::open_for_reading(&self.path)?,
        };
        // A connection that cannot begin or end a transaction is not kept.
        let transaction = connection.transaction()?;
        let answer = read(&transaction);
        transaction.finish()?;
        self.connections().push(connection);
        answer
    }

    fn connections(&self) -> MutexGuard<'_, Vec<Connection>> {
        self.connections
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

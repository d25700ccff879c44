//! Read-only connections, a few, each used by one read at a time: a look at a few rows is made where it is asked for,
//! for handing it to a thread takes longer than the look; what may take its time has threads.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rusqlite::{Connection, ErrorCode, Transaction};
use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;

use super::super::StoreError;
use super::{EngineError, schema};

const READERS: usize = 4;

/// Runs reads.
pub(super) struct ReadPool {
    permits: Arc<Semaphore>,
    idle: Arc<Idle>,
    impatient: Idle,
}

struct Idle {
    path: PathBuf,
    // How long a read waits for another process that holds the file.
    patience: Duration,
    connections: Mutex<Vec<Connection>>,
}

impl ReadPool {
    /// Connections are opened when they are first needed.
    pub(super) fn new(path: &Path) -> Self {
        Self {
            permits: Arc::new(Semaphore::new(READERS)),
            idle: Arc::new(Idle::new(path, schema::BUSY_TIMEOUT)),
            impatient: Idle::new(path, Duration::ZERO),
        }
    }

    /// Runs one read of a few short rows here and now; all its statements see the same state of the database.
    /// When another process holds the file, a thread waits for it.
    pub(super) async fn look_up<T, F>(&self, read: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: Fn(&Transaction<'_>) -> Result<T, StoreError> + Send + 'static,
    {
        match self.impatient.read(&read) {
            Err(error) if is_busy(&error) => self.read(read).await,
            answer => answer,
        }
    }

    /// Runs one read off the async threads, with at most [`READERS`] at a time; all its statements see the same
    /// state of the database.
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
    fn new(path: &Path, patience: Duration) -> Self {
        Self {
            path: path.to_owned(),
            patience,
            connections: Mutex::default(),
        }
    }

    fn read<T>(
        &self,
        read: impl FnOnce(&Transaction<'_>) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let idle = self.connections().pop();
        let mut connection = match idle {
            Some(connection) => connection,
            None => {
                let connection = schema::open_for_reading(&self.path)?;
                connection.busy_timeout(self.patience)?;
                connection
            }
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

fn is_busy(error: &StoreError) -> bool {
    let StoreError::Engine(source) = error else {
        return false;
    };
    let source = source.downcast_ref::<rusqlite::Error>();
    source.and_then(rusqlite::Error::sqlite_error_code) == Some(ErrorCode::DatabaseBusy)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use tempfile::TempDir;

    use super::*;

    #[tokio::test]
    async fn a_look_at_a_held_file_waits_on_a_thread_until_it_is_free() {
        let place = TempDir::new().unwrap();
        let path = place.path().join("held.db");
        let holder = Connection::open(&path).unwrap();
        holder
            .execute_batch("CREATE TABLE t (n); INSERT INTO t VALUES (7); BEGIN EXCLUSIVE;")
            .unwrap();
        let pool = Arc::new(ReadPool::new(&path));
        let looking = Arc::clone(&pool);
        let look = tokio::spawn(async move {
            let read = |db: &Transaction<'_>| {
                Ok(db.query_row("SELECT n FROM t", [], |row| row.get::<_, i64>(0))?)
            };
            looking.look_up(read).await
        });
        // This runtime has one thread: it goes on while the look waits.
        while pool.permits.available_permits() == READERS {
            tokio::task::yield_now().await;
        }
        holder.execute_batch("COMMIT").unwrap();
        assert_eq!(look.await.unwrap().unwrap(), 7);
    }
}

//! SQLite: one file, one writer thread that commits what is queued together, a few readers. Entries of
//! the audit log that tell of no write are in a [`journal`] first.

mod apply;
mod chain;
mod committer;
mod error;
mod feed;
mod journal;
#[cfg(test)]
mod journal_tests;
#[cfg(test)]
mod migration_tests;
mod pool;
mod reads;
mod rows;
mod schema;
mod store;
mod stored_log;
mod sync_behind;
#[cfg(test)]
mod tests;
mod words;
mod writer;

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use sallyport_model::{EnvironmentId, OrganizationId};
use tokio::sync::watch;
use uuid::Uuid;

use self::committer::Writing;
use self::error::{EngineError, file_error};
use self::feed::Log;
use self::journal::{Found, Journal};
use self::pool::ReadPool;
pub use self::stored_log::StoredLog;
use self::writer::Writer;
use super::{AuditDurability, AuditPlace, ChangeSeq, StoreError};

/// The store in one SQLite file. Dropping it finishes the batches that are queued and closes the
/// file.
#[derive(Debug)]
pub struct SqliteStore {
    changes: watch::Receiver<ChangeSeq>,
    log: Log,
    // Before the writer: the last connection to close folds the log into the file, and only a
    // writer can.
    readers: ReadPool,
    writer: Writer,
}

impl SqliteStore {
    /// Makes a new database, readable by its owner only. `Taken` when there is a file already.
    pub fn create(path: &Path) -> Result<Self, StoreError> {
        OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(path)
            .map_err(|error| match error.kind() {
                io::ErrorKind::AlreadyExists => StoreError::Taken {
                    what: "database file",
                },
                _ => file_error(path, error),
            })?;
        let store = Self::open(path, AuditDurability::Disk)?;
        sync_directory_of(path)?;
        Ok(store)
    }

    /// Opens a database and brings its schema up to date. `TooNew` when a newer program wrote it.
    pub fn open(path: &Path, durability: AuditDurability) -> Result<Self, StoreError> {
        let mut connection = schema::open_for_writing(path)?;
        chain::adopt(&mut connection)?;
        let head = chain::recover(&mut connection, &Found::beside(path)?)?;
        let (announce, changes) = watch::channel(reads::change_seq(&connection)?);
        let log = Log::at(head.seq);
        let writing = Writing {
            connection,
            journal: Journal::open(path, durability)?,
            head,
            announce,
            log: log.clone(),
        };
        Ok(Self {
            changes,
            log,
            readers: ReadPool::new(path),
            writer: Writer::start(writing)?,
        })
    }

    /// Reads entries of the log, of which the database has every one then.
    async fn read_log<T, F>(&self, read: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&rusqlite::Transaction<'_>) -> Result<T, StoreError> + Send + 'static,
    {
        self.writer.fold().await?;
        self.readers.read(read).await
    }
}

// A new file is only there after a crash of the machine when its directory was synced, too.
fn sync_directory_of(path: &Path) -> Result<(), StoreError> {
    let directory = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    File::open(directory)
        .and_then(|directory| directory.sync_all())
        .map_err(|error| file_error(directory, error))
}

/// A place as its columns: no environment outside of one, the nil UUID for the vault itself.
fn ids_of_place(place: AuditPlace) -> (OrganizationId, Option<EnvironmentId>) {
    match place {
        AuditPlace::Environment(scope) => (scope.organization, Some(scope.environment)),
        AuditPlace::Organization(organization) => (organization, None),
        AuditPlace::Vault => (OrganizationId::new(Uuid::nil()), None),
    }
}

// The engine's integers are signed.
fn integer(number: u64) -> Result<i64, StoreError> {
    i64::try_from(number).map_err(|_| EngineError::NumberTooLarge(number).into())
}

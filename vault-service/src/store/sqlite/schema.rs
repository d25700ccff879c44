//! The schema of the file: connections with the right settings, and migrations.

use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, OpenFlags, TransactionBehavior};

use super::super::StoreError;
use super::EngineError;

/// One script per schema version; the version is how many of them were applied.
const MIGRATIONS: &[&str] = &[
    include_str!("migrations/0001_initial.sql"),
    include_str!("migrations/0002_versions.sql"),
    include_str!("migrations/0003_permissions.sql"),
    include_str!("migrations/0004_published_lists.sql"),
    include_str!("migrations/0005_signed_lists.sql"),
    include_str!("migrations/0006_crl_fetch.sql"),
    include_str!("migrations/0007_enrolment.sql"),
    include_str!("migrations/0008_audit_chain.sql"),
    include_str!("migrations/0009_grant_reach.sql"),
    include_str!("migrations/0010_external_identity.sql"),
    include_str!("migrations/0011_audit_trace.sql"),
];

const KNOWN: u32 = MIGRATIONS.len() as u32;

// Longer than any read of ours; another process may hold the file during a backup.
pub(super) const BUSY_TIMEOUT: Duration = Duration::from_secs(10);

// Every statement of this store fits.
const STATEMENTS: usize = 128;

/// Opens the one connection that writes, and migrates.
pub(super) fn open_for_writing(path: &Path) -> Result<Connection, StoreError> {
    let mut connection = open(path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    // Refused before the journal mode is touched: a newer file stays as it is.
    applied(&connection)?;
    let found: String =
        connection.pragma_update_and_check(None, "journal_mode", "WAL", |row| row.get(0))?;
    if found != "wal" {
        return Err(EngineError::NoWriteAheadLog { found }.into());
    }
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "secure_delete", "ON")?;
    migrate(&mut connection)?;
    Ok(connection)
}

/// Opens a connection that cannot write.
pub(super) fn open_for_reading(path: &Path) -> Result<Connection, StoreError> {
    open(path, OpenFlags::SQLITE_OPEN_READ_ONLY)
}

fn open(path: &Path, mode: OpenFlags) -> Result<Connection, StoreError> {
    let connection = Connection::open_with_flags(path, mode | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    connection.busy_timeout(BUSY_TIMEOUT)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    connection.pragma_update(None, "foreign_keys", "ON")?;
    connection.pragma_update(None, "trusted_schema", "OFF")?;
    // Pages that are set aside for a roll back stay out of the temporary directory.
    connection.pragma_update(None, "temp_store", "MEMORY")?;
    Ok(connection)
}

/// Brings the schema up to date. Foreign keys are off meanwhile, so that a script can make a table
/// anew without losing the rows that point at it; none is committed that leaves one dangling.
fn migrate(connection: &mut Connection) -> Result<(), StoreError> {
    connection.pragma_update(None, "foreign_keys", "OFF")?;
    apply_missing(connection)?;
    connection.pragma_update(None, "foreign_keys", "ON")?;
    Ok(())
}

fn apply_missing(connection: &mut Connection) -> Result<(), StoreError> {
    loop {
        // The version is read inside, so that two programs starting at once migrate once.
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let version = applied(&transaction)?;
        let Some(script) = MIGRATIONS.get(version as usize) else {
            return Ok(());
        };
        transaction.execute_batch(script)?;
        let dangling = transaction
            .prepare("PRAGMA foreign_key_check")?
            .exists([])?;
        if dangling {
            return Err(StoreError::Damaged {
                what: "foreign key",
            });
        }
        transaction.pragma_update(None, "user_version", version + 1)?;
        transaction.commit()?;
    }
}

fn applied(connection: &Connection) -> Result<u32, StoreError> {
    let version: i64 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
    let found = u32::try_from(version).map_err(|_| StoreError::Damaged {
        what: "schema version",
    })?;
    if found > KNOWN {
        return Err(StoreError::TooNew {
            found,
            known: KNOWN,
        });
    }
    Ok(found)
}

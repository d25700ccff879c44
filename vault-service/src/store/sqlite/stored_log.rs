//! The audit log as a file has it, for who does not open the store.

use std::path::Path;

use super::super::{LogLine, StoreError};
use super::chain::Head;
use super::journal::Found;
use super::{reads, schema};

/// The audit log in the file of a store, which may be in use; nothing is written.
#[derive(Debug)]
pub struct StoredLog {
    database: rusqlite::Connection,
    journal: Found,
}

impl StoredLog {
    /// Opens a database of this version of the program.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        Ok(Self {
            // First: what is folded meanwhile is in the database.
            journal: Found::beside(path)?,
            database: schema::open_for_reading(path)?,
        })
    }

    /// Lines after a position, oldest first.
    pub fn after(&self, after: u64, limit: u32) -> Result<Vec<LogLine>, StoreError> {
        // Both at one moment: what is folded in between would be in neither.
        let database = self.database.unchecked_transaction()?;
        let mut lines = reads::log(&database, after, limit)?;
        let head = Head::read(&database)?;
        let room = usize::try_from(limit).unwrap_or(usize::MAX) - lines.len();
        let journal = self.journal.after(head.seq, head.hash);
        let rest = journal.map(|(line, _)| line);
        lines.extend(rest.filter(|line| line.seq > after).take(room));
        Ok(lines)
    }
}

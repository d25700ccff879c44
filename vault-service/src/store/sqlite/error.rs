//! What can go wrong around the engine.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use thiserror::Error;

use super::super::StoreError;

/// What can go wrong around the engine; the source of `StoreError::Engine`.
#[derive(Debug, Error)]
pub(super) enum EngineError {
    #[error("database file {path}")]
    File {
        path: PathBuf,
        #[source]
        source: io::Error,
    },
    #[error("journal mode is {found}, the file system has no write-ahead log")]
    NoWriteAheadLog { found: String },
    #[error("the writer has stopped")]
    WriterStopped,
    #[error("the readers have stopped")]
    ReadersStopped,
    #[error("the transaction was not committed")]
    NotCommitted(#[source] Arc<StoreError>),
    #[error("a write contradicts itself: {what}")]
    Contradiction { what: &'static str },
    #[error("the journal of the audit log cannot be written")]
    Journal(#[source] io::Error),
    #[error("an audit entry cannot be written as a line")]
    Line(#[source] serde_json::Error),
    #[error("number {0} does not fit")]
    NumberTooLarge(u64),
}

impl From<EngineError> for StoreError {
    fn from(error: EngineError) -> Self {
        Self::Engine(Box::new(error))
    }
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        use rusqlite::ErrorCode::{DatabaseCorrupt, NotADatabase};
        match error.sqlite_error_code() {
            Some(DatabaseCorrupt | NotADatabase) => Self::Damaged { what: "database" },
            _ => Self::Engine(Box::new(error)),
        }
    }
}

pub(super) fn file_error(path: &Path, source: io::Error) -> StoreError {
    let path = path.to_owned();
    EngineError::File { path, source }.into()
}

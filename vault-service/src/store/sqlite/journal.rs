//! The end of the audit log, where a record is durable with one write and one sync: a transaction of the
//! database costs several times that. Beside the database, as `sallyport.audit`.
//!
//! It holds lines of the log, in the log's own format. The writer folds them into the database before
//! every transaction, so that the database never has an entry without those before it, and begins
//! again at the start of the file: what it writes over is in the database. What follows from the
//! database's last entry is the log; the first line that does not follow is older than that, or was cut
//! by a crash before anybody was told that it is durable.

use std::borrow::Cow;
use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::{FileExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use sallyport_model::Scope;
use sallyport_model::audit::{AuditEntry, AuditLine, MAX_LINE};
use sallyport_pki::Digest;

use super::super::{
    ActorKind, AuditDurability, AuditOutcome, AuditPlace, AuditRecord, LogLine, StoreError, Write,
};
use super::sync_behind::SyncBehind;
use super::words::Word as _;
use super::{file_error, integer, sync_directory_of};
use crate::clock;

/// Entries that are folded at once: so few that nobody notices the pause.
pub(super) const FOLD_AT: usize = 256;

/// Entries that are taken while the database takes none; then the journal takes none either.
const MOST: usize = 16 * 1024;

/// Written once, so that a sync has no size of a file to keep.
const ALLOCATED: usize = 512 * 1024;

/// Longest texts of an entry that is written here; JSON makes them six times as long at most.
const MAX_TEXT: usize = MAX_LINE / 8;

/// An entry with its place in the chain.
#[derive(Clone, Debug)]
pub(super) struct Chained {
    pub(super) seq: u64,
    pub(super) record: AuditRecord,
    pub(super) hash: Digest,
}

/// The file, and what of it is not in the database.
#[derive(Debug)]
pub(super) struct Journal {
    file: File,
    // Unless it is synced before an answer.
    behind: Option<SyncBehind>,
    end: u64,
    pending: Vec<Chained>,
    // Kept from one write to the next.
    bytes: Vec<u8>,
}

impl Journal {
    /// Opens the journal of a database that has everything of it, or makes a new one.
    pub(super) fn open(database: &Path, durability: AuditDurability) -> Result<Self, StoreError> {
        let path = beside(database);
        let failed = |error| file_error(&path, error);
        let file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(&path)
            .map_err(failed)?;
        file.write_all_at(&vec![0; ALLOCATED], 0).map_err(failed)?;
        file.sync_all().map_err(failed)?;
        sync_directory_of(&path)?;
        let behind = match durability {
            AuditDurability::Disk => None,
            AuditDurability::Kernel => {
                let started = file.try_clone().and_then(SyncBehind::start);
                Some(started.map_err(failed)?)
            }
        };
        Ok(Self {
            file,
            behind,
            end: 0,
            pending: Vec::new(),
            bytes: Vec::new(),
        })
    }

    /// Whether it takes a batch: entries only, that the database will not refuse. None after a sync that failed, until
    /// the database has what it was for.
    pub(super) fn takes(&self, batch: &[Write]) -> bool {
        let fits = |write: &Write| match write {
            Write::Audit(entry) => {
                let reason = entry.reason.as_ref().map_or(0, String::len);
                let texts = [&entry.actor_name, &entry.operation, &entry.object];
                let texts: usize = texts.into_iter().map(String::len).sum();
                entry.version.is_none_or(|version| integer(version).is_ok())
                    && texts.saturating_add(reason) <= MAX_TEXT
            }
            _ => false,
        };
        let synced = self.behind.as_ref().is_none_or(|behind| !behind.failed());
        synced && !batch.is_empty() && self.pending.len() < MOST && batch.iter().all(fits)
    }

    /// Whether an entry is on the disk when it is appended.
    pub(super) fn waits_for_disk(&self) -> bool {
        self.behind.is_none()
    }

    /// Appends entries with their lines; they are as durable as was asked for when it returns.
    pub(super) fn append(&mut self, entries: Vec<Chained>, lines: &[LogLine]) -> io::Result<()> {
        self.bytes.clear();
        for line in lines {
            self.bytes.extend_from_slice(line.line.as_bytes());
            self.bytes.push(b'\n');
        }
        self.file.write_all_at(&self.bytes, self.end)?;
        match &self.behind {
            None => self.file.sync_data()?,
            Some(behind) => behind.written(),
        }
        let length = u64::try_from(self.bytes.len()).unwrap_or(u64::MAX);
        self.end = self.end.saturating_add(length);
        self.pending.extend(entries);
        Ok(())
    }

    /// What the database does not have.
    pub(super) fn pending(&self) -> &[Chained] {
        &self.pending
    }

    /// The database has it.
    pub(super) fn folded(&mut self) {
        self.pending.clear();
        self.end = 0;
        if let Some(behind) = &self.behind {
            behind.settled();
        }
    }
}

/// What a journal holds, whoever has written it and however it ended.
#[derive(Debug)]
pub(super) struct Found(Vec<u8>);

impl Found {
    /// Reads the journal of a database; none is an empty one.
    pub(super) fn beside(database: &Path) -> Result<Self, StoreError> {
        let path = beside(database);
        match fs::read(&path) {
            Ok(bytes) => Ok(Self(bytes)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Self(Vec::new())),
            Err(error) => Err(file_error(&path, error)),
        }
    }

    /// The entries that follow from one of the log.
    pub(super) fn after(
        &self,
        seq: u64,
        hash: Digest,
    ) -> impl Iterator<Item = (LogLine, AuditLine)> {
        let lines = self.0.split_inclusive(|byte| *byte == b'\n');
        let whole = lines.map_while(|line| line.strip_suffix(b"\n"));
        let parsed = whole.map_while(|line| {
            let parsed = AuditLine::parse(line).ok()?;
            let line = LogLine {
                seq: parsed.entry.seq,
                line: String::from_utf8_lossy(line).into(),
            };
            Some((line, parsed))
        });
        let mut last = (seq, hash);
        parsed
            .skip_while(move |(line, _)| line.seq <= seq)
            .take_while(move |(line, parsed)| {
                let (seq, hash) = last;
                last = (line.seq, parsed.hash);
                line.seq == seq.saturating_add(1) && parsed.previous == hash
            })
    }
}

/// The record of an entry; `None` if it is none that this program writes.
pub(super) fn record(entry: AuditEntry<'static>) -> Option<AuditRecord> {
    let place = match (entry.organization, entry.environment) {
        (Some(organization), Some(environment)) => AuditPlace::Environment(Scope {
            organization,
            environment,
        }),
        (Some(organization), None) => AuditPlace::Organization(organization),
        (None, None) => AuditPlace::Vault,
        (None, Some(_)) => return None,
    };
    let actor_kind = match entry.actor_kind.as_deref() {
        Some(word) => Some(ActorKind::from_word(word)?),
        None => None,
    };
    let trace = match entry.trace_id.as_deref() {
        Some(text) => Some(text.parse().ok()?),
        None => None,
    };
    Some(AuditRecord {
        seq: entry.seq,
        at: clock::first_moment(&entry.time)?,
        place,
        actor: entry.actor_id,
        actor_name: entry.actor.into_owned(),
        actor_kind,
        operation: entry.operation.into_owned(),
        object: entry.object.into_owned(),
        outcome: AuditOutcome::from_word(&entry.outcome)?,
        reason: entry.reason.map(Cow::into_owned),
        version: entry.version,
        trace,
    })
}

fn beside(database: &Path) -> PathBuf {
    database.with_extension("audit")
}

#[cfg(test)]
mod tests {
    use std::thread;

    use tempfile::TempDir;

    use super::*;
    use crate::store::suite::sample::{audit_entry, environment, organization};

    #[test]
    fn after_a_sync_that_failed_no_entry_is_taken_until_the_database_has_all() {
        let place = TempDir::new().unwrap();
        let mut journal =
            Journal::open(&place.path().join("sallyport.db"), AuditDurability::Kernel).unwrap();
        // A device that takes every write and cannot be synced.
        let device = File::options().write(true).open("/dev/null").unwrap();
        journal.behind = Some(SyncBehind::start(device).unwrap());
        let organization = organization().id;
        let environment = environment(organization, "production").id;
        let scope = Scope {
            organization,
            environment,
        };
        let batch = [Write::Audit(audit_entry(scope, "read"))];
        assert!(journal.takes(&batch));
        journal.append(Vec::new(), &[]).unwrap();
        while journal.takes(&batch) {
            thread::yield_now();
        }
        journal.folded();
        assert!(journal.takes(&batch));
    }
}

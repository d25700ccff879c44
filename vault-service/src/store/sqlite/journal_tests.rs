//! What a crash leaves of the journal, and what becomes of it.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use sallyport_model::audit::{AuditVerifier, OpenTail, Signatures};
use tempfile::TempDir;

use super::journal::FOLD_AT;
use super::{SqliteStore, StoredLog};
use crate::store::suite::audit::{checkpoint, checkpoint_key};
use crate::store::suite::sample::{House, audit_entry, environment};
use crate::store::{AuditDurability, LogLine, Store, Write};

#[tokio::test]
async fn an_entry_is_durable_in_the_journal_before_the_database_has_it() {
    let place = TempDir::new().unwrap();
    let (store, house) = open(&place).await;
    let marker = "only in the journal";
    note(&house, marker).await;
    let holds = |file: &str| {
        let bytes = fs::read(place.path().join(file)).unwrap_or_default();
        let mut windows = bytes.windows(marker.len());
        windows.any(|window| window == marker.as_bytes())
    };
    assert!(holds("sallyport.audit"));
    assert!(!holds("sallyport.db") && !holds("sallyport.db-wal"));
    // Whoever reads finds it there nevertheless.
    let log = lines(&store).await;
    assert!(log.last().unwrap().line.contains(marker));
    assert!(holds("sallyport.db-wal"));
}

#[tokio::test]
async fn after_a_crash_at_any_time_every_acknowledged_entry_is_there() {
    for durability in [AuditDurability::Disk, AuditDurability::Kernel] {
        crash_at_any_time(durability).await;
    }
}

async fn crash_at_any_time(durability: AuditDurability) {
    let place = TempDir::new().unwrap();
    let (_store, house) = open_with(&place, durability).await;
    // More than once around the journal, with writes of the database in between.
    for round in 0..FOLD_AT * 2 + 40 {
        let object = format!("entry {round:0>width$}", width = round % 90 + 1);
        note(&house, &object).await;
        match round % 150 {
            20 => house
                .commit(vec![checkpoint(&checkpoint_key())])
                .await
                .unwrap(),
            70 => {
                let name = format!("environment-{round}");
                let environment = environment(house.scope.organization, &name);
                let batch = vec![Write::CreateEnvironment(environment)];
                house.commit(batch).await.unwrap();
            }
            _ => {}
        }
        if round % 37 == 0 || round > FOLD_AT * 2 {
            let after = TempDir::new().unwrap();
            let crashed = crash(&place, &after);
            let unopened = StoredLog::open(&crashed).unwrap().after(0, 10_000).unwrap();
            let reopened: Arc<dyn Store> =
                Arc::new(SqliteStore::open(&crashed, AuditDurability::Disk).unwrap());
            let log = lines(&reopened).await;
            assert!(log.last().unwrap().line.contains(&object) || round % 150 == 20);
            assert_eq!(log, unopened);
            verify(&log);
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn entries_of_many_who_write_at_once_are_one_chain() {
    const WRITERS: usize = 8;
    const EACH: usize = FOLD_AT / 2 + 7;
    for durability in [AuditDurability::Disk, AuditDurability::Kernel] {
        let place = TempDir::new().unwrap();
        let (store, house) = open_with(&place, durability).await;
        let before = lines(&store).await.len();
        let mut writers = tokio::task::JoinSet::new();
        for writer in 0..WRITERS {
            let (store, scope) = (Arc::clone(&store), house.scope);
            writers.spawn(async move {
                for round in 0..EACH {
                    let entry = audit_entry(scope, &format!("{writer} {round}"));
                    store.commit(vec![Write::Audit(entry)]).await.unwrap();
                }
            });
        }
        for round in 0..40 {
            let name = format!("environment-{round}");
            let environment = environment(house.scope.organization, &name);
            let batch = vec![Write::CreateEnvironment(environment)];
            house.commit(batch).await.unwrap();
        }
        writers.join_all().await;
        let log = lines(&store).await;
        assert_eq!(log.len(), before + WRITERS * EACH);
        verify(&log);
    }
}

#[tokio::test]
async fn an_entry_that_was_cut_by_a_crash_takes_none_before_it_along() {
    let place = TempDir::new().unwrap();
    let (store, house) = open(&place).await;
    lines(&store).await;
    for object in ["first", "second", "third"] {
        note(&house, object).await;
    }
    let journal = fs::read(place.path().join("sallyport.audit")).unwrap();
    let feeds = journal
        .iter()
        .enumerate()
        .filter(|(_, byte)| **byte == b'\n');
    let ends: Vec<usize> = feeds.map(|(at, _)| at).collect();
    let [_, second, third] = ends[..] else {
        panic!("{ends:?}");
    };
    for cut in [second + 1, second + 40, third - 1, third] {
        let after = TempDir::new().unwrap();
        let crashed = crash(&place, &after);
        // What is behind it is what was there before: zeros, or older lines.
        let mut torn = journal.clone();
        torn[cut..].fill(0);
        fs::write(after.path().join("sallyport.audit"), torn).unwrap();
        let reopened: Arc<dyn Store> =
            Arc::new(SqliteStore::open(&crashed, AuditDurability::Disk).unwrap());
        let log = lines(&reopened).await;
        assert!(log.last().unwrap().line.contains("second"), "{cut}");
        // It goes on from there.
        let entry = Write::Audit(audit_entry(house.scope, "another third"));
        reopened.commit(vec![entry]).await.unwrap();
        verify(&lines(&reopened).await);
    }
}

#[tokio::test]
async fn an_entry_the_database_would_refuse_is_refused_at_once() {
    let place = TempDir::new().unwrap();
    let (store, house) = open(&place).await;
    let mut entry = audit_entry(house.scope, "x");
    entry.version = Some(u64::MAX);
    assert!(house.commit(vec![Write::Audit(entry)]).await.is_err());
    note(&house, &"\u{1}".repeat(60_000)).await;
    note(&house, "after").await;
    let log = lines(&store).await;
    assert!(log.last().unwrap().line.contains("after"));
}

async fn open(place: &TempDir) -> (Arc<dyn Store>, House) {
    open_with(place, AuditDurability::Disk).await
}

async fn open_with(place: &TempDir, durability: AuditDurability) -> (Arc<dyn Store>, House) {
    let path = place.path().join("sallyport.db");
    drop(SqliteStore::create(&path).unwrap());
    let store: Arc<dyn Store> = Arc::new(SqliteStore::open(&path, durability).unwrap());
    let house = House::in_store(&store).await;
    (store, house)
}

async fn note(house: &House, object: &str) {
    let entry = Write::Audit(audit_entry(house.scope, object));
    house.commit(vec![entry]).await.unwrap();
}

/// The files as they are, as if the process had ended here.
fn crash(place: &TempDir, after: &TempDir) -> PathBuf {
    for file in ["sallyport.audit", "sallyport.db", "sallyport.db-wal"] {
        copy(place.path(), after.path(), file);
    }
    after.path().join("sallyport.db")
}

fn copy(from: &Path, to: &Path, file: &str) {
    fs::copy(from.join(file), to.join(file)).unwrap();
}

async fn lines(store: &Arc<dyn Store>) -> Vec<LogLine> {
    store.log(0, 10_000).await.unwrap()
}

fn verify(log: &[LogLine]) {
    let mut verifier = AuditVerifier::new(Signatures::Unchecked, 1);
    for line in log {
        verifier.line(line.line.as_bytes()).unwrap();
    }
    verifier.finish(None, OpenTail::Accept).unwrap();
}

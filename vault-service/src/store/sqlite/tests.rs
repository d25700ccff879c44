//! SQLite keeps the promises of every store, and a few of its own.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::sync::Arc;

use tempfile::TempDir;

use super::SqliteStore;
use crate::store::suite::{NOW, every_store, group, group_id, replace, scope, secret, settle};
use crate::store::{Store, StoreError, Write};

every_store!(fresh);

fn fresh() -> (Arc<dyn Store>, TempDir) {
    let dir = tempfile::tempdir().unwrap();
    (
        Arc::new(SqliteStore::create(&dir.path().join("store.db")).unwrap()),
        dir,
    )
}

#[tokio::test]
async fn everything_is_there_after_reopening() {
    let (store, dir) = fresh();
    settle(&store).await;
    store
        .commit(vec![
            group(1, "payments"),
            secret(1, 1, "backend"),
            replace(1, 1, b"second"),
        ])
        .await
        .unwrap();
    let seq = *store.changes().borrow();
    drop(store);

    let store = SqliteStore::open(&dir.path().join("store.db")).unwrap();
    assert_eq!(*store.changes().borrow(), seq);
    assert!(store.group(scope(), group_id(1)).await.unwrap().is_some());
    let version = store
        .version(crate::store::suite::secret_id(1), 2)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(version.envelope, b"second");
}

#[tokio::test]
async fn an_existing_file_is_never_made_anew_and_only_its_owner_reads_it() {
    let (_store, dir) = fresh();
    let path = dir.path().join("store.db");
    assert!(matches!(
        SqliteStore::create(&path),
        Err(StoreError::Taken { .. })
    ));
    assert_eq!(
        fs::metadata(&path).unwrap().permissions().mode() & 0o777,
        0o600
    );
}

#[tokio::test]
async fn a_database_of_a_newer_program_is_refused() {
    let (store, dir) = fresh();
    drop(store);
    let path = dir.path().join("store.db");
    let connection = rusqlite::Connection::open(&path).unwrap();
    connection
        .pragma_update(None, "user_version", 1000)
        .unwrap();
    drop(connection);
    assert!(matches!(
        SqliteStore::open(&path),
        Err(StoreError::TooNew { found: 1000, .. })
    ));
}

#[tokio::test]
async fn payloads_of_a_deleted_group_are_gone_from_every_file() {
    const MARKER: &[u8] = b"this envelope must be gone from the disk";
    let (store, dir) = fresh();
    settle(&store).await;
    store
        .commit(vec![
            group(1, "payments"),
            secret(1, 1, "backend"),
            replace(1, 1, MARKER),
        ])
        .await
        .unwrap();
    assert!(on_disk(dir.path(), MARKER));
    store
        .commit(vec![Write::DeleteGroup {
            group: group_id(1),
            at: NOW,
        }])
        .await
        .unwrap();
    // The log is folded into the file right after the commit; closing waits for it.
    drop(store);
    assert!(!on_disk(dir.path(), MARKER));
}

fn on_disk(dir: &Path, marker: &[u8]) -> bool {
    fs::read_dir(dir).unwrap().any(|entry| {
        let bytes = fs::read(entry.unwrap().path()).unwrap();
        bytes.windows(marker.len()).any(|window| window == marker)
    })
}

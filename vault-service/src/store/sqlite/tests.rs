//! What SQLite promises besides the conformance suite: its file.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rusqlite::Connection;
use sallyport_model::audit::{AuditVerifier, OpenTail, Signatures};
use sallyport_model::{Access, Collection};
use tempfile::TempDir;

use super::{SqliteStore, reads, schema};
use crate::store::suite::audit::{checkpoint, checkpoint_key};
use crate::store::suite::sample::{
    House, NOW, assert_refused, audit_entry, grant, later, replace, secret, token, version,
};
use crate::store::{
    AuditDurability, EditSessionRecord, Setting, StagedAction, StagedChange, Store, StoreError,
    Users, VersionRecord, Write,
};

#[tokio::test]
async fn everything_is_there_after_reopening() {
    let place = Place::new();
    let store = place.create();
    let house = House::in_store(&store).await;
    let group = house.add_group("payments").await;
    let kind = Collection::SharedSecrets;
    let (record, first) = house.add_secret(group.id, kind, "backend").await;
    let held = grant(group.id, house.gateway, Access::Read);
    let ends = token(house.gateway, [1; 32], later(60));
    house
        .commit(vec![
            replace(&record, 1),
            Write::PutGrant(held.clone()),
            Write::CreateToken {
                token: ends.clone(),
                now: NOW,
            },
            Write::PutSetting(Setting::TrustDomain, vec![7]),
            Write::Audit(audit_entry(house.scope, "before")),
        ])
        .await
        .unwrap();
    let (scope, gateway) = (house.scope, house.gateway);
    let seq = *store.changes().borrow();
    drop((house, store));
    // The last connection folded the log into the file, and nothing is left in the journal.
    assert_eq!(place.files(), ["sallyport.audit", "sallyport.db"]);

    let store = SqliteStore::open(&place.file(), AuditDurability::Disk).unwrap();
    assert_eq!(*store.changes().borrow(), seq);
    assert_eq!(
        store.groups(scope).await.unwrap(),
        std::slice::from_ref(&group)
    );
    assert!(store.active_group_key(group.id).await.unwrap().is_some());
    assert_eq!(store.version(record.id, 1).await.unwrap(), Some(first));
    let second = store.version(record.id, 2).await.unwrap();
    assert_eq!(second, Some(version(record.id, 2)));
    assert_eq!(store.grants(group.id).await.unwrap(), [held]);
    assert_eq!(store.token([1; 32]).await.unwrap(), Some(ends));
    let value = store.setting(Setting::TrustDomain).await.unwrap();
    assert_eq!(value, Some(vec![7]));
    assert!(store.actor(gateway).await.unwrap().is_some());

    let before = store.audit(scope, None, 10).await.unwrap();
    store
        .commit(vec![Write::Audit(audit_entry(scope, "after"))])
        .await
        .unwrap();
    let after = store.audit(scope, None, 10).await.unwrap();
    assert_eq!(after.len(), 2);
    assert!(after[1].seq > before[0].seq);
}

#[tokio::test]
async fn an_existing_file_is_never_made_anew() {
    let place = Place::new();
    fs::write(place.file(), "somebody's").unwrap();
    assert_refused!(
        SqliteStore::create(&place.file()),
        StoreError::Taken {
            what: "database file"
        }
    );
    assert_eq!(fs::read(place.file()).unwrap(), b"somebody's");
}

#[tokio::test]
async fn only_the_owner_reads_the_files() {
    let place = Place::new();
    let store = place.create();
    House::in_store(&store).await;
    assert!(place.files().contains(&"sallyport.db-wal".to_owned()));
    for file in place.files() {
        let mode = fs::metadata(place.path().join(&file))
            .unwrap()
            .permissions();
        assert_eq!(mode.mode() & 0o777, 0o600, "{file}");
    }
}

#[tokio::test]
async fn a_missing_file_is_not_made_by_opening() {
    let place = Place::new();
    assert_refused!(
        SqliteStore::open(&place.file(), AuditDurability::Disk),
        StoreError::Engine(_)
    );
    assert!(place.files().is_empty());
}

#[tokio::test]
async fn a_database_of_a_newer_program_is_refused_and_left_as_it_is() {
    let place = Place::new();
    drop(place.create());
    let connection = Connection::open(place.file()).unwrap();
    connection
        .pragma_update(None, "user_version", 1000)
        .unwrap();
    drop(connection);
    let bytes = fs::read(place.file()).unwrap();
    assert_refused!(
        SqliteStore::open(&place.file(), AuditDurability::Disk),
        StoreError::TooNew { found: 1000, .. }
    );
    assert_eq!(fs::read(place.file()).unwrap(), bytes);
}

#[tokio::test]
async fn a_file_that_is_no_database_is_damaged() {
    let place = Place::new();
    fs::write(place.file(), "not a database, ".repeat(1000)).unwrap();
    assert_refused!(
        SqliteStore::open(&place.file(), AuditDurability::Disk),
        StoreError::Damaged { what: "database" }
    );
}

#[tokio::test]
async fn a_row_that_does_not_read_as_its_record_is_damaged() {
    let place = Place::new();
    let store = place.create();
    let house = House::in_store(&store).await;
    let group = house.add_group("payments").await;
    let kind = Collection::Keystores;
    let (record, _) = house.add_secret(group.id, kind, "inbound").await;
    let connection = Connection::open(place.file()).unwrap();
    connection
        .execute_batch(
            "UPDATE secret_group SET name = '-';
             UPDATE secret SET name = '';",
        )
        .unwrap();
    assert_refused!(
        store.group(house.scope, group.id).await,
        StoreError::Damaged {
            what: "secret group"
        }
    );
    assert_refused!(
        store.secret(group.id, kind, record.id).await,
        StoreError::Damaged { what: "secret" }
    );
}

/// Envelopes of all sizes, so that cells move between pages and spill to overflow pages.
#[tokio::test]
async fn payloads_and_keys_of_a_deleted_group_are_gone_from_every_file() {
    const MARKER: &[u8] = b"this envelope must be gone";
    let place = Place::new();
    let store = place.create();
    let house = House::in_store(&store).await;
    let kept = house.add_group("kept").await.id;
    let doomed = house.add_group("doomed").await.id;
    for number in 0..120_usize {
        for (group, filler) in [(kept, b"kept".as_slice()), (doomed, MARKER)] {
            let (record, first) = secret(group, Collection::Keystores, &format!("s-{number}"));
            let envelope = |step: usize| filler.repeat(1 + number * step % 400);
            let second = VersionRecord {
                envelope: envelope(37),
                ..version(record.id, 2)
            };
            house
                .commit(vec![
                    Write::CreateSecret(
                        record.clone(),
                        VersionRecord {
                            envelope: envelope(1),
                            ..first
                        },
                    ),
                    Write::ReplaceSecret {
                        name: record.name,
                        version: second,
                        expected: 1,
                    },
                ])
                .await
                .unwrap();
        }
    }
    assert!(place.holds(MARKER));

    house.delete_group(doomed, later(1)).await;
    // The store is still open: the log was cut before the deletion was acknowledged.
    assert!(!place.holds(MARKER));
    let left = store.secrets(kept, Collection::Keystores).await.unwrap();
    assert_eq!(left.len(), 120);
}

/// What a program of the first schema left behind: a replaced secret, one that refers to it, and a
/// deleted group.
#[tokio::test]
async fn a_database_of_the_first_schema_is_brought_up_to_date_and_loses_nothing() {
    let place = Place::new();
    let id = |byte: char| format!("X'{}'", byte.to_string().repeat(32));
    let (organization, environment, group, dead) = (id('1'), id('2'), id('3'), id('4'));
    let (keystore, context, deleted) = (id('5'), id('6'), id('7'));
    let connection = Connection::open(place.file()).unwrap();
    connection
        .execute_batch(include_str!("migrations/0001_initial.sql"))
        .unwrap();
    connection
        .execute_batch(&format!(
            "PRAGMA user_version = 1;
             INSERT INTO organization VALUES ({organization}, 'Org');
             INSERT INTO environment VALUES ({environment}, {organization}, 'production', 1);
             INSERT INTO secret_group VALUES
                 ({group}, {organization}, {environment}, 'payments', 0, 1, 2, 'ada', NULL),
                 ({dead}, {organization}, {environment}, 'dead', 0, 1, 2, 'ada', 3);
             INSERT INTO secret VALUES
                 ({keystore}, {group}, 'keystores', 'inbound', 3, 1, 2, NULL),
                 ({context}, {group}, 'tlsContexts', 'inbound', 1, 1, 2, NULL),
                 ({deleted}, {dead}, 'keystores', 'inbound', 4, 1, 2, 3);
             INSERT INTO version VALUES
                 ({keystore}, 1, '{{}}', NULL, 1, 'ada', X'01'),
                 ({keystore}, 2, '{{}}', NULL, 1, 'ada', X'02'),
                 ({keystore}, 3, '{{}}', '2031-01-01', 1, 'ada', X'03'),
                 ({context}, 1, '{{}}', NULL, 1, 'ada', X'04');
             INSERT INTO version_reference VALUES ({context}, 1, 0, {keystore});"
        ))
        .unwrap();
    drop(connection);

    let store = SqliteStore::open(&place.file(), AuditDurability::Disk).unwrap();
    let uuid = |byte: &str| byte.repeat(32);
    let group = uuid("3").parse().unwrap();
    let kind = Collection::Keystores;
    let [(found, current)] = &store.secrets(group, kind).await.unwrap()[..] else {
        panic!("not one keystore");
    };
    assert_eq!(
        (found.current, found.previous, found.pending, found.newest),
        (3, Some(2), None, 3)
    );
    assert_eq!(current.envelope, [3]);
    let versions = store.versions(found.id).await.unwrap();
    let envelopes: Vec<_> = versions.into_iter().map(|item| item.envelope).collect();
    assert_eq!(envelopes, [[3], [2], [1]]);
    let users = store.users(group, found.id).await.unwrap();
    assert_eq!(users[0].1, [1]);
    assert_eq!((users[0].0.current, users[0].0.previous), (1, None));
    let tombstone = store
        .secret_or_tombstone(uuid("4").parse().unwrap(), kind, uuid("7").parse().unwrap())
        .await
        .unwrap()
        .unwrap();
    assert_eq!((tombstone.previous, tombstone.newest), (None, 4));
    store.commit(vec![replace(found, 3)]).await.unwrap();
}

#[tokio::test]
async fn destroyed_versions_and_cancelled_changes_are_gone_from_every_file() {
    let place = Place::new();
    let store = place.create();
    let house = House::in_store(&store).await;
    let group = house.add_group("payments").await.id;
    let (record, _) = house.add_secret(group, Collection::Keystores, "k").await;
    let holder = house.gateway;
    let session = EditSessionRecord {
        group,
        holder,
        holder_name: "ada".to_owned(),
        opened_at: NOW,
        revision: 0,
    };
    let change = |version| {
        Box::new(StagedChange {
            secret: record.id,
            collection: Collection::Keystores,
            name: record.name.clone(),
            step: 1,
            staged_at: NOW,
            action: StagedAction::Replace(version),
        })
    };
    let marked = |number: u64, marker: &str| VersionRecord {
        envelope: marker.as_bytes().repeat(300),
        ..version(record.id, number)
    };
    let end = Write::EndEditSession {
        group,
        holder,
        revision: None,
    };
    let delete = Write::DeleteSecret {
        secret: record.id,
        expected: 1,
        users: Users::Refuse,
        at: NOW,
    };
    for (marker, written, destroyed) in [
        (
            "a staged envelope",
            vec![
                Write::OpenEditSession(session),
                Write::Stage {
                    group,
                    holder,
                    change: change(marked(2, "a staged envelope")),
                },
            ],
            end,
        ),
        (
            "a pending envelope",
            vec![Write::PutPending {
                version: marked(2, "a pending envelope"),
                expected: 1,
            }],
            Write::DropPending {
                secret: record.id,
                number: 2,
            },
        ),
        (
            "another pending one",
            vec![Write::PutPending {
                version: marked(3, "another pending one"),
                expected: 1,
            }],
            delete,
        ),
    ] {
        house.commit(written).await.unwrap();
        assert!(place.holds(marker.as_bytes()), "{marker}");
        house.commit(vec![destroyed]).await.unwrap();
        assert!(!place.holds(marker.as_bytes()), "{marker}");
    }
}

#[tokio::test]
async fn a_commit_that_fails_is_acknowledged_to_nobody() {
    let place = Place::new();
    let store = place.create();
    let house = House::in_store(&store).await;
    let changes = store.changes();
    // A constraint that is checked at COMMIT only, and fails for every audited batch.
    Connection::open(place.file())
        .unwrap()
        .execute_batch(
            "CREATE TABLE nobody (id INTEGER PRIMARY KEY);
             CREATE TABLE trap (id INTEGER REFERENCES nobody (id) DEFERRABLE INITIALLY DEFERRED);
             CREATE TRIGGER spring AFTER INSERT ON audit BEGIN INSERT INTO trap VALUES (1); END;",
        )
        .unwrap();
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..32 {
        let store = Arc::clone(&store);
        // What tells of no write is in the journal first.
        let batch = vec![checkpoint(&checkpoint_key())];
        tasks.spawn(async move { store.commit(batch).await });
    }
    while let Some(ended) = tasks.join_next().await {
        assert_refused!(ended.unwrap(), StoreError::Engine(_));
    }
    assert_eq!(store.audit(house.scope, None, 10).await.unwrap(), []);
    assert!(!changes.has_changed().unwrap());
    // The writer goes on.
    house.add_group("payments").await;
}

#[tokio::test]
async fn dropping_the_store_finishes_what_is_queued() {
    let place = Place::new();
    let store = place.create();
    let scope = House::in_store(&store).await.scope;
    for number in 0..50 {
        let entry = Write::Audit(audit_entry(scope, &number.to_string()));
        let commit = store.commit(vec![entry]);
        // Polled once, so that it is queued, then left alone.
        let _ = tokio::time::timeout(std::time::Duration::ZERO, commit).await;
    }
    drop(store);
    let store = SqliteStore::open(&place.file(), AuditDurability::Disk).unwrap();
    assert_eq!(store.audit(scope, None, 100).await.unwrap().len(), 50);
}

struct Place(TempDir);

impl Place {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    fn file(&self) -> PathBuf {
        self.path().join("sallyport.db")
    }

    fn create(&self) -> Arc<dyn Store> {
        Arc::new(SqliteStore::create(&self.file()).unwrap())
    }

    fn files(&self) -> Vec<String> {
        let entries = fs::read_dir(self.path()).unwrap();
        let mut names: Vec<String> = entries
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    fn holds(&self, marker: &[u8]) -> bool {
        self.files().iter().any(|file| {
            let bytes = fs::read(self.path().join(file)).unwrap();
            bytes.windows(marker.len()).any(|window| window == marker)
        })
    }
}

#[tokio::test]
async fn who_tampers_with_the_file_is_found_by_the_verifier_or_at_the_start() {
    let place = Place::new();
    let key = checkpoint_key();
    let store = place.create();
    let house = House::in_store(&store).await;
    for object in ["one", "two", "three"] {
        house
            .commit(vec![Write::Audit(audit_entry(house.scope, object))])
            .await
            .unwrap();
    }
    house.commit(vec![checkpoint(&key)]).await.unwrap();
    drop((house, store));
    let whole = fs::read(place.file()).unwrap();

    for (sql, fault) in [
        ("UPDATE audit SET object = 'x' WHERE seq = 2", Some(2)),
        (
            "UPDATE audit SET hash = zeroblob(32) WHERE seq = 1",
            Some(1),
        ),
        ("DELETE FROM audit WHERE seq = 2", Some(2)),
        (
            "UPDATE audit SET seq = 10 - seq WHERE seq IN (1, 2)",
            Some(1),
        ),
        ("UPDATE audit SET signature = NULL", Some(4)),
        ("DELETE FROM audit WHERE seq = 4", None),
        (
            "UPDATE sqlite_sequence SET seq = 9 WHERE name = 'audit'",
            None,
        ),
    ] {
        fs::write(place.file(), &whole).unwrap();
        let db = Connection::open(place.file()).unwrap();
        db.execute_batch(sql).unwrap();
        drop(db);
        let Some(line) = fault else {
            assert_refused!(
                SqliteStore::open(&place.file(), AuditDurability::Disk),
                StoreError::Damaged { what: "audit log" }
            );
            continue;
        };
        let log = reads::log(&schema::open_for_reading(&place.file()).unwrap(), 0, 10).unwrap();
        let mut verifier = AuditVerifier::new(Signatures::Of(key.public().unwrap()), 1);
        let found = log
            .iter()
            .try_for_each(|line| verifier.line(line.line.as_bytes()))
            .and_then(|()| verifier.finish(None, OpenTail::Refuse).map(drop));
        assert_eq!(found.unwrap_err().line, line, "{sql}");
    }
}

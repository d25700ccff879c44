//! Databases of earlier programs, with data in them.

use std::path::PathBuf;

use rusqlite::{Connection, params};
use sallyport_model::audit::{AuditVerifier, Signatures};
use sallyport_model::{Access, ActorId, EnvironmentId, GroupId, OrganizationId, Scope};
use tempfile::TempDir;
use uuid::Uuid;

use super::SqliteStore;
use crate::store::suite::sample::{NOW, assert_refused, audit_entry, user};
use crate::store::{ActorKind, AuditDurability, AuditPlace, Store, StoreError, Write};

const SCHEMA_1: &str = include_str!("migrations/0001_initial.sql");

/// A database of schema 1: an organization, an environment, an administrator with a token, a gateway
/// with a grant on a group, and an audit log whose first entries are gone.
struct Old {
    place: TempDir,
    scope: Scope,
    app: ActorId,
    gateway: ActorId,
    group: GroupId,
}

fn id(number: u8) -> Uuid {
    Uuid::from_bytes([number; 16])
}

impl Old {
    fn new() -> Self {
        let old = Self {
            place: tempfile::tempdir().unwrap(),
            scope: Scope {
                organization: OrganizationId::new(id(1)),
                environment: EnvironmentId::new(id(2)),
            },
            app: ActorId::new(id(3)),
            gateway: ActorId::new(id(4)),
            group: GroupId::new(id(5)),
        };
        let db = Connection::open(old.file()).unwrap();
        db.pragma_update(None, "foreign_keys", "ON").unwrap();
        db.execute_batch(SCHEMA_1).unwrap();
        db.pragma_update(None, "user_version", 1).unwrap();
        let run = |sql: &str, ids: &[&[u8]]| {
            db.execute(sql, rusqlite::params_from_iter(ids)).unwrap();
        };
        let (organization, environment) = (
            old.scope.organization.as_bytes().as_slice(),
            old.scope.environment.as_bytes().as_slice(),
        );
        run(
            "INSERT INTO organization VALUES (?1, 'Acme')",
            &[organization],
        );
        run(
            "INSERT INTO environment VALUES (?1, ?2, 'Sandbox', 0)",
            &[environment, organization],
        );
        run(
            "INSERT INTO actor VALUES (?1, 'connectedApp', ?2, NULL, 'administrator', 1, 'hash', 7, NULL)",
            &[old.app.as_bytes(), organization],
        );
        run(
            "INSERT INTO actor VALUES (?1, 'gateway', ?2, ?3, 'edge', 0, NULL, 8, 9)",
            &[old.gateway.as_bytes(), organization, environment],
        );
        run(
            "INSERT INTO secret_group VALUES (?1, ?2, ?3, 'payments', 1, 7, 7, 'ada', NULL)",
            &[old.group.as_bytes(), organization, environment],
        );
        run(
            "INSERT INTO access_grant VALUES (?1, ?2, 'read', 7, 'ada')",
            &[old.group.as_bytes(), old.gateway.as_bytes()],
        );
        db.execute(
            "INSERT INTO token VALUES (?1, ?2, ?3)",
            params![[6_u8; 32], old.app.as_bytes(), NOW.0],
        )
        .unwrap();
        run(
            "INSERT INTO audit (seq, at, organization, environment, actor_name, operation, object,
                                outcome)
             VALUES (40, 7, ?1, ?2, 'ada', 'group.create', 'payments', 'allowed')",
            &[organization, environment],
        );
        old
    }

    fn file(&self) -> PathBuf {
        self.place.path().join("sallyport.db")
    }

    fn open(&self) -> Result<SqliteStore, StoreError> {
        SqliteStore::open(&self.file(), AuditDurability::Disk)
    }
}

#[tokio::test]
async fn everything_of_the_first_schema_is_there_afterwards() {
    let old = Old::new();
    let store = old.open().unwrap();
    let home = old.scope.organization;

    let organization = store.organization(home).await.unwrap().unwrap();
    assert_eq!(
        (organization.name.as_str(), organization.parent),
        ("Acme", None)
    );
    let app = store.actor(old.app).await.unwrap().unwrap();
    assert_eq!(
        (app.kind, app.administrator, app.secret_hash.as_deref()),
        (ActorKind::ConnectedApp, true, Some("hash"))
    );
    let gateways = store.gateways(old.scope).await.unwrap();
    assert_eq!(gateways[0].id, old.gateway);
    assert_eq!(gateways[0].certificate_not_after.unwrap().0, 9);
    let token = store.token([6; 32]).await.unwrap().unwrap();
    assert_eq!(token.actor, old.app);
    let grants = store.grants(old.group).await.unwrap();
    assert_eq!(
        (grants.len(), grants[0].actor, grants[0].access),
        (1, old.gateway, Access::Read)
    );
    let log = store.audit(old.scope, None, 10).await.unwrap();
    assert_eq!(log[0].place, AuditPlace::Environment(old.scope));
    let lines = store.log(0, 10).await.unwrap();
    let mut verifier = AuditVerifier::new(Signatures::Unchecked, lines[0].seq);
    for line in &lines {
        verifier.line(line.line.as_bytes()).unwrap();
    }

    // Opening once more changes nothing.
    drop(store);
    let store = old.open().unwrap();
    let after = store.audit(old.scope, None, 10).await.unwrap();
    assert_eq!(after, log);
}

#[tokio::test]
async fn what_pointed_at_the_old_tables_points_at_the_new_ones() {
    let old = Old::new();
    let store = old.open().unwrap();
    let ada = user(old.scope.organization, "ada");
    store
        .commit(vec![
            Write::CreateActor(ada),
            Write::Audit(audit_entry(old.scope, "after")),
            Write::DeleteActor(old.app),
            Write::DeleteActor(old.gateway),
        ])
        .await
        .unwrap();
    assert_eq!(store.token([6; 32]).await.unwrap(), None);
    assert_eq!(store.grants(old.group).await.unwrap(), []);
    let log = store.audit(old.scope, None, 10).await.unwrap();
    assert_eq!((log[0].seq, log[1].seq), (40, 41));

    let db = Connection::open(old.file()).unwrap();
    db.pragma_update(None, "foreign_keys", "ON").unwrap();
    let astray = db.execute(
        "INSERT INTO token VALUES (?1, ?2, 7)",
        params![[7_u8; 32], old.app.as_bytes()],
    );
    assert!(astray.is_err());
}

#[tokio::test]
async fn a_database_that_lost_a_row_is_damaged_and_left_as_it_is() {
    let old = Old::new();
    let db = Connection::open(old.file()).unwrap();
    db.pragma_update(None, "foreign_keys", "OFF").unwrap();
    db.execute("DELETE FROM actor WHERE kind = 'connectedApp'", [])
        .unwrap();
    drop(db);
    assert_refused!(
        old.open(),
        StoreError::Damaged {
            what: "foreign key"
        }
    );
    let db = Connection::open(old.file()).unwrap();
    let version: u32 = db
        .pragma_query_value(None, "user_version", |row| row.get(0))
        .unwrap();
    assert_eq!(version, 1);
}

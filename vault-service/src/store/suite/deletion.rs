//! Deleting one secret.

use std::sync::Arc;

use sallyport_model::{Collection, GroupId, SecretId};

use super::super::{SecretRecord, Store, StoreError, Users, VersionRecord, Write};
use super::sample::{House, assert_refused, later, replace, secret, version};

const KIND: Collection = Collection::Keystores;

pub(crate) async fn a_deleted_secret_leaves_a_tombstone_without_versions(store: Arc<dyn Store>) {
    let house = House::in_store(&store).await;
    let group = house.add_group("payments").await.id;
    let (record, _) = house.add_secret(group, KIND, "inbound").await;
    house.commit(vec![replace(&record, 1)]).await.unwrap();
    house
        .commit(vec![delete(&record, 2, Users::Refuse)])
        .await
        .unwrap();

    assert_eq!(store.secret(group, KIND, record.id).await.unwrap(), None);
    assert_eq!(store.secrets(group, KIND).await.unwrap(), []);
    assert_eq!(store.versions(record.id).await.unwrap(), []);
    let tombstone = SecretRecord {
        current: 2,
        newest: 2,
        deleted_at: Some(later(5)),
        ..record.clone()
    };
    let found = store.secret_or_tombstone(group, KIND, record.id).await;
    assert_eq!(found.unwrap().as_ref(), Some(&tombstone));
    let found = store.secret_by_name(group, KIND, &record.name).await;
    assert_eq!(found.unwrap(), Some(tombstone));
    for write in [
        delete(&record, 2, Users::Ignore),
        replace(&record, 2),
        Write::DropPending {
            secret: record.id,
            number: 1,
        },
    ] {
        assert_refused!(
            house.commit(vec![write]).await,
            StoreError::Gone { what: "keystore" }
        );
    }
    // Its name is free.
    house.add_secret(group, KIND, "inbound").await;
}

pub(crate) async fn a_secret_in_use_is_deleted_only_by_force(store: Arc<dyn Store>) {
    let house = House::in_store(&store).await;
    let group = house.add_group("payments").await.id;
    let (keystore, _) = house.add_secret(group, KIND, "inbound").await;
    let context = user(&house, group, keystore.id).await;
    assert_refused!(
        house
            .commit(vec![delete(&keystore, 1, Users::Refuse)])
            .await,
        StoreError::InUse { what: "keystore" }
    );
    // A pending version counts as much.
    house.commit(vec![replace(&context, 1)]).await.unwrap();
    let pending = VersionRecord {
        refers_to: vec![keystore.id],
        ..version(context.id, 3)
    };
    house
        .commit(vec![Write::PutPending {
            version: pending,
            expected: 2,
        }])
        .await
        .unwrap();
    assert_refused!(
        house
            .commit(vec![delete(&keystore, 1, Users::Refuse)])
            .await,
        StoreError::InUse { what: "keystore" }
    );
    house
        .commit(vec![delete(&keystore, 1, Users::Ignore)])
        .await
        .unwrap();
    let left = store.version(context.id, 3).await.unwrap().unwrap();
    assert_eq!(left.refers_to, [keystore.id]);
}

pub(crate) async fn old_versions_and_tombstones_hold_nothing_back(store: Arc<dyn Store>) {
    let house = House::in_store(&store).await;
    let group = house.add_group("payments").await.id;
    let (keystore, _) = house.add_secret(group, KIND, "inbound").await;
    let replaced = user(&house, group, keystore.id).await;
    house.commit(vec![replace(&replaced, 1)]).await.unwrap();
    let (gone, mut first) = secret(group, Collection::TlsContexts, "gone");
    first.refers_to = vec![keystore.id];
    house
        .commit(vec![
            Write::CreateSecret(gone.clone(), first),
            delete(&gone, 1, Users::Refuse),
            delete(&keystore, 1, Users::Refuse),
        ])
        .await
        .unwrap();
}

pub(crate) async fn users_are_listed_with_the_versions_that_refer(store: Arc<dyn Store>) {
    let house = House::in_store(&store).await;
    let group = house.add_group("payments").await.id;
    let (keystore, _) = house.add_secret(group, KIND, "inbound").await;
    let context = user(&house, group, keystore.id).await;
    for (number, refers_to) in [(2, vec![]), (3, vec![keystore.id, keystore.id])] {
        let version = VersionRecord {
            refers_to,
            ..version(context.id, number)
        };
        house
            .commit(vec![Write::ReplaceSecret {
                name: context.name.clone(),
                version,
                expected: number - 1,
            }])
            .await
            .unwrap();
    }
    let users = store.users(group, keystore.id).await.unwrap();
    let [(found, numbers)] = users.as_slice() else {
        panic!("{users:?}");
    };
    assert_eq!(
        (found.id, numbers.as_slice()),
        (context.id, [1, 3].as_slice())
    );
    assert_eq!(store.users(group, context.id).await.unwrap(), []);
    house
        .commit(vec![delete(&context, 3, Users::Refuse)])
        .await
        .unwrap();
    assert_eq!(store.users(group, keystore.id).await.unwrap(), []);
}

async fn user(house: &House, group: GroupId, target: SecretId) -> SecretRecord {
    let (context, mut first) = secret(group, Collection::TlsContexts, "inbound");
    first.refers_to = vec![target];
    house
        .commit(vec![Write::CreateSecret(context.clone(), first)])
        .await
        .unwrap();
    context
}

fn delete(record: &SecretRecord, expected: u64, users: Users) -> Write {
    Write::DeleteSecret {
        secret: record.id,
        expected,
        users,
        at: later(5),
    }
}

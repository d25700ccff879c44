//! What is left of a deleted group, and what is not.

use std::sync::Arc;

use sallyport_model::{Access, Collection, GroupId};

use super::super::{GroupRecord, SecretRecord, Store, StoreError, Write};
use super::sample::{House, assert_refused, grant, group, later, replace, secret};

pub(crate) async fn a_deleted_group_leaves_tombstones_without_payloads(store: Arc<dyn Store>) {
    let house = House::in_store(&store).await;
    let payments = house.add_group("payments").await;
    let kind = Collection::SharedSecrets;
    let (backend, _) = house.add_secret(payments.id, kind, "backend").await;
    house.commit(vec![replace(&backend, 1)]).await.unwrap();
    let orders = house.add_group("orders").await;
    let untouched = house.add_secret(orders.id, kind, "backend").await;

    house.delete_group(payments.id, later(10)).await;

    let groups = store.groups(house.scope).await.unwrap();
    assert_eq!(groups, std::slice::from_ref(&orders));
    let live = store.group(house.scope, payments.id).await.unwrap();
    assert_eq!(live, None);
    let tombstone = GroupRecord {
        deleted_at: Some(later(10)),
        ..payments.clone()
    };
    for found in [
        store.group_or_tombstone(house.scope, payments.id).await,
        store.group_by_name(house.scope, &payments.name).await,
    ] {
        assert_eq!(found.unwrap().as_ref(), Some(&tombstone));
    }
    assert_eq!(store.active_group_key(payments.id).await.unwrap(), None);
    assert_eq!(store.group_key(payments.id, 1).await.unwrap(), None);

    assert_eq!(store.secrets(payments.id, kind).await.unwrap(), []);
    let live = store.secret(payments.id, kind, backend.id).await.unwrap();
    assert_eq!(live, None);
    let tombstone = SecretRecord {
        current: 2,
        newest: 2,
        deleted_at: Some(later(10)),
        ..backend.clone()
    };
    for found in [
        store
            .secret_or_tombstone(payments.id, kind, backend.id)
            .await,
        store.secret_by_name(payments.id, kind, &backend.name).await,
    ] {
        assert_eq!(found.unwrap().as_ref(), Some(&tombstone));
    }
    for number in [1, 2] {
        assert_eq!(store.version(backend.id, number).await.unwrap(), None);
    }

    assert_eq!(store.secrets(orders.id, kind).await.unwrap(), [untouched]);
    let key = store.active_group_key(orders.id).await.unwrap();
    assert!(key.is_some());
}

pub(crate) async fn grants_survive_their_group(store: Arc<dyn Store>) {
    let house = House::in_store(&store).await;
    let payments = house.add_group("payments").await.id;
    let held = grant(payments, house.gateway, Access::Read);
    house
        .commit(vec![Write::PutGrant(held.clone())])
        .await
        .unwrap();
    house.delete_group(payments, later(1)).await;
    assert_eq!(
        store.grants(payments).await.unwrap(),
        std::slice::from_ref(&held)
    );
    let of_gateway = store.grants_of(payments, house.gateway).await.unwrap();
    assert_eq!(of_gateway, [held]);
}

pub(crate) async fn a_deleted_group_takes_no_more_writes(store: Arc<dyn Store>) {
    let house = House::in_store(&store).await;
    let payments = house.add_group("payments").await;
    let kind = Collection::Keystores;
    let (existing, _) = house.add_secret(payments.id, kind, "inbound").await;
    house.delete_group(payments.id, later(1)).await;

    let (new, first) = secret(payments.id, kind, "outbound");
    for write in [
        Write::DeleteGroup {
            group: payments.id,
            at: later(2),
        },
        Write::UpdateGroup {
            group: payments.id,
            name: payments.name.clone(),
            downloadable: true,
            at: later(2),
            by: "ada".to_owned(),
        },
        Write::CreateSecret(new, first),
        Write::PutGrant(grant(payments.id, house.gateway, Access::Read)),
    ] {
        assert_refused!(
            house.commit(vec![write]).await,
            StoreError::Gone {
                what: "secret group"
            }
        );
    }
    assert_refused!(
        house.commit(vec![replace(&existing, 1)]).await,
        StoreError::Gone { what: "keystore" }
    );
    let tombstone = store.group_or_tombstone(house.scope, payments.id).await;
    assert_eq!(tombstone.unwrap().unwrap().deleted_at, Some(later(1)));
}

pub(crate) async fn names_are_free_after_deletion_and_the_living_come_first(store: Arc<dyn Store>) {
    let house = House::in_store(&store).await;
    let kind = Collection::SharedSecrets;
    let old = house.add_group("payments").await;
    house.add_secret(old.id, kind, "backend").await;
    house.delete_group(old.id, later(1)).await;

    let new = house.add_group("payments").await;
    let (secret, _) = house.add_secret(new.id, kind, "backend").await;
    let found = store.group_by_name(house.scope, &old.name).await.unwrap();
    assert_eq!(found, Some(new.clone()));
    let found = store.secret_by_name(new.id, kind, &secret.name).await;
    assert_eq!(found.unwrap(), Some(secret));
    let tombstone = store.group_or_tombstone(house.scope, old.id).await;
    assert_eq!(tombstone.unwrap().map(|group| group.id), Some(old.id));
}

pub(crate) async fn without_a_living_one_the_name_finds_the_one_deleted_last(
    store: Arc<dyn Store>,
) {
    let house = House::in_store(&store).await;
    let mut deleted: Vec<GroupId> = Vec::new();
    // The last two within the same second.
    for at in [later(5), later(9), later(9)] {
        let (record, key) = group(house.scope, "payments");
        deleted.push(record.id);
        house
            .commit(vec![Write::CreateGroup(record, key)])
            .await
            .unwrap();
        house.delete_group(deleted[deleted.len() - 1], at).await;
        let name = "payments".parse().unwrap();
        let found = store.group_by_name(house.scope, &name).await.unwrap();
        assert_eq!(found.map(|group| group.id), deleted.last().copied());
    }
}

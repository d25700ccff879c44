//! Secret groups.

use std::sync::Arc;

use sallyport_model::{EnvironmentId, GroupId, Scope};

use super::super::{GroupRecord, Store, StoreError, Write};
use super::sample::{House, assert_refused, group, later, uuid};

pub(crate) async fn groups_read_back_in_their_own_scope_only(store: Arc<dyn Store>) {
    let house = House::in_store(&store).await;
    let elsewhere = house.add_environment("sandbox").await;
    let (payments, key) = group(house.scope, "payments");
    house
        .commit(vec![Write::CreateGroup(payments.clone(), key.clone())])
        .await
        .unwrap();
    let orders = house.add_group("orders").await;

    let id = payments.id;
    let all = store.groups(house.scope).await.unwrap();
    assert_eq!(all, [orders, payments.clone()]);
    for found in [
        store.group(house.scope, id).await.unwrap(),
        store.group_or_tombstone(house.scope, id).await.unwrap(),
        store
            .group_by_name(house.scope, &payments.name)
            .await
            .unwrap(),
    ] {
        assert_eq!(found.as_ref(), Some(&payments));
    }
    assert_eq!(store.active_group_key(id).await.unwrap(), Some(key.clone()));
    assert_eq!(store.group_key(id, 1).await.unwrap(), Some(key));
    assert_eq!(store.group_key(id, 2).await.unwrap(), None);

    assert_eq!(store.groups(elsewhere).await.unwrap(), []);
    for found in [
        store.group(elsewhere, id).await.unwrap(),
        store.group_or_tombstone(elsewhere, id).await.unwrap(),
        store
            .group_by_name(elsewhere, &payments.name)
            .await
            .unwrap(),
    ] {
        assert_eq!(found, None);
    }
}

pub(crate) async fn group_names_are_unique_among_live_groups_of_a_scope(store: Arc<dyn Store>) {
    let house = House::in_store(&store).await;
    let first = house.add_group("payments").await;
    let (second, key) = group(house.scope, "payments");
    assert_refused!(
        house.commit(vec![Write::CreateGroup(second, key)]).await,
        StoreError::Taken {
            what: "secret group"
        }
    );
    assert_eq!(store.groups(house.scope).await.unwrap(), [first]);

    let elsewhere = house.add_environment("sandbox").await;
    let (same_name, key) = group(elsewhere, "payments");
    let (other_case, other_key) = group(house.scope, "Payments");
    house
        .commit(vec![
            Write::CreateGroup(same_name, key),
            Write::CreateGroup(other_case, other_key),
        ])
        .await
        .unwrap();
}

pub(crate) async fn a_changed_group_reads_back_changed(store: Arc<dyn Store>) {
    let house = House::in_store(&store).await;
    let payments = house.add_group("payments").await;
    let changed = GroupRecord {
        name: "settlements".parse().unwrap(),
        downloadable: true,
        modified_at: later(5),
        modified_by: "linus".to_owned(),
        ..payments.clone()
    };
    house.commit(vec![update(&changed)]).await.unwrap();
    let found = store.group(house.scope, payments.id).await.unwrap();
    assert_eq!(found, Some(changed));
    let by_old_name = store.group_by_name(house.scope, &payments.name).await;
    assert_eq!(by_old_name.unwrap(), None);

    let nothing = GroupRecord {
        id: GroupId::new(uuid()),
        ..payments
    };
    assert_refused!(
        house.commit(vec![update(&nothing)]).await,
        StoreError::Gone {
            what: "secret group"
        }
    );
}

pub(crate) async fn a_renamed_group_may_not_take_a_live_name(store: Arc<dyn Store>) {
    let house = House::in_store(&store).await;
    let payments = house.add_group("payments").await;
    let orders = house.add_group("orders").await;
    let renamed = GroupRecord {
        name: payments.name.clone(),
        ..orders.clone()
    };
    assert_refused!(
        house.commit(vec![update(&renamed)]).await,
        StoreError::Taken {
            what: "secret group"
        }
    );
    let groups = store.groups(house.scope).await.unwrap();
    assert_eq!(groups, [orders, payments]);
}

pub(crate) async fn a_group_needs_its_environment(store: Arc<dyn Store>) {
    let house = House::in_store(&store).await;
    let nowhere = Scope {
        environment: EnvironmentId::new(uuid()),
        ..house.scope
    };
    let (orphan, key) = group(nowhere, "payments");
    assert_refused!(
        house.commit(vec![Write::CreateGroup(orphan, key)]).await,
        StoreError::Gone {
            what: "environment"
        }
    );
}

fn update(group: &GroupRecord) -> Write {
    Write::UpdateGroup {
        group: group.id,
        name: group.name.clone(),
        downloadable: group.downloadable,
        at: group.modified_at,
        by: group.modified_by.clone(),
    }
}

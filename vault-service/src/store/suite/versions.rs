//! Labels move between versions; payloads are never rewritten.

use std::sync::Arc;

use sallyport_model::Collection;

use super::super::{
    Label, OLD_VERSIONS_KEPT, SecretRecord, Store, StoreError, Users, VersionRecord, Write,
};
use super::sample::{House, assert_refused, later, replace, secret, version};

const KIND: Collection = Collection::Keystores;

pub(crate) async fn a_replacement_moves_the_label_of_the_one_before(store: Arc<dyn Store>) {
    let (house, record) = replaced(&store, 2).await;
    let found = labels(&house, &record).await;
    assert_eq!(
        (found.current, found.previous, found.newest),
        (3, Some(2), 3)
    );
    assert_eq!(found.label(3), Some(Label::Current));
    assert_eq!(found.label(2), Some(Label::Previous));
    assert_eq!(found.label(1), None);
    assert_eq!(numbers(&store, &record).await, [3, 2, 1]);
}

pub(crate) async fn only_so_many_versions_without_a_label_stay(store: Arc<dyn Store>) {
    let kept = u64::from(OLD_VERSIONS_KEPT);
    let (house, record) = replaced(&store, kept + 1).await;
    // Current, previous, and as many as may stay.
    assert_eq!(numbers(&store, &record).await.last(), Some(&1));
    house
        .commit(vec![put_pending(&record, kept + 3, kept + 2)])
        .await
        .unwrap();
    house
        .commit(vec![Write::ReplaceSecret {
            name: record.name.clone(),
            version: version(record.id, kept + 4),
            expected: kept + 2,
        }])
        .await
        .unwrap();
    let left = numbers(&store, &record).await;
    assert_eq!(left.len() as u64, kept + 3);
    assert_eq!(left.last(), Some(&2));
    assert_eq!(store.version(record.id, 1).await.unwrap(), None);
    assert_eq!(labels(&house, &record).await.pending, Some(kept + 3));
}

pub(crate) async fn a_pending_version_waits_beside_the_current_one(store: Arc<dyn Store>) {
    let (house, record) = replaced(&store, 1).await;
    house
        .commit(vec![put_pending(&record, 3, 2)])
        .await
        .unwrap();
    let found = labels(&house, &record).await;
    assert_eq!(
        (found.current, found.previous, found.pending, found.newest),
        (2, Some(1), Some(3), 3)
    );
    // A replacement leaves it waiting; a second one takes its place and its bytes.
    house
        .commit(vec![Write::ReplaceSecret {
            name: record.name.clone(),
            version: version(record.id, 4),
            expected: 2,
        }])
        .await
        .unwrap();
    assert_eq!(labels(&house, &record).await.pending, Some(3));
    house
        .commit(vec![put_pending(&record, 5, 4)])
        .await
        .unwrap();
    assert_eq!(labels(&house, &record).await.pending, Some(5));
    assert_eq!(store.version(record.id, 3).await.unwrap(), None);
    assert_eq!(numbers(&store, &record).await, [5, 4, 2, 1]);
}

pub(crate) async fn a_promoted_version_is_the_current_one(store: Arc<dyn Store>) {
    let (house, record) = replaced(&store, 1).await;
    house
        .commit(vec![put_pending(&record, 3, 2)])
        .await
        .unwrap();
    house.commit(vec![promote(&record, 3, 2)]).await.unwrap();
    let found = labels(&house, &record).await;
    assert_eq!(
        (found.current, found.previous, found.pending, found.newest),
        (3, Some(2), None, 3)
    );
    assert_eq!(found.modified_at, later(3));
    assert_refused!(
        house.commit(vec![promote(&record, 3, 3)]).await,
        StoreError::Gone {
            what: "pending version"
        }
    );
}

pub(crate) async fn a_dropped_version_is_gone_and_its_number_is_not_used_again(
    store: Arc<dyn Store>,
) {
    let (house, record) = replaced(&store, 1).await;
    house
        .commit(vec![put_pending(&record, 3, 2)])
        .await
        .unwrap();
    let drop = |number| Write::DropPending {
        secret: record.id,
        number,
    };
    assert_refused!(
        house.commit(vec![drop(2)]).await,
        StoreError::Stale {
            expected: 2,
            found: 3
        }
    );
    house.commit(vec![drop(3)]).await.unwrap();
    assert_eq!(store.version(record.id, 3).await.unwrap(), None);
    let found = labels(&house, &record).await;
    assert_eq!((found.current, found.pending, found.newest), (2, None, 3));
    assert_refused!(
        house.commit(vec![replace(&record, 2)]).await,
        StoreError::Stale {
            expected: 2,
            found: 3
        }
    );
}

pub(crate) async fn the_current_label_moves_back_and_forth(store: Arc<dyn Store>) {
    let (house, record) = replaced(&store, 2).await;
    let before = store.versions(record.id).await.unwrap();
    house
        .commit(vec![move_current(&record, 1, 3)])
        .await
        .unwrap();
    let found = labels(&house, &record).await;
    assert_eq!(
        (found.current, found.previous, found.newest),
        (1, Some(3), 3)
    );
    house
        .commit(vec![move_current(&record, 3, 1)])
        .await
        .unwrap();
    let found = labels(&house, &record).await;
    assert_eq!((found.current, found.previous), (3, Some(1)));
    assert_eq!(store.versions(record.id).await.unwrap(), before);
    // The next one follows the newest, not the current.
    house
        .commit(vec![move_current(&record, 2, 3)])
        .await
        .unwrap();
    house
        .commit(vec![Write::ReplaceSecret {
            name: record.name.clone(),
            version: version(record.id, 4),
            expected: 2,
        }])
        .await
        .unwrap();
    assert_eq!(labels(&house, &record).await.previous, Some(2));
}

pub(crate) async fn the_current_label_moves_to_no_version_that_is_not_there(store: Arc<dyn Store>) {
    let (house, record) = replaced(&store, 1).await;
    house
        .commit(vec![put_pending(&record, 3, 2)])
        .await
        .unwrap();
    for absent in [9, u64::MAX] {
        assert_eq!(store.version(record.id, absent).await.unwrap(), None);
        assert_refused!(
            house.commit(vec![move_current(&record, absent, 2)]).await,
            StoreError::Gone { what: "version" }
        );
    }
    for contradiction in [2, 3] {
        assert_refused!(
            house
                .commit(vec![move_current(&record, contradiction, 2)])
                .await,
            StoreError::Engine(_)
        );
    }
    assert_eq!(labels(&house, &record).await.current, 2);
}

pub(crate) async fn every_move_of_a_label_names_the_version_it_saw(store: Arc<dyn Store>) {
    let (house, record) = replaced(&store, 1).await;
    house
        .commit(vec![put_pending(&record, 3, 2)])
        .await
        .unwrap();
    for write in [
        put_pending(&record, 4, 1),
        promote(&record, 3, 1),
        move_current(&record, 2, 1),
        update(&record, 1),
        Write::DeleteSecret {
            secret: record.id,
            expected: 1,
            users: Users::Refuse,
            at: later(1),
        },
    ] {
        assert_refused!(
            house.commit(vec![write]).await,
            StoreError::Stale {
                expected: 1,
                found: 2
            }
        );
    }
}

pub(crate) async fn a_version_that_refers_to_a_tombstone_never_comes_into_force(
    store: Arc<dyn Store>,
) {
    let house = House::in_store(&store).await;
    let group = house.add_group("payments").await.id;
    let (keystore, _) = house.add_secret(group, KIND, "inbound").await;
    let (context, mut first) = secret(group, Collection::TlsContexts, "inbound");
    first.refers_to = vec![keystore.id];
    let pending = VersionRecord {
        refers_to: vec![keystore.id],
        ..version(context.id, 3)
    };
    house
        .commit(vec![
            Write::CreateSecret(context.clone(), first),
            replace(&context, 1),
            Write::PutPending {
                version: pending,
                expected: 2,
            },
            Write::DeleteSecret {
                secret: keystore.id,
                expected: 1,
                users: Users::Ignore,
                at: later(1),
            },
        ])
        .await
        .unwrap();
    for write in [move_current(&context, 1, 2), promote(&context, 3, 2)] {
        assert_refused!(
            house.commit(vec![write]).await,
            StoreError::Gone {
                what: "referenced secret"
            }
        );
    }
}

pub(crate) async fn name_and_date_change_without_a_new_version(store: Arc<dyn Store>) {
    let (house, record) = replaced(&store, 1).await;
    house.commit(vec![update(&record, 2)]).await.unwrap();
    let found = labels(&house, &record).await;
    assert_eq!(found.name.as_str(), "renamed");
    assert_eq!((found.current, found.newest), (2, 2));
    let current = store.version(record.id, 2).await.unwrap().unwrap();
    let expected = VersionRecord {
        expiration_date: Some("2030-01-01".to_owned()),
        ..version(record.id, 2)
    };
    assert_eq!(current, expected);
    let older = store.version(record.id, 1).await.unwrap();
    assert_eq!(older, Some(version(record.id, 1)));

    let (other, _) = house.add_secret(record.group, KIND, "other").await;
    assert_refused!(
        house.commit(vec![update(&other, 1)]).await,
        StoreError::Taken { what: "keystore" }
    );
}

pub(crate) async fn two_secrets_swap_their_names_in_one_batch(store: Arc<dyn Store>) {
    let house = House::in_store(&store).await;
    let group = house.add_group("payments").await.id;
    let (one, _) = house.add_secret(group, KIND, "one").await;
    let (two, _) = house.add_secret(group, KIND, "two").await;
    let named = |secret: &SecretRecord, name: &SecretRecord| Write::ReplaceSecret {
        name: name.name.clone(),
        version: version(secret.id, 2),
        expected: 1,
    };
    house
        .commit(vec![
            Write::FreeName(one.id),
            Write::FreeName(two.id),
            named(&one, &two),
            named(&two, &one),
        ])
        .await
        .unwrap();
    assert_eq!(labels(&house, &one).await.name, two.name);
    assert_eq!(labels(&house, &two).await.name, one.name);

    assert_refused!(
        house.commit(vec![Write::FreeName(one.id)]).await,
        StoreError::Engine(_)
    );
    assert_eq!(labels(&house, &one).await.name, two.name);
}

pub(crate) async fn secrets_with_a_date_are_found_soonest_first(store: Arc<dyn Store>) {
    let house = House::in_store(&store).await;
    let elsewhere = house.add_environment("sandbox").await;
    let group = house.add_group("payments").await;
    let mut made = Vec::new();
    for (name, date) in [
        ("later", Some("2027-05-02")),
        ("never", None),
        ("too late", Some("2027-06-01")),
        ("sooner", Some("2027-05-01")),
    ] {
        let (record, mut first) = secret(group.id, KIND, name);
        first.expiration_date = date.map(str::to_owned);
        house
            .commit(vec![Write::CreateSecret(record.clone(), first)])
            .await
            .unwrap();
        made.push(record);
    }
    for scope in [None, Some(house.scope)] {
        let found = store.expiring(scope, "2027-05-31").await.unwrap();
        let found: Vec<_> = found
            .into_iter()
            .map(|item| (item.group.id, item.secret.id, item.expiration_date))
            .collect();
        let expected = [(&made[3], "2027-05-01"), (&made[0], "2027-05-02")]
            .map(|(secret, date)| (group.id, secret.id, date.to_owned()));
        assert_eq!(found, expected);
    }
    let none = store.expiring(Some(elsewhere), "2027-05-31").await;
    assert_eq!(none.unwrap(), []);
    // Only the current version counts.
    house.commit(vec![replace(&made[3], 1)]).await.unwrap();
    let left = store.expiring(None, "2027-05-31").await.unwrap();
    assert_eq!(left.len(), 1);
}

async fn replaced(store: &Arc<dyn Store>, times: u64) -> (House, SecretRecord) {
    let house = House::in_store(store).await;
    let group = house.add_group("payments").await.id;
    let (record, _) = house.add_secret(group, KIND, "inbound").await;
    for current in 1..=times {
        house.commit(vec![replace(&record, current)]).await.unwrap();
    }
    (house, record)
}

async fn labels(house: &House, record: &SecretRecord) -> SecretRecord {
    let found = house.store.secret(record.group, KIND, record.id).await;
    found.unwrap().unwrap()
}

async fn numbers(store: &Arc<dyn Store>, record: &SecretRecord) -> Vec<u64> {
    let versions = store.versions(record.id).await.unwrap();
    versions.iter().map(|version| version.number).collect()
}

fn put_pending(record: &SecretRecord, number: u64, expected: u64) -> Write {
    Write::PutPending {
        version: version(record.id, number),
        expected,
    }
}

fn promote(record: &SecretRecord, number: u64, expected: u64) -> Write {
    Write::PromotePending {
        secret: record.id,
        number,
        expected,
        at: later(3),
    }
}

fn move_current(record: &SecretRecord, to: u64, expected: u64) -> Write {
    Write::MoveCurrent {
        secret: record.id,
        to,
        expected,
        at: later(3),
    }
}

fn update(record: &SecretRecord, expected: u64) -> Write {
    Write::UpdateSecret {
        secret: record.id,
        name: "renamed".parse().unwrap(),
        expiration_date: Some("2030-01-01".to_owned()),
        expected,
        at: later(3),
    }
}

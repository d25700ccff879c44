//! Secrets and their versions.

use std::sync::Arc;

use sallyport_model::{Collection, SecretId};
use tokio::task::JoinSet;

use super::super::{SecretRecord, Store, StoreError, VersionRecord, Write};
use super::sample::{House, assert_refused, later, replace, secret, uuid, version};

pub(crate) async fn secrets_read_back_with_their_current_version(store: Arc<dyn Store>) {
    let house = House::in_store(&store).await;
    let group = house.add_group("payments").await.id;
    let backend = house
        .add_secret(group, Collection::SharedSecrets, "backend")
        .await;
    let api_key = house
        .add_secret(group, Collection::SharedSecrets, "API key, Zürich")
        .await;
    house
        .add_secret(group, Collection::Keystores, "backend")
        .await;

    let all = store.secrets(group, Collection::SharedSecrets).await;
    assert_eq!(all.unwrap(), [api_key, backend.clone()]);
    let (record, first) = backend;
    let kind = record.collection;
    for found in [
        store.secret(group, kind, record.id).await.unwrap(),
        store
            .secret_or_tombstone(group, kind, record.id)
            .await
            .unwrap(),
        store
            .secret_by_name(group, kind, &record.name)
            .await
            .unwrap(),
    ] {
        assert_eq!(found.as_ref(), Some(&record));
    }
    assert_eq!(store.version(record.id, 1).await.unwrap(), Some(first));
    assert_eq!(store.version(record.id, 2).await.unwrap(), None);

    let missing = SecretId::new(uuid());
    let numbers = store.current_versions(vec![missing, record.id]).await;
    assert_eq!(numbers.unwrap(), [(record.id, record.current)]);

    // The first release took UUIDs as names; they stay readable.
    let group_of_old = house.add_group("abcdef0123456789abcdef0123456789").await;
    let id = "0a3d6c52-7f3a-4a54-8f42-9f5d1d9be4a1";
    let old = house.add_secret(group_of_old.id, kind, id).await;
    let scope = group_of_old.scope;
    assert!(store.groups(scope).await.unwrap().contains(&group_of_old));
    assert_eq!(store.secrets(group_of_old.id, kind).await.unwrap(), [old]);

    // Neither under another kind nor in another group.
    let other = house.add_group("orders").await.id;
    for (group, kind) in [(group, Collection::Keystores), (other, kind)] {
        assert_eq!(store.secret(group, kind, record.id).await.unwrap(), None);
        let found = store.secret_or_tombstone(group, kind, record.id).await;
        assert_eq!(found.unwrap(), None);
    }
}

pub(crate) async fn secret_names_are_unique_per_group_and_kind(store: Arc<dyn Store>) {
    let house = House::in_store(&store).await;
    let payments = house.add_group("payments").await.id;
    let orders = house.add_group("orders").await.id;
    for (group, kind) in [
        (payments, Collection::SharedSecrets),
        (payments, Collection::TlsContexts),
        (orders, Collection::TlsContexts),
    ] {
        house.add_secret(group, kind, "backend").await;
    }
    let (again, first) = secret(payments, Collection::TlsContexts, "backend");
    assert_refused!(
        house.commit(vec![Write::CreateSecret(again, first)]).await,
        StoreError::Taken {
            what: "TLS context"
        }
    );
}

pub(crate) async fn a_replaced_secret_keeps_its_earlier_versions(store: Arc<dyn Store>) {
    let house = House::in_store(&store).await;
    let group = house.add_group("payments").await.id;
    let (record, first) = house
        .add_secret(group, Collection::SharedSecrets, "backend")
        .await;
    let second = VersionRecord {
        envelope: vec![9; 100_000],
        expiration_date: None,
        created_at: later(7),
        ..version(record.id, 2)
    };
    let replaced = SecretRecord {
        name: "backend-2".parse().unwrap(),
        current: 2,
        previous: Some(1),
        newest: 2,
        modified_at: later(7),
        ..record.clone()
    };
    house
        .commit(vec![Write::ReplaceSecret {
            name: replaced.name.clone(),
            version: second.clone(),
            expected: 1,
        }])
        .await
        .unwrap();

    assert_eq!(store.version(record.id, 1).await.unwrap(), Some(first));
    let current = store.version(record.id, 2).await.unwrap();
    assert_eq!(current.as_ref(), Some(&second));
    let all = store.secrets(group, Collection::SharedSecrets).await;
    assert_eq!(all.unwrap(), [(replaced, second)]);
}

pub(crate) async fn a_replaced_secret_may_not_take_a_live_name(store: Arc<dyn Store>) {
    let house = House::in_store(&store).await;
    let group = house.add_group("payments").await.id;
    let (one, _) = house.add_secret(group, Collection::Keystores, "one").await;
    let (two, _) = house.add_secret(group, Collection::Keystores, "two").await;
    let renamed = SecretRecord {
        name: one.name,
        ..two.clone()
    };
    assert_refused!(
        house.commit(vec![replace(&renamed, 1)]).await,
        StoreError::Taken { what: "keystore" }
    );
    let found = store.secret(group, Collection::Keystores, two.id).await;
    assert_eq!(found.unwrap(), Some(two.clone()));
    assert_eq!(store.version(two.id, 2).await.unwrap(), None);
}

pub(crate) async fn a_writer_that_read_an_older_version_is_stale(store: Arc<dyn Store>) {
    let house = House::in_store(&store).await;
    let group = house.add_group("payments").await.id;
    let (record, _) = house
        .add_secret(group, Collection::Keystores, "inbound")
        .await;
    house.commit(vec![replace(&record, 1)]).await.unwrap();
    for wrong in [0, 1, 3] {
        let result = house.commit(vec![replace(&record, wrong)]).await;
        let Err(StoreError::Stale { expected, found }) = result else {
            panic!("{result:?}");
        };
        assert_eq!((expected, found), (wrong, 2));
    }
    let (unknown, _) = secret(group, Collection::Keystores, "unknown");
    assert_refused!(
        house.commit(vec![replace(&unknown, 1)]).await,
        StoreError::Gone { what: "secret" }
    );
}

pub(crate) async fn exactly_one_of_many_concurrent_writers_wins(store: Arc<dyn Store>) {
    let house = House::in_store(&store).await;
    let group = house.add_group("payments").await.id;
    let (record, _) = house
        .add_secret(group, Collection::SharedSecrets, "backend")
        .await;
    for round in 1..=4 {
        let mut tasks = JoinSet::new();
        for task in 0..64_u8 {
            let store = Arc::clone(&store);
            let record = record.clone();
            tasks.spawn(async move {
                let version = VersionRecord {
                    envelope: vec![task],
                    ..version(record.id, round + 1)
                };
                let replace = Write::ReplaceSecret {
                    name: record.name,
                    version,
                    expected: round,
                };
                (task, store.commit(vec![replace]).await)
            });
        }
        let mut winners = Vec::new();
        while let Some(ended) = tasks.join_next().await {
            match ended.unwrap() {
                (task, Ok(())) => winners.push(task),
                (_, Err(StoreError::Stale { expected, found })) => {
                    assert_eq!((expected, found), (round, round + 1));
                }
                (_, Err(other)) => panic!("{other:?}"),
            }
        }
        let current = store.version(record.id, round + 1).await.unwrap().unwrap();
        assert_eq!(current.envelope, winners);
    }
}

pub(crate) async fn references_keep_their_order(store: Arc<dyn Store>) {
    let house = House::in_store(&store).await;
    let group = house.add_group("payments").await.id;
    let mut targets = Vec::new();
    for (kind, name) in [
        (Collection::Keystores, "inbound"),
        (Collection::Truststores, "partners"),
        (Collection::CertificatePinsets, "partners"),
    ] {
        targets.push(house.add_secret(group, kind, name).await.0.id);
    }
    targets.reverse();
    let (record, mut first) = secret(group, Collection::TlsContexts, "inbound");
    first.refers_to = targets.clone();
    house
        .commit(vec![
            Write::CreateSecret(record.clone(), first.clone()),
            replace(&record, 1),
        ])
        .await
        .unwrap();

    assert_eq!(store.version(record.id, 1).await.unwrap(), Some(first));
    let second = store.version(record.id, 2).await.unwrap().unwrap();
    assert_eq!(second.refers_to, []);
}

pub(crate) async fn references_leave_neither_the_group_nor_the_living(store: Arc<dyn Store>) {
    let house = House::in_store(&store).await;
    let payments = house.add_group("payments").await.id;
    let orders = house.add_group("orders").await.id;
    let dead = house.add_group("dead").await.id;
    let (foreign, _) = house.add_secret(orders, Collection::Keystores, "k").await;
    let (deleted, _) = house.add_secret(dead, Collection::Keystores, "k").await;
    house.delete_group(dead, later(1)).await;

    for target in [foreign.id, deleted.id, SecretId::new(uuid())] {
        let (context, mut first) = secret(payments, Collection::TlsContexts, "inbound");
        first.refers_to = vec![target];
        assert_refused!(
            house
                .commit(vec![Write::CreateSecret(context, first)])
                .await,
            StoreError::Gone {
                what: "referenced secret"
            }
        );
    }
    let left = store.secrets(payments, Collection::TlsContexts).await;
    assert_eq!(left.unwrap(), []);
}

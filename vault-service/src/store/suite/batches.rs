//! Batches: all or nothing, also when many are committed at once.

use std::sync::Arc;
use std::time::Duration;

use sallyport_model::Collection;
use tokio::task::JoinSet;

use super::super::{ChangeSeq, Setting, Store, StoreError, Write};
use super::sample::{
    House, assert_refused, audit_entry, environment, group, later, organization, replace, secret,
    version,
};

pub(crate) async fn a_refused_write_undoes_its_whole_batch(store: Arc<dyn Store>) {
    let house = House::in_store(&store).await;
    let taken = environment(house.scope.organization, "production");
    let bad = Write::CreateEnvironment(taken);
    let (payments, key) = group(house.scope, "payments");
    let (password, first) = secret(payments.id, Collection::SharedSecrets, "backend");
    let good = [
        Write::CreateGroup(payments.clone(), key),
        Write::CreateSecret(password.clone(), first),
        Write::Audit(audit_entry(house.scope, "payments")),
        Write::PutSetting(Setting::RootPublicKey, vec![1]),
        Write::DeleteActor(house.gateway),
    ];

    for position in 0..=good.len() {
        let mut batch = good.to_vec();
        batch.insert(position, bad.clone());
        assert_refused!(
            house.commit(batch).await,
            StoreError::Taken {
                what: "environment"
            }
        );
    }
    assert_eq!(store.groups(house.scope).await.unwrap(), []);
    assert_eq!(store.active_group_key(payments.id).await.unwrap(), None);
    assert_eq!(store.version(password.id, 1).await.unwrap(), None);
    assert_eq!(store.audit(house.scope, None, 10).await.unwrap(), []);
    assert_eq!(store.setting(Setting::RootPublicKey).await.unwrap(), None);
    assert!(store.actor(house.gateway).await.unwrap().is_some());

    house.commit(good.to_vec()).await.unwrap();
    assert_eq!(store.groups(house.scope).await.unwrap(), [payments]);
}

pub(crate) async fn a_batch_sees_its_own_earlier_writes(store: Arc<dyn Store>) {
    let house = House::in_store(&store).await;
    let (payments, key) = group(house.scope, "payments");
    let (keystore, keystore_version) = secret(payments.id, Collection::Keystores, "inbound");
    let (context, mut context_version) = secret(payments.id, Collection::TlsContexts, "inbound");
    context_version.refers_to = vec![keystore.id];
    house
        .commit(vec![
            Write::CreateGroup(payments, key),
            Write::CreateSecret(keystore, keystore_version),
            Write::CreateSecret(context.clone(), context_version),
            replace(&context, 1),
        ])
        .await
        .unwrap();
    let newest = store.version(context.id, 2).await.unwrap();
    assert_eq!(newest, Some(version(context.id, 2)));
}

pub(crate) async fn an_empty_batch_is_accepted(store: Arc<dyn Store>) {
    let changes = store.changes();
    store.commit(Vec::new()).await.unwrap();
    assert!(!changes.has_changed().unwrap());
}

pub(crate) async fn acknowledged_writes_are_seen_by_every_reader(store: Arc<dyn Store>) {
    let house = Arc::new(House::in_store(&store).await);
    let mut tasks = JoinSet::new();
    for task in 0..16 {
        let house = Arc::clone(&house);
        tasks.spawn(async move {
            for round in 0..8 {
                let group = house.add_group(&format!("group-{task}-{round}")).await;
                // More reads than one, so that no reader may lag behind.
                for _ in 0..8 {
                    let found = house.store.group(house.scope, group.id).await.unwrap();
                    assert_eq!(found.as_ref(), Some(&group));
                }
            }
        });
    }
    finish(tasks).await;
    assert_eq!(store.groups(house.scope).await.unwrap().len(), 16 * 8);
}

pub(crate) async fn a_refused_batch_does_not_disturb_those_committed_beside_it(
    store: Arc<dyn Store>,
) {
    let house = Arc::new(House::in_store(&store).await);
    house.add_group("taken").await;
    let before: ChangeSeq = *store.changes().borrow();
    let mut tasks = JoinSet::new();
    for task in 0..256 {
        let house = Arc::clone(&house);
        tasks.spawn(async move {
            let (good, good_key) = group(house.scope, &format!("group-{task}"));
            let (bad, bad_key) = group(house.scope, "taken");
            let mut batch = vec![
                Write::CreateGroup(good, good_key),
                Write::Audit(audit_entry(house.scope, &format!("group-{task}"))),
            ];
            if task % 3 != 0 {
                return house.commit(batch).await.unwrap();
            }
            batch.push(Write::CreateGroup(bad, bad_key));
            assert_refused!(
                house.commit(batch).await,
                StoreError::Taken {
                    what: "secret group"
                }
            );
        });
    }
    finish(tasks).await;

    let good = (0..256).filter(|task| task % 3 != 0);
    let mut expected: Vec<String> = good.map(|task| format!("group-{task}")).collect();
    expected.sort();
    let entries = store.audit(house.scope, None, 1000).await.unwrap();
    let mut audited: Vec<String> = entries.into_iter().map(|entry| entry.object).collect();
    audited.sort();
    assert_eq!(audited, expected);
    let groups = store.groups(house.scope).await.unwrap();
    let names: Vec<&str> = groups.iter().map(|group| group.name.as_str()).collect();
    expected.push("taken".to_owned());
    assert_eq!(names, expected);
    assert_eq!(*store.changes().borrow(), before + 170);
}

pub(crate) async fn a_batch_counts_even_if_its_caller_stopped_waiting(store: Arc<dyn Store>) {
    let house = House::in_store(&store).await;
    let mut changes = store.changes();
    let (payments, key) = group(house.scope, "payments");
    let commit = house.commit(vec![Write::CreateGroup(payments.clone(), key)]);
    // Polled once: the batch is queued, then nobody waits for it any more.
    let _ = tokio::time::timeout(Duration::ZERO, commit).await;
    changes.changed().await.unwrap();
    assert_eq!(store.groups(house.scope).await.unwrap(), [payments]);
}

pub(crate) async fn writes_that_contradict_themselves_are_refused(store: Arc<dyn Store>) {
    let house = House::in_store(&store).await;
    let payments = house.add_group("payments").await;
    let (orders, _) = group(house.scope, "orders");
    let (_, key_of_another) = group(house.scope, "other");
    let (mut dead, dead_key) = group(house.scope, "dead");
    dead.deleted_at = Some(later(1));
    let (password, first) = secret(payments.id, Collection::SharedSecrets, "backend");
    let (_, version_of_another) = secret(payments.id, Collection::SharedSecrets, "other");
    let (existing, _) = house
        .add_secret(payments.id, Collection::SharedSecrets, "existing")
        .await;
    for contradiction in [
        Write::CreateGroup(orders, key_of_another),
        Write::CreateGroup(dead, dead_key),
        Write::CreateSecret(password.clone(), version_of_another),
        Write::CreateSecret(password.clone(), version(password.id, 2)),
        Write::ReplaceSecret {
            name: existing.name.clone(),
            version: version(existing.id, 3),
            expected: 1,
        },
        // A connected app's place is its organization, a gateway's its environment.
        Write::CreateActor({
            let mut placeless = super::sample::gateway(house.scope, "placeless");
            placeless.environment = None;
            placeless
        }),
    ] {
        assert_refused!(
            house.commit(vec![contradiction]).await,
            StoreError::Engine(_)
        );
    }
    assert_eq!(
        store.groups(house.scope).await.unwrap(),
        std::slice::from_ref(&payments)
    );
    let secrets = store
        .secrets(payments.id, Collection::SharedSecrets)
        .await
        .unwrap();
    assert_eq!(secrets, [(existing.clone(), version(existing.id, 1))]);
    // The store goes on.
    house
        .commit(vec![
            Write::CreateOrganization(organization()),
            Write::CreateSecret(password, first),
        ])
        .await
        .unwrap();
}

async fn finish(mut tasks: JoinSet<()>) {
    while let Some(task) = tasks.join_next().await {
        task.unwrap();
    }
}

//! Edit sessions: one per group, staged beside what is published, ended as a whole.

use std::sync::Arc;

use sallyport_model::{ActorId, Collection, GroupId, SecretId};
use tokio::task::JoinSet;

use super::super::{
    EditSessionRecord, SecretRecord, StagedAction, StagedChange, Store, StoreError, VersionRecord,
    Write,
};
use super::sample::{House, NOW, assert_refused, later, replace, uuid, version};

const KIND: Collection = Collection::SharedSecrets;

pub(crate) async fn a_session_and_what_is_staged_read_back(store: Arc<dyn Store>) {
    let (house, opened, record) = opened(&store).await;
    let created = SecretId::new(uuid());
    let first = VersionRecord {
        refers_to: vec![record.id, created],
        envelope: vec![7; 50_000],
        ..version(created, 1)
    };
    let changes = [
        change(created, "a new one", StagedAction::Create(first)),
        change(
            record.id,
            "backend",
            StagedAction::Replace(version(record.id, 2)),
        ),
        change(
            SecretId::new(uuid()),
            "dated",
            StagedAction::Update {
                expiration_date: Some("2030-01-01".to_owned()),
            },
        ),
        change(
            SecretId::new(uuid()),
            "undated",
            StagedAction::Update {
                expiration_date: None,
            },
        ),
        change(SecretId::new(uuid()), "unwanted", StagedAction::Delete),
    ];
    for change in &changes {
        house.commit(vec![stage(&opened, change)]).await.unwrap();
    }
    assert_eq!(store.staged_changes(opened.group).await.unwrap(), changes);
    let expected = EditSessionRecord {
        revision: 5,
        ..opened.clone()
    };
    let found = store.edit_session(opened.group).await.unwrap();
    assert_eq!(found, Some(expected));
    // Nothing of it is published.
    let all = store.secrets(opened.group, KIND).await.unwrap();
    assert_eq!(all, [(record.clone(), version(record.id, 1))]);

    let other = house.add_group("orders").await.id;
    assert_eq!(store.edit_session(other).await.unwrap(), None);
    assert_eq!(store.staged_changes(other).await.unwrap(), []);
}

pub(crate) async fn a_group_has_one_session_at_most(store: Arc<dyn Store>) {
    let house = Arc::new(House::in_store(&store).await);
    let group = house.add_group("payments").await.id;
    let mut tasks = JoinSet::new();
    for task in 0..32 {
        let house = Arc::clone(&house);
        let session = session(group, ActorId::new(uuid()), &format!("user-{task}"));
        tasks.spawn(async move {
            let opened = house.commit(vec![Write::OpenEditSession(session.clone())]);
            (session, opened.await)
        });
    }
    let mut winners = Vec::new();
    let mut holders = Vec::new();
    while let Some(ended) = tasks.join_next().await {
        match ended.unwrap() {
            (session, Ok(())) => winners.push(session),
            (_, Err(StoreError::Locked { holder })) => holders.push(holder),
            (_, Err(other)) => panic!("{other:?}"),
        }
    }
    let [winner] = winners.as_slice() else {
        panic!("{winners:?}");
    };
    assert!(holders.iter().all(|holder| *holder == winner.holder_name));
    assert_eq!(
        store.edit_session(group).await.unwrap().as_ref(),
        Some(winner)
    );
}

pub(crate) async fn a_locked_group_refuses_batches_that_ask_for_an_unlocked_one(
    store: Arc<dyn Store>,
) {
    let (house, opened, record) = opened(&store).await;
    let require = |except| Write::RequireUnlocked {
        group: opened.group,
        except,
    };
    for except in [None, Some(ActorId::new(uuid()))] {
        let result = house
            .commit(vec![replace(&record, 1), require(except)])
            .await;
        let Err(StoreError::Locked { holder }) = result else {
            panic!("{result:?}");
        };
        assert_eq!(holder, "ada");
    }
    assert_eq!(store.version(record.id, 2).await.unwrap(), None);
    house
        .commit(vec![require(Some(opened.holder)), replace(&record, 1)])
        .await
        .unwrap();
    house.commit(vec![end(&opened, None)]).await.unwrap();
    house
        .commit(vec![require(None), replace(&record, 2)])
        .await
        .unwrap();
}

pub(crate) async fn only_the_holder_stages_and_ends(store: Arc<dyn Store>) {
    let (house, opened, record) = opened(&store).await;
    let stranger = session(opened.group, ActorId::new(uuid()), "eve");
    let staged = change(record.id, "backend", StagedAction::Delete);
    let unstage = |session: &EditSessionRecord| Write::Unstage {
        group: session.group,
        holder: session.holder,
        secret: record.id,
    };
    for write in [
        stage(&stranger, &staged),
        unstage(&stranger),
        end(&stranger, None),
    ] {
        assert_refused!(house.commit(vec![write]).await, StoreError::Locked { .. });
    }
    house.commit(vec![end(&opened, None)]).await.unwrap();
    for write in [
        stage(&opened, &staged),
        unstage(&opened),
        end(&opened, None),
    ] {
        assert_refused!(
            house.commit(vec![write]).await,
            StoreError::Gone {
                what: "edit session"
            }
        );
    }
}

pub(crate) async fn a_secret_is_staged_once_and_no_step_is_lost(store: Arc<dyn Store>) {
    let (house, opened, record) = opened(&store).await;
    let step = |step: u64, name: &str| StagedChange {
        step,
        ..change(record.id, name, StagedAction::Delete)
    };
    house
        .commit(vec![stage(&opened, &step(1, "one"))])
        .await
        .unwrap();
    for (wrong, found) in [(1, 1), (3, 1)] {
        let result = house.commit(vec![stage(&opened, &step(wrong, "x"))]).await;
        let Err(StoreError::Stale { found: is, .. }) = result else {
            panic!("{result:?}");
        };
        assert_eq!(is, found);
    }
    house
        .commit(vec![stage(&opened, &step(2, "two"))])
        .await
        .unwrap();
    let staged = store.staged_changes(opened.group).await.unwrap();
    assert_eq!(staged, [step(2, "two")]);
    let unstage = Write::Unstage {
        group: opened.group,
        holder: opened.holder,
        secret: record.id,
    };
    house.commit(vec![unstage]).await.unwrap();
    assert_eq!(store.staged_changes(opened.group).await.unwrap(), []);
}

pub(crate) async fn a_session_ends_with_its_changes_in_one_batch_or_not_at_all(
    store: Arc<dyn Store>,
) {
    let (house, opened, record) = opened(&store).await;
    let staged = change(record.id, "backend", StagedAction::Delete);
    house.commit(vec![stage(&opened, &staged)]).await.unwrap();
    // Staged after it was looked at.
    assert_refused!(
        house
            .commit(vec![replace(&record, 1), end(&opened, Some(0))])
            .await,
        StoreError::Stale {
            expected: 0,
            found: 1
        }
    );
    assert_eq!(store.version(record.id, 2).await.unwrap(), None);
    assert_eq!(store.staged_changes(opened.group).await.unwrap(), [staged]);
    house
        .commit(vec![replace(&record, 1), end(&opened, Some(1))])
        .await
        .unwrap();
    assert!(store.version(record.id, 2).await.unwrap().is_some());
    assert_eq!(store.edit_session(opened.group).await.unwrap(), None);
    assert_eq!(store.staged_changes(opened.group).await.unwrap(), []);
}

pub(crate) async fn a_session_ends_with_its_group(store: Arc<dyn Store>) {
    let (house, opened, record) = opened(&store).await;
    let staged = change(record.id, "backend", StagedAction::Delete);
    house.commit(vec![stage(&opened, &staged)]).await.unwrap();
    house.delete_group(opened.group, later(1)).await;
    assert_eq!(store.edit_session(opened.group).await.unwrap(), None);
    assert_eq!(store.staged_changes(opened.group).await.unwrap(), []);
    assert_refused!(
        house.commit(vec![Write::OpenEditSession(opened)]).await,
        StoreError::Gone {
            what: "secret group"
        }
    );
}

pub(crate) async fn what_is_staged_does_not_raise_the_feed(store: Arc<dyn Store>) {
    let house = House::in_store(&store).await;
    let group = house.add_group("payments").await.id;
    let (record, _) = house.add_secret(group, KIND, "backend").await;
    let changes = store.changes();
    let opened = session(group, ActorId::new(uuid()), "ada");
    let staged = change(record.id, "backend", StagedAction::Delete);
    house
        .commit(vec![
            Write::OpenEditSession(opened.clone()),
            stage(&opened, &staged),
            end(&opened, None),
        ])
        .await
        .unwrap();
    assert!(!changes.has_changed().unwrap());
}

async fn opened(store: &Arc<dyn Store>) -> (House, EditSessionRecord, SecretRecord) {
    let house = House::in_store(store).await;
    let group = house.add_group("payments").await.id;
    let (record, _) = house.add_secret(group, KIND, "backend").await;
    let opened = session(group, ActorId::new(uuid()), "ada");
    house
        .commit(vec![Write::OpenEditSession(opened.clone())])
        .await
        .unwrap();
    (house, opened, record)
}

fn session(group: GroupId, holder: ActorId, name: &str) -> EditSessionRecord {
    EditSessionRecord {
        group,
        holder,
        holder_name: name.to_owned(),
        opened_at: NOW,
        revision: 0,
    }
}

fn change(secret: SecretId, name: &str, action: StagedAction) -> StagedChange {
    StagedChange {
        secret,
        collection: KIND,
        name: name.parse().unwrap(),
        step: 1,
        staged_at: later(2),
        action,
    }
}

fn stage(session: &EditSessionRecord, change: &StagedChange) -> Write {
    Write::Stage {
        group: session.group,
        holder: session.holder,
        change: Box::new(change.clone()),
    }
}

fn end(session: &EditSessionRecord, revision: Option<u64>) -> Write {
    Write::EndEditSession {
        group: session.group,
        holder: session.holder,
        revision,
    }
}

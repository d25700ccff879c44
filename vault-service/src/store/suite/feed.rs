//! The change feed: raised by what gateways may have to hear about, and by nothing else.

use std::sync::Arc;

use sallyport_model::{Access, ActorId, Collection};
use tokio::task::JoinSet;

use super::super::{Setting, Store, StoreError, Write};
use super::sample::{
    House, NOW, assert_refused, audit_entry, connected_app, environment, grant, group, later,
    organization, replace, secret, token, uuid,
};

pub(crate) async fn changes_of_groups_secrets_grants_and_actors_raise_the_feed(
    store: Arc<dyn Store>,
) {
    let house = House::in_store(&store).await;
    let mut changes = store.changes();
    let app = connected_app(house.scope.organization, "terraform");
    let (payments, key) = group(house.scope, "payments");
    let (password, first) = secret(payments.id, Collection::SharedSecrets, "backend");
    for write in [
        Write::CreateActor(app.clone()),
        Write::RenewGateway {
            gateway: house.gateway,
            certificate_not_after: later(9),
            key: [1; 32],
        },
        Write::CreateGroup(payments.clone(), key),
        Write::UpdateGroup {
            group: payments.id,
            name: payments.name,
            downloadable: true,
            at: later(1),
            by: "ada".to_owned(),
        },
        Write::CreateSecret(password.clone(), first),
        replace(&password, 1),
        Write::PutGrant(grant(payments.id, house.gateway, Access::Read)),
        Write::RemoveGrants {
            group: payments.id,
            actor: house.gateway,
        },
        Write::DeleteGroup {
            group: payments.id,
            at: later(2),
        },
        Write::DeleteActor(app.id),
    ] {
        let before = *changes.borrow_and_update();
        let audited = Write::Audit(audit_entry(house.scope, "one of them"));
        house.commit(vec![write.clone(), audited]).await.unwrap();
        // No waiting: it is set when the commit returns.
        assert!(changes.has_changed().unwrap(), "{write:?}");
        assert_eq!(*changes.borrow_and_update(), before + 1, "{write:?}");
    }
}

pub(crate) async fn audit_entries_and_tokens_do_not_raise_the_feed(store: Arc<dyn Store>) {
    let house = House::in_store(&store).await;
    let changes = store.changes();
    let other = organization();
    let elsewhere = environment(other.id, "sandbox");
    for write in [
        Write::Audit(audit_entry(house.scope, "a read")),
        Write::CreateToken {
            token: token(house.gateway, [1; 32], later(60)),
            now: NOW,
        },
        Write::PutSetting(Setting::TrustDomain, vec![1]),
        Write::CreateOrganization(other),
        Write::CreateEnvironment(elsewhere),
    ] {
        house.commit(vec![write]).await.unwrap();
    }
    assert!(!changes.has_changed().unwrap());
}

pub(crate) async fn refused_batches_do_not_raise_the_feed(store: Arc<dyn Store>) {
    let house = House::in_store(&store).await;
    let changes = store.changes();
    let (payments, key) = group(house.scope, "payments");
    assert_refused!(
        house
            .commit(vec![
                Write::CreateGroup(payments, key),
                Write::DeleteActor(ActorId::new(uuid())),
            ])
            .await,
        StoreError::Gone { what: "actor" }
    );
    assert!(!changes.has_changed().unwrap());
}

pub(crate) async fn a_new_subscriber_has_seen_what_was_before(store: Arc<dyn Store>) {
    let house = House::in_store(&store).await;
    house.add_group("payments").await;
    let mut changes = store.changes();
    assert!(!changes.has_changed().unwrap());
    assert!(*changes.borrow() > 0);
    let before = *changes.borrow();
    house.add_group("orders").await;
    changes.changed().await.unwrap();
    assert_eq!(*changes.borrow(), before + 1);
}

pub(crate) async fn every_concurrent_batch_raises_the_feed_by_one(store: Arc<dyn Store>) {
    let house = Arc::new(House::in_store(&store).await);
    let before = *store.changes().borrow();
    let mut tasks = JoinSet::new();
    for task in 0..100 {
        let house = Arc::clone(&house);
        tasks.spawn(async move {
            house.add_group(&format!("group-{task}")).await;
        });
    }
    while let Some(task) = tasks.join_next().await {
        task.unwrap();
    }
    assert_eq!(*store.changes().borrow(), before + 100);
}

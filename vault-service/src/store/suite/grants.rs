//! Grants.

use std::sync::Arc;

use sallyport_model::{Access, ActorId, Collection, GrantLimit, GroupId, Reach, SecretId};

use super::super::{GrantRecord, Store, StoreError, Write};
use super::sample::{House, assert_refused, connected_app, grant, later, uuid};

pub(crate) async fn grants_read_back_by_actor(store: Arc<dyn Store>) {
    let house = House::in_store(&store).await;
    let payments = house.add_group("payments").await;
    let orders = house.add_group("orders").await;
    let app = connected_app(house.scope.organization, "terraform");
    let of_gateway = [grant(payments.id, house.gateway, Access::Read)];
    let of_app = [
        grant(payments.id, app.id, Access::Manage),
        grant(payments.id, app.id, Access::Write),
    ];
    let elsewhere = grant(orders.id, house.gateway, Access::Read);
    let mut batch = vec![
        Write::CreateActor(app.clone()),
        Write::PutGrant(elsewhere.clone()),
    ];
    batch.extend(of_app.iter().cloned().map(Write::PutGrant));
    batch.extend(of_gateway.iter().cloned().map(Write::PutGrant));
    house.commit(batch).await.unwrap();

    assert_eq!(sorted(store.grants_of(payments.id, app.id).await), of_app);
    let all = store.grants(payments.id).await.unwrap();
    assert!(all.is_sorted_by_key(|grant| grant.actor));
    assert_eq!(sorted(Ok(all)), [of_gateway.as_slice(), &of_app].concat());
    assert_eq!(store.grants(orders.id).await.unwrap(), [elsewhere]);
    assert_eq!(store.grants_of(orders.id, app.id).await.unwrap(), []);
}

pub(crate) async fn granting_twice_changes_nothing(store: Arc<dyn Store>) {
    let house = House::in_store(&store).await;
    let payments = house.add_group("payments").await;
    let first = grant(payments.id, house.gateway, Access::Read);
    let again = GrantRecord {
        granted_at: later(9),
        granted_by: "somebody else".to_owned(),
        ..first.clone()
    };
    house
        .commit(vec![Write::PutGrant(first.clone())])
        .await
        .unwrap();
    house.commit(vec![Write::PutGrant(again)]).await.unwrap();
    assert_eq!(store.grants(payments.id).await.unwrap(), [first]);
}

pub(crate) async fn a_narrowed_grant_reads_back(store: Arc<dyn Store>) {
    let house = House::in_store(&store).await;
    let payments = house.add_group("payments").await;
    let limits = [
        GrantLimit::Collection(Collection::Truststores),
        GrantLimit::Secret(Collection::TlsContexts, SecretId::new(uuid())),
    ];
    for reach in [
        limits.into_iter().collect(),
        Reach::Group,
        [].into_iter().collect(),
    ] {
        let narrowed = GrantRecord {
            reach,
            ..grant(payments.id, house.gateway, Access::Read)
        };
        let again = Write::RemoveGrants {
            group: payments.id,
            actor: house.gateway,
        };
        let put = Write::PutGrant(narrowed.clone());
        house.commit(vec![again, put]).await.unwrap();
        let found = store.grants_of(payments.id, house.gateway).await.unwrap();
        assert_eq!(found, [narrowed]);
    }
}

pub(crate) async fn taken_grants_are_gone(store: Arc<dyn Store>) {
    let house = House::in_store(&store).await;
    let payments = house.add_group("payments").await;
    let app = connected_app(house.scope.organization, "terraform");
    let kept = grant(payments.id, app.id, Access::Write);
    house
        .commit(vec![
            Write::CreateActor(app),
            Write::PutGrant(kept.clone()),
            Write::PutGrant(grant(payments.id, house.gateway, Access::Read)),
            Write::PutGrant(grant(payments.id, house.gateway, Access::Manage)),
        ])
        .await
        .unwrap();
    // The second time there is nothing to take.
    for _ in 0..2 {
        house
            .commit(vec![Write::RemoveGrants {
                group: payments.id,
                actor: house.gateway,
            }])
            .await
            .unwrap();
        assert_eq!(
            store.grants(payments.id).await.unwrap(),
            std::slice::from_ref(&kept)
        );
    }
}

pub(crate) async fn a_grant_needs_a_live_group_and_an_actor(store: Arc<dyn Store>) {
    let house = House::in_store(&store).await;
    let payments = house.add_group("payments").await;
    let nobody = grant(payments.id, ActorId::new(uuid()), Access::Read);
    assert_refused!(
        house.commit(vec![Write::PutGrant(nobody)]).await,
        StoreError::Gone { what: "actor" }
    );
    let nowhere = grant(GroupId::new(uuid()), house.gateway, Access::Read);
    assert_refused!(
        house.commit(vec![Write::PutGrant(nowhere)]).await,
        StoreError::Gone {
            what: "secret group"
        }
    );
}

pub(crate) async fn grants_of_one_actor_in_an_environment_leave_out_deleted_groups(
    store: Arc<dyn Store>,
) {
    let house = House::in_store(&store).await;
    let payments = house.add_group("payments").await;
    let doomed = house.add_group("doomed").await;
    let held = grant(payments.id, house.gateway, Access::Read);
    let app = connected_app(house.scope.organization, "terraform");
    house
        .commit(vec![
            Write::CreateActor(app.clone()),
            Write::PutGrant(held.clone()),
            Write::PutGrant(grant(doomed.id, house.gateway, Access::Read)),
            Write::PutGrant(grant(payments.id, app.id, Access::Write)),
        ])
        .await
        .unwrap();
    house.delete_group(doomed.id, later(1)).await;

    let found = store.grants_in(house.scope, house.gateway).await.unwrap();
    assert_eq!(found, [held]);
    let elsewhere = house.add_environment("sandbox").await;
    assert_eq!(store.grants_in(elsewhere, app.id).await.unwrap(), []);
}

fn sorted(grants: Result<Vec<GrantRecord>, StoreError>) -> Vec<GrantRecord> {
    let mut grants = grants.unwrap();
    grants.sort_by_key(|grant| (grant.actor, grant.access.as_str()));
    grants
}

//! How far the fetching of CRL distributors' lists has come.

use std::sync::Arc;

use sallyport_model::{Collection, SecretId};

use super::super::{CrlFetchRecord, Store, StoreError, Users, Write};
use super::sample::{House, NOW, assert_refused, later};

const KIND: Collection = Collection::CrlDistributorConfigs;

fn fetch(distributor: SecretId, revision: u64) -> CrlFetchRecord {
    CrlFetchRecord {
        distributor,
        revision,
        next_at: later(60),
        claimed_until: (revision == 1).then(|| later(30)),
        progress: format!("{{\"revision\":{revision}}}"),
    }
}

fn put(distributor: SecretId, revision: u64) -> Write {
    Write::PutCrlFetch {
        fetch: fetch(distributor, revision),
        expected: revision - 1,
    }
}

pub(crate) async fn of_two_that_want_to_fetch_the_first_does(store: Arc<dyn Store>) {
    let house = House::in_store(&store).await;
    let group = house.add_group("payments").await.id;
    let (distributor, _) = house.add_secret(group, KIND, "crl").await;
    let id = distributor.id;
    assert_eq!(store.crl_fetch(id).await.unwrap(), None);
    let mut changes = store.changes();
    changes.borrow_and_update();
    for revision in [1, 2] {
        house.commit(vec![put(id, revision)]).await.unwrap();
        let found = store.crl_fetch(id).await.unwrap();
        assert_eq!(found, Some(fetch(id, revision)));
        assert_refused!(
            house.commit(vec![put(id, revision)]).await,
            StoreError::Stale { .. }
        );
    }
    // No news for gateways.
    assert!(!changes.has_changed().unwrap());
}

pub(crate) async fn distributors_of_all_groups_are_found_until_they_are_deleted(
    store: Arc<dyn Store>,
) {
    let house = House::in_store(&store).await;
    let payments = house.add_group("payments").await.id;
    let orders = house.add_group("orders").await.id;
    let (one, _) = house.add_secret(payments, KIND, "one").await;
    let (two, version) = house.add_secret(payments, KIND, "two").await;
    let (other, _) = house.add_secret(orders, KIND, "other").await;
    house
        .add_secret(orders, Collection::Truststores, "no distributor")
        .await;
    let found = async || {
        let found = store.crl_distributors().await.unwrap();
        let names = found.iter().map(|(group, secret, _)| (group.id, secret.id));
        names.collect::<Vec<_>>()
    };
    let all = [(orders, other.id), (payments, one.id), (payments, two.id)];
    assert_eq!(found().await, all);
    let versions = store.crl_distributors().await.unwrap();
    assert_eq!(versions.last().unwrap().2, version);

    house
        .commit(vec![put(one.id, 1), put(other.id, 1)])
        .await
        .unwrap();
    let delete = Write::DeleteSecret {
        secret: one.id,
        expected: 1,
        users: Users::Refuse,
        at: NOW,
    };
    house.commit(vec![delete]).await.unwrap();
    house.delete_group(orders, NOW).await;
    assert_eq!(found().await, [(payments, two.id)]);
    for gone in [one.id, other.id] {
        assert_eq!(store.crl_fetch(gone).await.unwrap(), None);
        assert!(house.commit(vec![put(gone, 1)]).await.is_err());
    }
}

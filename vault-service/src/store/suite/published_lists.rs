//! Revocation lists of CRL distributors.

use std::sync::Arc;

use sallyport_model::{Collection, SecretId};
use uuid::Uuid;

use super::super::{PublishedLists, Store, StoreError, Users, Write};
use super::sample::{House, NOW, assert_refused, later};

const KIND: Collection = Collection::CrlDistributorConfigs;

fn edition(distributor: SecretId, number: u64) -> PublishedLists {
    PublishedLists {
        distributor,
        edition: number,
        lists: format!("edition {number}").into_bytes(),
        published_at: NOW,
        published_by: "ada".to_owned(),
    }
}

fn publish(distributor: SecretId, number: u64) -> Write {
    Write::PublishLists {
        lists: edition(distributor, number),
        expected: number - 1,
    }
}

fn keep_signed(distributor: SecretId, signed: &[u8]) -> Write {
    Write::KeepSignedLists {
        distributor,
        signed: signed.to_vec(),
    }
}

pub(crate) async fn lists_are_published_one_edition_after_the_other(store: Arc<dyn Store>) {
    let house = House::in_store(&store).await;
    let group = house.add_group("payments").await.id;
    let (distributor, _) = house.add_secret(group, KIND, "crl").await;
    let id = distributor.id;
    assert_eq!(store.published_edition(id).await.unwrap(), 0);
    assert_eq!(store.published_lists(id).await.unwrap(), None);
    let mut changes = store.changes();
    for number in [1, 2] {
        changes.borrow_and_update();
        house.commit(vec![publish(id, number)]).await.unwrap();
        assert!(changes.has_changed().unwrap());
        assert_eq!(store.published_edition(id).await.unwrap(), number);
        let found = store.published_lists(id).await.unwrap();
        assert_eq!(found, Some(edition(id, number)));
        let signed = format!("signed {number}").into_bytes();
        house.commit(vec![keep_signed(id, &signed)]).await.unwrap();
        assert_eq!(store.signed_lists(id).await.unwrap(), Some(signed));
    }
    assert_refused!(
        house.commit(vec![publish(id, 2)]).await,
        StoreError::Stale {
            expected: 1,
            found: 2
        }
    );
}

pub(crate) async fn lists_go_with_their_distributor(store: Arc<dyn Store>) {
    let house = House::in_store(&store).await;
    let group = house.add_group("payments").await.id;
    let (one, _) = house.add_secret(group, KIND, "one").await;
    let (other, _) = house.add_secret(group, KIND, "other").await;
    house
        .commit(vec![
            publish(one.id, 1),
            keep_signed(one.id, b"signed"),
            publish(other.id, 1),
        ])
        .await
        .unwrap();
    let delete = Write::DeleteSecret {
        secret: one.id,
        expected: 1,
        users: Users::Refuse,
        at: later(5),
    };
    house.commit(vec![delete]).await.unwrap();
    assert_eq!(store.published_lists(one.id).await.unwrap(), None);
    assert_eq!(store.signed_lists(one.id).await.unwrap(), None);
    assert!(store.published_lists(other.id).await.unwrap().is_some());
    let without_lists = keep_signed(SecretId::new(Uuid::from_u128(8)), b"signed");
    assert!(house.commit(vec![without_lists]).await.is_err());
    for gone in [one.id, SecretId::new(Uuid::from_u128(7))] {
        assert!(house.commit(vec![publish(gone, 1)]).await.is_err());
    }
    let at = later(6);
    house
        .commit(vec![Write::DeleteGroup { group, at }])
        .await
        .unwrap();
    assert_eq!(store.published_lists(other.id).await.unwrap(), None);
}

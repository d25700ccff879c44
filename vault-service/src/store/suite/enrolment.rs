//! Join tokens, and the keys of gateways.

use std::sync::Arc;

use sallyport_model::ActorId;

use super::super::{EXTERNAL_IDENTITY, JoinTokenRecord, Store, StoreError, Write};
use super::sample::{House, NOW, assert_refused, gateway, later, user};

async fn gateway_of(house: &House, name: &str) -> ActorId {
    let gateway = gateway(house.scope, name);
    let id = gateway.id;
    house
        .commit(vec![Write::CreateActor(gateway)])
        .await
        .unwrap();
    id
}

fn token(gateway: ActorId, sha256: [u8; 32]) -> JoinTokenRecord {
    JoinTokenRecord {
        gateway,
        sha256,
        expires_at: later(60),
    }
}

fn used(sha256: [u8; 32], seconds: i64) -> Vec<Write> {
    let now = later(seconds);
    vec![Write::UseJoinToken { sha256, now }]
}

pub(crate) async fn a_join_token_is_used_once_and_in_time(store: Arc<dyn Store>) {
    let house = House::in_store(&store).await;
    let edge = gateway_of(&house, "edge").await;
    let put = |sha256| vec![Write::PutJoinToken(token(edge, sha256))];
    house.commit(put([1; 32])).await.unwrap();
    let found = store.join_token([1; 32]).await.unwrap();
    assert_eq!(found, Some(token(edge, [1; 32])));
    for (sha256, seconds) in [([2; 32], 0), ([1; 32], 60)] {
        assert_refused!(
            house.commit(used(sha256, seconds)).await,
            StoreError::Gone { what: "join token" }
        );
    }
    house.commit(used([1; 32], 59)).await.unwrap();
    assert!(house.commit(used([1; 32], 59)).await.is_err());
    assert_eq!(store.join_token([1; 32]).await.unwrap(), None);

    // Another one takes its place.
    house.commit(put([3; 32])).await.unwrap();
    house.commit(put([4; 32])).await.unwrap();
    assert!(house.commit(used([3; 32], 0)).await.is_err());
    house.commit(vec![Write::DeleteActor(edge)]).await.unwrap();
    assert!(house.commit(used([4; 32], 0)).await.is_err());
}

pub(crate) async fn a_name_of_another_ca_is_of_one_gateway_until_that_is_deleted(
    store: Arc<dyn Store>,
) {
    const NAME: &str = "spiffe://example.org/edge";
    let house = House::in_store(&store).await;
    let put = || Write::PutExternalIdentity {
        gateway: house.gateway,
        identity: NAME.to_owned(),
    };
    let known = async || store.gateway_known_as(NAME).await.unwrap();
    assert_eq!(known().await, None);
    house.commit(vec![put()]).await.unwrap();
    assert_eq!(known().await, Some(house.gateway));
    let of_scope = store.external_identities(house.scope).await.unwrap();
    assert_eq!(of_scope, [(house.gateway, NAME.to_owned())]);
    assert_refused!(
        house.commit(vec![put()]).await,
        StoreError::Taken {
            what: EXTERNAL_IDENTITY
        }
    );
    let delete = Write::DeleteActor(house.gateway);
    house.commit(vec![delete]).await.unwrap();
    assert_eq!(known().await, None);
    assert_refused!(
        house.commit(vec![put()]).await,
        StoreError::Gone { what: "gateway" }
    );
}

pub(crate) async fn only_gateways_have_join_tokens_and_keys(store: Arc<dyn Store>) {
    let house = House::in_store(&store).await;
    let ada = user(house.scope.organization, "ada");
    let edge = gateway_of(&house, "edge").await;
    house
        .commit(vec![Write::CreateActor(ada.clone())])
        .await
        .unwrap();
    let renew = |gateway, key| Write::RenewGateway {
        gateway,
        certificate_not_after: NOW,
        key,
    };
    for refused in [
        Write::PutJoinToken(token(ada.id, [1; 32])),
        renew(ada.id, [1; 32]),
    ] {
        assert!(house.commit(vec![refused]).await.is_err());
    }
    assert_eq!(store.gateway_key(edge).await.unwrap(), None);
    for key in [[1; 32], [2; 32]] {
        house.commit(vec![renew(edge, key)]).await.unwrap();
        assert_eq!(store.gateway_key(edge).await.unwrap(), Some(key));
    }
    let require = |key| {
        let gateway = edge;
        vec![Write::RequireGatewayKey { gateway, key }]
    };
    house.commit(require([2; 32])).await.unwrap();
    assert_refused!(
        house.commit(require([1; 32])).await,
        StoreError::Gone {
            what: "gateway key"
        }
    );
}

//! Settings, organizations, environments, actors and tokens.

use std::sync::Arc;

use sallyport_model::{Access, ActorId, OrganizationId};

use super::super::{Setting, Store, StoreError, Write};
use super::sample::{
    House, NOW, assert_refused, connected_app, environment, gateway, grant, later, organization,
    token, uuid,
};

pub(crate) async fn a_setting_is_set_once(store: Arc<dyn Store>) {
    assert_eq!(store.setting(Setting::TrustDomain).await.unwrap(), None);
    let put = |value: &[u8]| vec![Write::PutSetting(Setting::TrustDomain, value.to_vec())];
    store.commit(put(b"sallyport.example")).await.unwrap();
    assert_refused!(
        store.commit(put(b"other.example")).await,
        StoreError::Taken { what: "setting" }
    );
    let value = store.setting(Setting::TrustDomain).await.unwrap();
    assert_eq!(value.as_deref(), Some(b"sallyport.example".as_slice()));
    assert_eq!(store.setting(Setting::RootPublicKey).await.unwrap(), None);
}

pub(crate) async fn organizations_and_environments_read_back(store: Arc<dyn Store>) {
    let organization = organization();
    let sandbox = environment(organization.id, "sandbox");
    let design = environment(organization.id, "design");
    store
        .commit(vec![
            Write::CreateOrganization(organization.clone()),
            Write::CreateEnvironment(sandbox.clone()),
            Write::CreateEnvironment(design.clone()),
        ])
        .await
        .unwrap();

    let id = organization.id;
    let found = store.organization(id).await.unwrap();
    assert_eq!(found, Some(organization));
    let found = store.environments(id).await.unwrap();
    assert_eq!(found, [design.clone(), sandbox]);
    let found = store.environment(id, design.id).await.unwrap();
    assert_eq!(found, Some(design.clone()));

    let stranger = OrganizationId::new(uuid());
    assert_eq!(store.organization(stranger).await.unwrap(), None);
    assert_eq!(store.environments(stranger).await.unwrap(), []);
    assert_eq!(store.environment(stranger, design.id).await.unwrap(), None);
}

pub(crate) async fn environment_names_are_unique_in_their_organization(store: Arc<dyn Store>) {
    let house = House::in_store(&store).await;
    let again = environment(house.scope.organization, "production");
    assert_refused!(
        house.commit(vec![Write::CreateEnvironment(again)]).await,
        StoreError::Taken {
            what: "environment"
        }
    );
    let other = organization();
    let elsewhere = environment(other.id, "production");
    house
        .commit(vec![
            Write::CreateOrganization(other),
            Write::CreateEnvironment(elsewhere),
        ])
        .await
        .unwrap();
}

pub(crate) async fn actors_read_back(store: Arc<dyn Store>) {
    let house = House::in_store(&store).await;
    let app = connected_app(house.scope.organization, "terraform");
    let west = gateway(house.scope, "a-west");
    house
        .commit(vec![
            Write::CreateActor(app.clone()),
            Write::CreateActor(west.clone()),
        ])
        .await
        .unwrap();

    assert_eq!(store.actor(app.id).await.unwrap(), Some(app));
    assert_eq!(store.actor(ActorId::new(uuid())).await.unwrap(), None);
    let gateways = store.gateways(house.scope).await.unwrap();
    let names: Vec<&str> = gateways.iter().map(|actor| actor.name.as_str()).collect();
    assert_eq!(names, ["a-west", "edge-1"]);
    assert_eq!(gateways.first(), Some(&west));
    let elsewhere = house.add_environment("sandbox").await;
    assert_eq!(store.gateways(elsewhere).await.unwrap(), []);
}

pub(crate) async fn gateway_names_are_unique_per_environment(store: Arc<dyn Store>) {
    let house = House::in_store(&store).await;
    assert_refused!(
        house
            .commit(vec![Write::CreateActor(gateway(house.scope, "edge-1"))])
            .await,
        StoreError::Taken { what: "gateway" }
    );
    let elsewhere = house.add_environment("sandbox").await;
    let same_name = [
        gateway(elsewhere, "edge-1"),
        connected_app(house.scope.organization, "edge-1"),
        connected_app(house.scope.organization, "edge-1"),
    ];
    house
        .commit(same_name.map(Write::CreateActor).to_vec())
        .await
        .unwrap();
}

pub(crate) async fn a_gateway_name_is_free_after_deletion(store: Arc<dyn Store>) {
    let house = House::in_store(&store).await;
    let second = gateway(house.scope, "edge-1");
    house
        .commit(vec![
            Write::DeleteActor(house.gateway),
            Write::CreateActor(second.clone()),
        ])
        .await
        .unwrap();
    assert_eq!(store.actor(house.gateway).await.unwrap(), None);
    assert_eq!(store.gateways(house.scope).await.unwrap(), [second]);
    assert_refused!(
        house.commit(vec![Write::DeleteActor(house.gateway)]).await,
        StoreError::Gone { what: "actor" }
    );
}

pub(crate) async fn an_actor_of_a_missing_place_is_refused(store: Arc<dyn Store>) {
    let house = House::in_store(&store).await;
    let other = organization();
    house
        .commit(vec![Write::CreateOrganization(other.clone())])
        .await
        .unwrap();

    let stranger = connected_app(OrganizationId::new(uuid()), "app");
    assert_refused!(
        house.commit(vec![Write::CreateActor(stranger)]).await,
        StoreError::Gone {
            what: "organization"
        }
    );
    let mut astray = gateway(house.scope, "astray");
    astray.organization = other.id;
    assert_refused!(
        house.commit(vec![Write::CreateActor(astray)]).await,
        StoreError::Gone {
            what: "environment"
        }
    );
}

pub(crate) async fn a_renewed_gateway_has_its_new_end(store: Arc<dyn Store>) {
    let house = House::in_store(&store).await;
    let app = connected_app(house.scope.organization, "terraform");
    house
        .commit(vec![Write::CreateActor(app.clone())])
        .await
        .unwrap();
    let renew = |gateway| Write::RenewGateway {
        gateway,
        certificate_not_after: later(1_000_000),
        key: [1; 32],
    };

    house.commit(vec![renew(house.gateway)]).await.unwrap();
    let renewed = store.actor(house.gateway).await.unwrap().unwrap();
    assert_eq!(renewed.certificate_not_after, Some(later(1_000_000)));
    for nobody in [app.id, ActorId::new(uuid())] {
        assert_refused!(
            house.commit(vec![renew(nobody)]).await,
            StoreError::Gone { what: "gateway" }
        );
    }
}

pub(crate) async fn a_deleted_actor_takes_its_tokens_and_grants_along(store: Arc<dyn Store>) {
    let house = House::in_store(&store).await;
    let group = house.add_group("payments").await;
    let app = connected_app(house.scope.organization, "terraform");
    let of_app = token(app.id, [1; 32], later(60));
    house
        .commit(vec![
            Write::CreateActor(app.clone()),
            Write::CreateToken {
                token: of_app,
                now: NOW,
            },
            Write::PutGrant(grant(group.id, app.id, Access::Write)),
            Write::PutGrant(grant(group.id, house.gateway, Access::Read)),
        ])
        .await
        .unwrap();

    house
        .commit(vec![Write::DeleteActor(app.id)])
        .await
        .unwrap();
    assert_eq!(store.actor(app.id).await.unwrap(), None);
    assert_eq!(store.token([1; 32]).await.unwrap(), None);
    let left = store.grants(group.id).await.unwrap();
    assert_eq!(left, [grant(group.id, house.gateway, Access::Read)]);
}

pub(crate) async fn ended_tokens_are_forgotten_when_one_is_added(store: Arc<dyn Store>) {
    let house = House::in_store(&store).await;
    let add = |sha256, ends_in, now_in| Write::CreateToken {
        token: token(house.gateway, sha256, later(ends_in)),
        now: later(now_in),
    };
    house
        .commit(vec![
            add([1; 32], 10, 0),
            add([2; 32], 20, 0),
            add([3; 32], 30, 0),
        ])
        .await
        .unwrap();
    assert!(store.token([1; 32]).await.unwrap().is_some());

    house.commit(vec![add([4; 32], 99, 20)]).await.unwrap();
    assert_eq!(store.token([1; 32]).await.unwrap(), None);
    for (kept, ends_in) in [([2; 32], 20), ([3; 32], 30), ([4; 32], 99)] {
        let expected = token(house.gateway, kept, later(ends_in));
        assert_eq!(store.token(kept).await.unwrap(), Some(expected));
    }
    assert_refused!(
        house.commit(vec![add([4; 32], 99, 20)]).await,
        StoreError::Taken { what: "token" }
    );
    let orphan = token(ActorId::new(uuid()), [5; 32], later(99));
    let orphan = Write::CreateToken {
        token: orphan,
        now: NOW,
    };
    assert_refused!(
        house.commit(vec![orphan]).await,
        StoreError::Gone { what: "actor" }
    );
}

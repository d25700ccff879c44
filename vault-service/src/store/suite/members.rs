//! Business groups, users, and secrets that are replaced.

use std::sync::Arc;

use sallyport_model::{ActorId, OrganizationId, Username};

use super::super::{ActorKind, OrganizationRecord, Store, StoreError, Write};
use super::sample::{
    House, NOW, assert_refused, connected_app, later, organization, token, user, uuid,
};

fn business_group(parent: OrganizationId, name: &str) -> OrganizationRecord {
    OrganizationRecord {
        name: name.to_owned(),
        parent: Some(parent),
        ..organization()
    }
}

pub(crate) async fn business_groups_know_who_is_above_and_below(store: Arc<dyn Store>) {
    let root = organization();
    let sales = business_group(root.id, "sales");
    let east = business_group(sales.id, "east");
    let audit = business_group(root.id, "audit");
    let other = organization();
    let all = [&root, &sales, &east, &audit, &other];
    let batch = all.map(|one| Write::CreateOrganization(one.clone()));
    store.commit(batch.to_vec()).await.unwrap();

    let lineage = store.lineage(east.id).await.unwrap();
    assert_eq!(lineage, [east.clone(), sales.clone(), root.clone()]);
    let lineage = store.lineage(root.id).await.unwrap();
    assert_eq!(lineage, std::slice::from_ref(&root));
    let below = store.organizations_from(root.id).await.unwrap();
    assert_eq!(below, [root, audit, sales.clone(), east.clone()]);
    let below = store.organizations_from(sales.id).await.unwrap();
    assert_eq!(below, [sales, east]);

    let nobody = OrganizationId::new(uuid());
    assert_eq!(store.lineage(nobody).await.unwrap(), []);
    assert_eq!(store.organizations_from(nobody).await.unwrap(), []);
}

pub(crate) async fn a_business_group_needs_its_parent_and_a_name_of_its_own(store: Arc<dyn Store>) {
    let root = organization();
    let other = organization();
    let create = |organization| vec![Write::CreateOrganization(organization)];
    for made in [
        root.clone(),
        other.clone(),
        business_group(root.id, "sales"),
        business_group(other.id, "sales"),
    ] {
        store.commit(create(made)).await.unwrap();
    }
    assert_refused!(
        store.commit(create(business_group(root.id, "sales"))).await,
        StoreError::Taken {
            what: "organization"
        }
    );
    let astray = business_group(OrganizationId::new(uuid()), "sales");
    assert_refused!(
        store.commit(create(astray)).await,
        StoreError::Gone {
            what: "organization"
        }
    );
}

pub(crate) async fn a_user_is_found_by_its_name_in_any_case(store: Arc<dyn Store>) {
    let house = House::in_store(&store).await;
    let ada = user(house.scope.organization, "Ada@example.org");
    let app = connected_app(house.scope.organization, "grace");
    house
        .commit(vec![
            Write::CreateActor(ada.clone()),
            Write::CreateActor(app.clone()),
        ])
        .await
        .unwrap();
    let find = async |name: &str| {
        let name: Username = name.parse().unwrap();
        store.user_by_name(&name).await.unwrap()
    };
    assert_eq!(find("aDA@EXAMPLE.org").await, Some(ada.clone()));
    assert_eq!(find("ada@example.com").await, None);
    assert_eq!(find("grace").await, None);

    let home = house.scope.organization;
    let users = store.actors(home, ActorKind::User).await.unwrap();
    assert_eq!(users, [ada]);
    let apps = store.actors(home, ActorKind::ConnectedApp).await.unwrap();
    assert_eq!(apps, [app]);
    let other = OrganizationId::new(uuid());
    assert_eq!(store.actors(other, ActorKind::User).await.unwrap(), []);
}

pub(crate) async fn a_username_is_taken_in_any_case_and_any_organization(store: Arc<dyn Store>) {
    let house = House::in_store(&store).await;
    let other = organization();
    let ada = user(house.scope.organization, "ada");
    house
        .commit(vec![
            Write::CreateOrganization(other.clone()),
            Write::CreateActor(ada.clone()),
        ])
        .await
        .unwrap();
    for organization in [house.scope.organization, other.id] {
        let again = user(organization, "ADA");
        assert_refused!(
            house.commit(vec![Write::CreateActor(again)]).await,
            StoreError::Taken { what: "user" }
        );
    }
    let nameless = user(other.id, "no username");
    assert_refused!(
        house.commit(vec![Write::CreateActor(nameless)]).await,
        StoreError::Engine(_)
    );
    house
        .commit(vec![
            Write::DeleteActor(ada.id),
            Write::CreateActor(user(other.id, "ADA")),
        ])
        .await
        .unwrap();
}

pub(crate) async fn a_new_secret_hash_ends_the_tokens_of_its_actor_only(store: Arc<dyn Store>) {
    let house = House::in_store(&store).await;
    let ada = user(house.scope.organization, "ada");
    let app = connected_app(house.scope.organization, "terraform");
    let create = |token| Write::CreateToken { token, now: NOW };
    house
        .commit(vec![
            Write::CreateActor(ada.clone()),
            Write::CreateActor(app.clone()),
            create(token(ada.id, [1; 32], later(60))),
            create(token(app.id, [2; 32], later(60))),
        ])
        .await
        .unwrap();
    let put = |actor, hash: &str| Write::PutSecretHash {
        actor,
        secret_hash: hash.to_owned(),
    };
    house.commit(vec![put(ada.id, "new")]).await.unwrap();
    let found = store.actor(ada.id).await.unwrap().unwrap();
    assert_eq!(found.secret_hash.as_deref(), Some("new"));
    assert_eq!(store.token([1; 32]).await.unwrap(), None);
    assert!(store.token([2; 32]).await.unwrap().is_some());
    for nobody in [house.gateway, ActorId::new(uuid())] {
        assert_refused!(
            house.commit(vec![put(nobody, "new")]).await,
            StoreError::Gone { what: "actor" }
        );
    }
}

pub(crate) async fn a_token_for_a_replaced_secret_is_refused(store: Arc<dyn Store>) {
    let house = House::in_store(&store).await;
    let ada = user(house.scope.organization, "ada");
    house
        .commit(vec![Write::CreateActor(ada.clone())])
        .await
        .unwrap();
    let checked = ada.secret_hash.clone().unwrap();
    let sign_in = |hash: &str| {
        vec![
            Write::RequireSecretHash {
                actor: ada.id,
                secret_hash: hash.to_owned(),
            },
            Write::CreateToken {
                token: token(ada.id, [1; 32], later(60)),
                now: NOW,
            },
        ]
    };
    assert_refused!(
        house.commit(sign_in("another")).await,
        StoreError::Gone {
            what: "secret hash"
        }
    );
    assert_eq!(store.token([1; 32]).await.unwrap(), None);
    house.commit(sign_in(&checked)).await.unwrap();
    assert!(store.token([1; 32]).await.unwrap().is_some());
}

pub(crate) async fn the_last_administrator_cannot_go(store: Arc<dyn Store>) {
    let house = House::in_store(&store).await;
    let home = house.scope.organization;
    let group = business_group(home, "sales");
    let (first, second) = (connected_app(home, "first"), user(home, "second"));
    let below = connected_app(group.id, "below");
    house
        .commit(vec![
            Write::CreateOrganization(group.clone()),
            Write::CreateActor(first.clone()),
            Write::CreateActor(second.clone()),
            Write::CreateActor(below.clone()),
        ])
        .await
        .unwrap();
    let delete = |actor, organization| {
        vec![
            Write::DeleteActor(actor),
            Write::RequireAdministrator(organization),
        ]
    };
    // Those above administer a business group, not the other way around.
    house.commit(delete(below.id, group.id)).await.unwrap();
    house.commit(delete(first.id, home)).await.unwrap();
    assert_refused!(
        house.commit(delete(second.id, home)).await,
        StoreError::Gone {
            what: "administrator"
        }
    );
    assert!(store.actor(second.id).await.unwrap().is_some());
}

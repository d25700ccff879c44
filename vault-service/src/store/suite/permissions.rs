//! Permissions.

use std::sync::Arc;

use sallyport_model::{ActorId, EnvironmentId, OrganizationId, Permission};

use super::super::{PermissionRecord, Store, StoreError, Write};
use super::sample::{
    House, assert_refused, connected_app, later, organization, permission, user, uuid,
};

pub(crate) async fn permissions_read_back_by_actor(store: Arc<dyn Store>) {
    let house = House::in_store(&store).await;
    let (home, production) = (house.scope.organization, house.scope.environment);
    let sandbox = house.add_environment("sandbox").await.environment;
    let ada = user(home, "ada");
    let app = connected_app(home, "terraform");
    let mut of_ada = vec![
        permission(ada.id, home, None, Permission::ReadSecrets),
        permission(ada.id, home, Some(production), Permission::ManageSecrets),
        permission(ada.id, home, Some(sandbox), Permission::ManageSecrets),
    ];
    let of_app = permission(app.id, home, None, Permission::ManageSecretGroups);
    let mut batch = vec![
        Write::CreateActor(ada.clone()),
        Write::CreateActor(app.clone()),
        Write::PutPermission(of_app.clone()),
    ];
    batch.extend(of_ada.iter().cloned().map(Write::PutPermission));
    house.commit(batch).await.unwrap();

    let mut found = store.permissions_of(ada.id).await.unwrap();
    found.sort_by_key(|record| (record.environment, record.permission));
    of_ada.sort_by_key(|record| (record.environment, record.permission));
    assert_eq!(found, of_ada);
    assert_eq!(store.permissions_of(app.id).await.unwrap(), [of_app]);
    let nobody = ActorId::new(uuid());
    assert_eq!(store.permissions_of(nobody).await.unwrap(), []);
}

pub(crate) async fn permitting_twice_changes_nothing(store: Arc<dyn Store>) {
    let house = House::in_store(&store).await;
    let (home, production) = (house.scope.organization, house.scope.environment);
    let ada = user(home, "ada");
    house
        .commit(vec![Write::CreateActor(ada.clone())])
        .await
        .unwrap();
    for environment in [None, Some(production)] {
        let first = permission(ada.id, home, environment, Permission::ReadSecrets);
        let again = PermissionRecord {
            granted_at: later(9),
            granted_by: "somebody else".to_owned(),
            ..first.clone()
        };
        for write in [first.clone(), again] {
            house
                .commit(vec![Write::PutPermission(write)])
                .await
                .unwrap();
        }
        let found = store.permissions_of(ada.id).await.unwrap();
        assert!(found.contains(&first));
    }
    assert_eq!(store.permissions_of(ada.id).await.unwrap().len(), 2);
}

pub(crate) async fn permissions_are_taken_in_one_organization_only(store: Arc<dyn Store>) {
    let house = House::in_store(&store).await;
    let home = house.scope.organization;
    let other = organization();
    let ada = user(home, "ada");
    let kept = permission(ada.id, other.id, None, Permission::ReadSecrets);
    house
        .commit(vec![
            Write::CreateOrganization(other),
            Write::CreateActor(ada.clone()),
            Write::PutPermission(kept.clone()),
            Write::PutPermission(permission(ada.id, home, None, Permission::ReadSecrets)),
            Write::PutPermission(permission(
                ada.id,
                home,
                Some(house.scope.environment),
                Permission::ManageSecrets,
            )),
        ])
        .await
        .unwrap();
    let take = || {
        vec![Write::RemovePermissions {
            organization: home,
            actor: ada.id,
        }]
    };
    // The second time there is nothing to take.
    for _ in 0..2 {
        house.commit(take()).await.unwrap();
        let left = store.permissions_of(ada.id).await.unwrap();
        assert_eq!(left, std::slice::from_ref(&kept));
    }
}

pub(crate) async fn permissions_end_with_their_actor(store: Arc<dyn Store>) {
    let house = House::in_store(&store).await;
    let home = house.scope.organization;
    let ada = user(home, "ada");
    let held = permission(ada.id, home, None, Permission::ReadSecrets);
    house
        .commit(vec![
            Write::CreateActor(ada.clone()),
            Write::PutPermission(held),
            Write::DeleteActor(ada.id),
        ])
        .await
        .unwrap();
    assert_eq!(store.permissions_of(ada.id).await.unwrap(), []);
}

pub(crate) async fn a_permission_needs_its_actor_and_its_place(store: Arc<dyn Store>) {
    let house = House::in_store(&store).await;
    let home = house.scope.organization;
    let other = organization();
    let ada = user(home, "ada");
    house
        .commit(vec![
            Write::CreateOrganization(other.clone()),
            Write::CreateActor(ada.clone()),
        ])
        .await
        .unwrap();
    let put = async |actor, organization, environment| {
        let record = permission(actor, organization, environment, Permission::ReadSecrets);
        house.commit(vec![Write::PutPermission(record)]).await
    };
    assert_refused!(
        put(ActorId::new(uuid()), home, None).await,
        StoreError::Gone { what: "actor" }
    );
    assert_refused!(
        put(ada.id, OrganizationId::new(uuid()), None).await,
        StoreError::Gone {
            what: "organization"
        }
    );
    for (organization, environment) in [
        (home, EnvironmentId::new(uuid())),
        (other.id, house.scope.environment),
    ] {
        assert_refused!(
            put(ada.id, organization, Some(environment)).await,
            StoreError::Gone {
                what: "environment"
            }
        );
    }
}

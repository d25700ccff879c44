//! Cloning a group.

use axum::http::{Method, StatusCode};
use sallyport_model::{Access, EnvironmentId, GroupId, Scope};
use sallyport_vault::store::{EnvironmentRecord, Write};
use serde_json::{Value, json};

use crate::http::Part;
use crate::scene::{Scene, at};
use crate::vault::ca;

const NOTHING: Value = Value::Null;

#[tokio::test]
async fn a_clone_has_everything_with_new_keys_and_ids_and_is_served() {
    let scene = Scene::new().await;
    let password = scene.password("backend", "one").await;
    scene.replace(&password, "backend", "two").await;
    let (truststore, context) = scene.context().await;
    let before = scene.vault.audit().await.len();
    let reply = scene
        .door
        .own(Method::POST, "clone", json!({ "name": "copies" }))
        .await;
    let cloned = reply.is(StatusCode::CREATED).json();
    assert_eq!(cloned["secrets"], 3);
    let id: GroupId = cloned["id"].as_str().unwrap().parse().unwrap();
    let log = scene.operations(before).await;
    for operation in [
        "group.clone",
        "sharedSecrets.copy",
        "truststores.copy",
        "tlsContexts.copy",
    ] {
        assert!(log.contains(&operation.to_owned()), "{operation}: {log:?}");
    }

    let copies = scene.door.at_group(id);
    let list = async |collection: &str| copies.get(collection).await.ok();
    let copied = list("sharedSecrets").await;
    assert_eq!(copied[0]["name"], "backend");
    assert_ne!(copied[0]["meta"]["id"], password.as_str());
    let new_truststore = list("truststores").await[0]["meta"]["path"].clone();
    assert_ne!(new_truststore, format!("truststores/{truststore}"));
    let new_context = list("tlsContexts").await[0]["meta"]["path"].clone();
    let shown = copies.get(new_context.as_str().unwrap()).await.ok();
    assert_eq!(shown["truststore"]["path"], new_truststore);
    assert_eq!(shown["version"], 1);

    // The original may go; the copy opens, with the copied truststore inside.
    let (gateway, edge) = scene.vault.gateway("edge").await;
    let group = scene.vault.group_of(id).await;
    scene.vault.grant(&group, gateway).await;
    scene
        .vault
        .manager
        .delete_group(
            &scene.vault.administrator,
            scene.group.clone(),
            sallyport_vault::clock::now(),
        )
        .await
        .unwrap();
    let resolve = async |reference: &str| {
        let answer = scene.vault.resolve(&edge, reference, None, 0).await;
        answer.unwrap()["outcome"]["current"]["material"].clone()
    };
    let secret = resolve("secret://copies/sharedSecrets/backend#password").await;
    assert_eq!(secret["field"], "two");
    let material = resolve("secret://copies/tlsContexts/inbound").await;
    assert_eq!(
        material["tlsContext"]["truststore"]["anchors"]
            .as_array()
            .unwrap()
            .len(),
        1
    );
    assert_ne!(context, "");
}

#[tokio::test]
async fn what_refers_to_one_secret_twice_is_cloned() {
    let scene = Scene::new().await;
    let ca = ca().pem();
    let parts = [
        Part::Text("type", "PEM"),
        Part::Text("name", "ca"),
        Part::File("certStore", "ca.pem", ca.as_bytes()),
    ];
    let reply = scene.door.form(Method::POST, "certificates", &parts).await;
    let certificate = reply.created();
    let path = json!({ "path": format!("certificates/{certificate}") });
    let distributor = json!({
        "name": "lists", "completeCrlIssuerUrl": "http://crl.example/ca.crl", "frequency": 60,
        "distributorCertificate": path, "caCertificate": path,
    });
    let collection = "crlDistributorConfigs";
    let reply = scene
        .door
        .call(Method::POST, collection, &[], distributor)
        .await;
    reply.is(StatusCode::CREATED);

    let reply = scene
        .door
        .own(Method::POST, "clone", json!({ "name": "copies" }))
        .await;
    let cloned = reply.is(StatusCode::CREATED).json();
    let copies = scene
        .door
        .at_group(cloned["id"].as_str().unwrap().parse().unwrap());
    let copied = copies.get(collection).await.ok()[0]["meta"]["path"].clone();
    let shown = copies.get(copied.as_str().unwrap()).await.ok();
    let certificates = copies.get("certificates").await.ok();
    for field in ["distributorCertificate", "caCertificate"] {
        assert_eq!(
            shown[field]["path"], certificates[0]["meta"]["path"],
            "{shown}"
        );
    }
}

#[tokio::test]
async fn a_clone_can_be_made_in_another_environment_of_the_organization() {
    let scene = Scene::new().await;
    scene.password("backend", "one").await;
    let environment: EnvironmentId = "99999999-9999-4999-8999-999999999999".parse().unwrap();
    let elsewhere = Scope {
        environment,
        ..scene.vault.scope
    };
    let clone = async || {
        let body = json!({
            "name": "payments", "environment": environment, "downloadable": true,
        });
        scene.door.own(Method::POST, "clone", body).await
    };
    clone().await.is(StatusCode::NOT_FOUND);
    let record = EnvironmentRecord {
        id: environment,
        organization: elsewhere.organization,
        name: "production".to_owned(),
        production: true,
    };
    scene
        .vault
        .store
        .commit(vec![Write::CreateEnvironment(record)])
        .await
        .unwrap();
    clone().await.is(StatusCode::CREATED);
    let groups = scene.vault.store.groups(elsewhere).await.unwrap();
    assert_eq!(groups.len(), 1);
    assert!(groups[0].downloadable);
    // The name is taken there now.
    clone().await.is(StatusCode::CONFLICT);
    assert_eq!(scene.vault.store.groups(elsewhere).await.unwrap(), groups);
}

#[tokio::test]
async fn a_group_with_a_dangling_reference_is_not_cloned() {
    let scene = Scene::new().await;
    let (truststore, _) = scene.context().await;
    let forced = format!("truststores/{truststore}?force=true");
    scene
        .door
        .call(Method::DELETE, &forced, &[], NOTHING)
        .await
        .is(StatusCode::OK);
    let reply = scene
        .door
        .own(Method::POST, "clone", json!({ "name": "copies" }))
        .await;
    assert_eq!(
        reply.is(StatusCode::CONFLICT).json()["code"],
        "refers_to_deleted"
    );
    let groups = scene.vault.store.groups(scene.vault.scope).await.unwrap();
    assert_eq!(groups.len(), 1);
}

#[tokio::test]
async fn who_may_only_read_a_group_does_not_clone_it() {
    let scene = Scene::new().await;
    let id = scene.password("backend", "one").await;
    let (_, token) = scene
        .vault
        .app(&scene.group, "reader", &[Access::Read])
        .await;
    let reader = scene.door.for_token(&token);
    reader.get(&at(&id)).await.ok();
    let reply = reader
        .own(Method::POST, "clone", json!({ "name": "copies" }))
        .await;
    assert!(reply.status.is_client_error(), "{reply:?}");
    let groups = scene.vault.store.groups(scene.vault.scope).await.unwrap();
    assert_eq!(groups.len(), 1);
}

//! Deleting one secret, and who is in the way.

use axum::http::{Method, StatusCode};
use sallyport_model::Access;
use serde_json::{Value, json};

use crate::scene::{Scene, at};

const NOTHING: Value = Value::Null;

#[tokio::test]
async fn a_deleted_secret_is_gone_and_gateways_hear_that_it_is_withdrawn() {
    let scene = Scene::new().await;
    let id = scene.password("backend", "one").await;
    let delete = async || {
        scene
            .door
            .call(Method::DELETE, &at(&id), &[], NOTHING)
            .await
    };
    let reply = delete().await;
    assert!(reply.is(StatusCode::NO_CONTENT).text.is_empty());
    scene.door.get(&at(&id)).await.is(StatusCode::NOT_FOUND);
    delete().await.is(StatusCode::NOT_FOUND);
    assert!(scene.served("backend").await["withdrawn"].is_object());
    // The name is free, and the new secret is another one.
    assert_ne!(scene.password("backend", "two").await, id);
    assert_eq!(scene.served_password("backend").await, "two");
    let log = scene.operations(0).await;
    assert!(log.contains(&"sharedSecrets.delete".to_owned()), "{log:?}");
}

#[tokio::test]
async fn a_secret_in_use_is_not_deleted_and_the_answer_names_who_uses_it() {
    let scene = Scene::new().await;
    let (truststore, context) = scene.context().await;
    let path = format!("truststores/{truststore}");
    let reply = scene.door.call(Method::DELETE, &path, &[], NOTHING).await;
    let refused = reply.is(StatusCode::CONFLICT).json();
    assert_eq!(
        refused["users"],
        json!([{
            "collection": "tlsContexts",
            "id": context,
            "name": "inbound",
            "path": format!("tlsContexts/{context}"),
        }])
    );
    assert!(refused["message"].as_str().unwrap().contains("force=true"));
    scene.door.get(&path).await.ok();

    let bad = format!("{path}?force=please");
    let reply = scene.door.call(Method::DELETE, &bad, &[], NOTHING).await;
    reply.is(StatusCode::BAD_REQUEST);
    // Who may write but not manage does not force.
    let (_, token) = scene
        .vault
        .app(&scene.group, "pipeline", &[Access::Read, Access::Write])
        .await;
    let forced = format!("{path}?force=true");
    let pipeline = scene.door.for_token(&token);
    let reply = pipeline.call(Method::DELETE, &forced, &[], NOTHING).await;
    assert!(reply.status.is_client_error(), "{reply:?}");
    scene.door.get(&path).await.ok();
    let reply = scene.door.call(Method::DELETE, &forced, &[], NOTHING).await;
    let said = reply.is(StatusCode::OK).json();
    assert_eq!(
        said["warnings"],
        json!(["TLS context \"inbound\" refers to it"])
    );
}

#[tokio::test]
async fn a_gateway_is_refused_a_context_whose_truststore_was_forced_away() {
    let scene = Scene::new().await;
    let (truststore, _) = scene.context().await;
    let (id, gateway) = scene.vault.gateway("edge").await;
    scene.vault.grant(&scene.group, id).await;
    let reference = "secret://payments/tlsContexts/inbound";
    let before = scene.vault.resolve(&gateway, reference, None, 0).await;
    let before = before.unwrap();
    assert!(before["outcome"]["current"].is_object(), "{before}");
    let forced = format!("truststores/{truststore}?force=true");
    scene
        .door
        .call(Method::DELETE, &forced, &[], NOTHING)
        .await
        .is(StatusCode::OK);
    let after = scene
        .vault
        .resolve(&gateway, reference, Some(&before), 60)
        .await
        .unwrap();
    assert_eq!(after["outcome"]["refused"]["reason"], "unavailable");
}

#[tokio::test]
async fn users_are_secrets_with_their_labels_and_gateways_with_a_grant() {
    let scene = Scene::new().await;
    let (truststore, context) = scene.context().await;
    let (gateway, _) = scene.vault.gateway("edge").await;
    scene.vault.gateway("stranger").await;
    scene.vault.grant(&scene.group, gateway).await;
    let path = format!("truststores/{truststore}/users");
    let used = scene.door.own(Method::GET, &path, NOTHING).await.ok();
    assert_eq!(used["secrets"][0]["id"], context.as_str());
    assert_eq!(used["secrets"][0]["labels"], json!(["current"]));
    assert_eq!(used["secrets"].as_array().unwrap().len(), 1);
    assert_eq!(used["gateways"], json!([{ "id": gateway, "name": "edge" }]));
    let nobody = format!("tlsContexts/{context}/users");
    let unused = scene.door.own(Method::GET, &nobody, NOTHING).await.ok();
    assert_eq!(unused["secrets"], json!([]));
}

#[tokio::test]
async fn what_gateways_run_is_deleted_with_a_warning_that_names_them() {
    let scene = Scene::new().await;
    let id = scene.password("backend", "one").await;
    let (edge, gateway) = scene.vault.gateway("edge").await;
    scene.vault.grant(&scene.group, edge).await;
    let reference = "secret://payments/sharedSecrets/backend";
    let ask = async |known| scene.vault.resolve(&gateway, reference, known, 0).await;
    let first = ask(None).await.unwrap();
    ask(Some(&first)).await.unwrap();

    // Who may not read the group is not told who does.
    let (_, token) = scene
        .vault
        .app(&scene.group, "pipeline", &[Access::Write])
        .await;
    let place = at(&id);
    let reply = scene.door.call(Method::DELETE, &place, &[], NOTHING);
    let said = reply.await.is(StatusCode::OK).json();
    let warnings = said["warnings"].as_array().unwrap();
    assert_eq!(warnings.len(), 1);
    let warning = warnings[0].as_str().unwrap();
    assert!(
        warning.starts_with("gateway \"edge\" runs version 1 since "),
        "{warning}"
    );

    let again = scene.password("backend", "two").await;
    let second = ask(Some(&first)).await.unwrap();
    ask(Some(&second)).await.unwrap();
    let pipeline = scene.door.for_token(&token);
    let quiet = pipeline
        .call(Method::DELETE, &at(&again), &[], NOTHING)
        .await;
    quiet.is(StatusCode::NO_CONTENT);
}

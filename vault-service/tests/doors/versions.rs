//! Versions: preconditions, races, pending, promotion, rollback.

use axum::http::{Method, StatusCode};
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::scene::{Scene, at, body, context_body};

const NOTHING: Value = Value::Null;

#[tokio::test]
async fn a_writer_that_names_the_version_it_saw_overwrites_no_other() {
    let scene = Scene::new().await;
    let id = scene.password("backend", "one").await;
    let shown = scene.door.get(&at(&id)).await;
    assert_eq!(shown.etag.as_deref(), Some("\"1\""));
    assert_eq!(shown.ok()["version"], 1);

    let put = async |tag: &str| {
        scene
            .door
            .call(
                Method::PUT,
                &at(&id),
                &[("If-Match", tag)],
                body("backend", "two"),
            )
            .await
    };
    let replaced = put("\"1\"").await;
    assert_eq!(replaced.is(StatusCode::OK).etag.as_deref(), Some("\"2\""));
    for stale in ["\"1\"", "W/\"2\"", "\"1\", \"7\"", "\"x\""] {
        let reply = put(stale).await;
        reply.is(StatusCode::PRECONDITION_FAILED);
        let message = reply.json()["message"].as_str().unwrap().to_owned();
        assert!(message.contains("version 2 is current"), "{message}");
    }
    put("*").await.is(StatusCode::OK);
    put("\"1\", \"3\"").await.is(StatusCode::OK);
    put("3").await.is(StatusCode::BAD_REQUEST);

    let change = json!({ "name": "other" });
    for (method, change) in [(Method::PATCH, change), (Method::DELETE, NOTHING)] {
        let stale = [("If-Match", "\"3\"")];
        let reply = scene.door.call(method, &at(&id), &stale, change).await;
        reply.is(StatusCode::PRECONDITION_FAILED);
    }
    assert_eq!(scene.door.get(&at(&id)).await.ok()["name"], "backend");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_many_clients_with_the_same_expected_version_exactly_one_wins() {
    let scene = Scene::new().await;
    let id = scene.password("backend", "first").await;
    for (round, with_tag) in [(1, true), (2, true), (3, false)] {
        let mut clients = JoinSet::new();
        for client in 0..64 {
            let door = scene.door.clone();
            let path = at(&id);
            clients.spawn(async move {
                let tag = format!("\"{round}\"");
                let headers = [("If-Match", tag.as_str())];
                let headers = if with_tag { &headers[..] } else { &[] };
                let password = format!("{round}-{client}");
                let reply = door
                    .call(Method::PUT, &path, headers, body("backend", &password))
                    .await;
                (password, reply)
            });
        }
        let mut winners = Vec::new();
        while let Some(ended) = clients.join_next().await {
            let (password, reply) = ended.unwrap();
            match reply.status {
                StatusCode::OK => winners.push(password),
                StatusCode::CONFLICT => {}
                StatusCode::PRECONDITION_FAILED if with_tag => {}
                _ => panic!("{reply:?}"),
            }
        }
        if with_tag {
            assert_eq!(winners, [scene.served_password("backend").await]);
        } else {
            // Without a tag the last writer wins; every winner has a version of its own.
            assert!(!winners.is_empty());
            let version = scene.door.get(&at(&id)).await.ok()["version"].clone();
            assert_eq!(version, 3 + winners.len());
        }
    }
}

#[tokio::test]
async fn a_pending_version_is_served_to_who_asks_for_it_until_it_is_promoted() {
    let scene = Scene::new().await;
    let id = scene.password("backend", "one").await;
    let versions = format!("{}/versions", at(&id));
    let reply = scene
        .door
        .own(Method::POST, &versions, body("backend", "two"))
        .await;
    assert_eq!(reply.is(StatusCode::CREATED).json()["version"], 2);

    assert_eq!(scene.served_password("backend").await, "one");
    assert_eq!(scene.served_password("backend@pending").await, "two");
    let by_number = scene.served("backend@2").await;
    assert_eq!(by_number["refused"]["reason"], "not_found");
    let none = scene.served("backend@previous").await;
    assert_eq!(none["refused"]["reason"], "not_found");
    let listed = scene.door.own(Method::GET, &versions, NOTHING).await.ok();
    assert_eq!(listed[0]["labels"], json!(["pending"]));
    assert_eq!(listed[1]["labels"], json!(["current"]));
    assert_eq!(listed[1]["createdBy"], "administrator");

    let promote = format!("{}/promote", at(&id));
    let promoted = scene.door.own(Method::POST, &promote, NOTHING).await;
    assert_eq!(promoted.ok()["version"], 2);
    assert_eq!(scene.served_password("backend").await, "two");
    assert_eq!(scene.served_password("backend@previous").await, "one");
    let gone = scene.served("backend@pending").await;
    assert_eq!(gone["refused"]["reason"], "not_found");
    let again = scene.door.own(Method::POST, &promote, NOTHING).await;
    again.is(StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_key_that_is_good_for_less_than_the_one_before_is_warned_of_wherever_it_comes() {
    let scene = Scene::new().await;
    let key = |bytes: usize| {
        let key =
            base64::Engine::encode(&base64::engine::general_purpose::STANDARD, vec![7; bytes]);
        json!({ "type": "SymmetricKey", "name": "key", "key": key })
    };
    let made = scene.door.call(Method::POST, "sharedSecrets", &[], key(6));
    let made = made.await.is(StatusCode::CREATED).json();
    assert!(
        made["warnings"][0].as_str().unwrap().contains("6 bytes"),
        "{made}"
    );
    let id = made["id"].as_str().unwrap();
    let replaced = scene
        .door
        .call(Method::PUT, &at(id), &[], key(32))
        .await
        .ok();
    assert_eq!(replaced.get("warnings"), None, "{replaced}");

    let warned = |answer: &Value| {
        let warnings = answer["warnings"].to_string();
        warnings.contains("the key has 16 bytes in place of 32") && warnings.contains("HS256")
    };
    let own = async |path: &str, body: Value| {
        let path = format!("{}/{path}", at(id));
        scene.door.own(Method::POST, &path, body).await
    };
    let staged = own("versions", key(16))
        .await
        .is(StatusCode::CREATED)
        .json();
    let promoted = own("promote", NOTHING).await.ok();
    assert!(warned(&staged) && warned(&promoted), "{staged} {promoted}");
    let back = own("rollback", NOTHING).await.ok();
    assert!(back["warnings"].to_string().contains("AES-128"), "{back}");
    let rotated = scene
        .door
        .call(Method::PUT, &at(id), &[], key(16))
        .await
        .ok();
    assert!(warned(&rotated), "{rotated}");
}

#[tokio::test]
async fn a_pending_version_keeps_name_and_type_and_can_be_dropped() {
    let scene = Scene::new().await;
    let id = scene.password("backend", "one").await;
    let versions = format!("{}/versions", at(&id));
    let blob = json!({ "type": "Blob", "name": "backend", "content": "x" });
    for (wrong, pointer) in [(body("renamed", "two"), "/name"), (blob, "/type")] {
        let reply = scene.door.own(Method::POST, &versions, wrong).await;
        assert_eq!(reply.is(StatusCode::BAD_REQUEST).json()["pointer"], pointer);
    }
    scene
        .door
        .own(Method::POST, &versions, body("backend", "two"))
        .await
        .is(StatusCode::CREATED);
    let pending = format!("{}/pending", at(&id));
    for expected in [StatusCode::NO_CONTENT, StatusCode::NOT_FOUND] {
        let reply = scene.door.own(Method::DELETE, &pending, NOTHING).await;
        reply.is(expected);
    }
    let shown = format!("{versions}/2");
    let reply = scene.door.own(Method::GET, &shown, NOTHING).await;
    reply.is(StatusCode::NOT_FOUND);
    // Its number is not used again.
    scene.replace(&id, "backend", "three").await;
    let current = scene.door.get(&at(&id)).await.ok();
    assert_eq!(current["version"], 3);
}

#[tokio::test]
async fn going_back_moves_the_label_and_rewrites_nothing() {
    let scene = Scene::new().await;
    let id = scene.password("backend", "one").await;
    scene.replace(&id, "backend", "two").await;
    scene.replace(&id, "backend", "three").await;
    let rollback = format!("{}/rollback", at(&id));
    let back = async |body: Value| scene.door.own(Method::POST, &rollback, body).await;

    assert_eq!(back(NOTHING).await.ok()["version"], 2);
    assert_eq!(scene.served_password("backend").await, "two");
    assert_eq!(back(json!({ "version": 1 })).await.ok()["version"], 1);
    assert_eq!(scene.served_password("backend").await, "one");
    assert_eq!(scene.served_password("backend@previous").await, "two");
    assert_eq!(scene.served_password("backend@3").await, "three");

    let reply = back(json!({ "version": 1 })).await;
    assert_eq!(
        reply.is(StatusCode::BAD_REQUEST).json()["pointer"],
        "/version"
    );
    back(json!({ "version": 9 }))
        .await
        .is(StatusCode::NOT_FOUND);
    back(json!({ "versoin": 2 }))
        .await
        .is(StatusCode::BAD_REQUEST);

    let listed = scene
        .door
        .own(Method::GET, &format!("{}/versions", at(&id)), NOTHING)
        .await
        .ok();
    let numbers: Vec<_> = listed
        .as_array()
        .unwrap()
        .iter()
        .map(|version| (version["number"].clone(), version["labels"].clone()))
        .collect();
    let expected = [
        (json!(3), json!([])),
        (json!(2), json!(["previous"])),
        (json!(1), json!(["current"])),
    ];
    assert_eq!(numbers, expected);
}

#[tokio::test]
async fn a_version_that_refers_to_a_deleted_secret_does_not_come_back() {
    let scene = Scene::new().await;
    let (old, context) = scene.context().await;
    let new = scene.vault.truststore(&scene.group, "others").await;
    let path = format!("tlsContexts/{context}");
    scene
        .door
        .call(
            Method::PUT,
            &path,
            &[],
            context_body("inbound", &new.to_string()),
        )
        .await
        .is(StatusCode::OK);
    scene
        .door
        .call(Method::DELETE, &format!("truststores/{old}"), &[], NOTHING)
        .await
        .is(StatusCode::OK);
    let reply = scene
        .door
        .own(Method::POST, &format!("{path}/rollback"), NOTHING)
        .await;
    assert_eq!(
        reply.is(StatusCode::CONFLICT).json()["code"],
        "refers_to_deleted"
    );
}

#[tokio::test]
async fn name_and_date_change_without_a_new_version() {
    let scene = Scene::new().await;
    let id = scene.password("backend", "one").await;
    let patch = async |change: Value| scene.door.call(Method::PATCH, &at(&id), &[], change).await;
    patch(json!({ "name": "renamed" })).await.is(StatusCode::OK);
    patch(json!({ "expirationDate": "2040-01-31" }))
        .await
        .is(StatusCode::OK);
    let shown = scene.door.get(&at(&id)).await.ok();
    assert_eq!(shown["name"], "renamed");
    assert_eq!(shown["expirationDate"], "2040-01-31");
    assert_eq!(shown["version"], 1);
    assert_eq!(scene.served_password("renamed").await, "one");

    assert_eq!(patch(json!({})).await.refused(), "");
    let bad_date = json!({ "expirationDate": "31/01/2040" });
    assert_eq!(patch(bad_date).await.refused(), "/expirationDate");
    assert_eq!(
        patch(json!({ "password": "x" })).await.refused(),
        "/password"
    );
    scene.password("taken", "x").await;
    let reply = patch(json!({ "name": "taken" })).await;
    reply.is(StatusCode::CONFLICT);
}

#[tokio::test]
async fn only_the_newest_ten_old_versions_are_kept() {
    let scene = Scene::new().await;
    let id = scene.password("backend", "x").await;
    for round in 2..=14 {
        scene.replace(&id, "backend", &format!("{round}")).await;
    }
    let versions = format!("{}/versions", at(&id));
    let listed = scene.door.own(Method::GET, &versions, NOTHING).await.ok();
    let listed = listed.as_array().unwrap();
    assert_eq!(listed.len(), 12);
    assert_eq!(listed[11]["number"], 3);
}

#[tokio::test]
async fn gateways_say_which_version_they_run() {
    let scene = Scene::new().await;
    let id = scene.password("backend", "first").await;
    let (edge, gateway) = scene.vault.gateway("edge").await;
    let (late, _) = scene.vault.gateway("late").await;
    for gateway in [edge, late] {
        scene.vault.grant(&scene.group, gateway).await;
    }
    let reference = "secret://payments/sharedSecrets/backend";
    let rollout = async || {
        let path = format!("{}/rollout", at(&id));
        let shown = scene.door.own(Method::GET, &path, Value::Null).await.ok();
        let gateways = shown["gateways"].as_array().unwrap();
        let versions = gateways
            .iter()
            .map(|one| (one["name"].clone(), one["version"].clone()));
        let mut versions: Vec<_> = versions
            .map(|(name, version)| format!("{name} {version}"))
            .collect();
        versions.sort();
        let count = |field: &str| shown[field].as_u64().unwrap();
        (
            count("version"),
            count("current"),
            count("running"),
            versions.join(", "),
        )
    };
    let nothing = "\"edge\" null, \"late\" null".to_owned();
    assert_eq!(rollout().await, (1, 0, 0, nothing.clone()));
    // It is told, but has not said yet that it has it.
    let first = scene
        .vault
        .resolve(&gateway, reference, None, 0)
        .await
        .unwrap();
    assert_eq!(rollout().await, (1, 0, 0, nothing));
    let known = scene
        .vault
        .resolve(&gateway, reference, Some(&first), 0)
        .await
        .unwrap();
    assert_eq!(
        rollout().await,
        (1, 1, 1, "\"edge\" 1, \"late\" null".to_owned())
    );

    scene.replace(&id, "backend", "second").await;
    let news = scene
        .vault
        .resolve(&gateway, reference, Some(&known), 0)
        .await
        .unwrap();
    assert_eq!(
        rollout().await,
        (2, 0, 1, "\"edge\" 1, \"late\" null".to_owned())
    );
    scene
        .vault
        .resolve(&gateway, reference, Some(&news), 0)
        .await
        .unwrap();
    assert_eq!(
        rollout().await,
        (2, 1, 1, "\"edge\" 2, \"late\" null".to_owned())
    );
    // Of the group, how many of its secrets each of them runs.
    let shown = scene.door.own(Method::GET, "rollout", Value::Null);
    let shown = shown.await.ok();
    let readers = shown["gateways"].as_array().unwrap().iter();
    let mut readers: Vec<_> = readers
        .map(|one| format!("{} {}", one["name"], one["secrets"]))
        .collect();
    readers.sort();
    assert_eq!(readers, ["\"edge\" 1", "\"late\" 0"]);
}

//! What ends soon: in the list, and in the answers to writers.

use axum::http::{Method, StatusCode};
use sallyport_model::Access;
use sallyport_pki::UnixTime;
use sallyport_vault::clock;
use serde_json::{Value, json};

use crate::scene::{Scene, at, body};

const NOTHING: Value = Value::Null;

fn in_days(days: i64) -> String {
    clock::date(UnixTime(clock::now().0 + days * 24 * 60 * 60))
}

fn dated(name: &str, date: &str) -> Value {
    let mut body = body(name, "x");
    body["expirationDate"] = json!(date);
    body
}

#[tokio::test]
async fn what_ends_soon_is_listed_soonest_first_and_what_has_ended_with_it() {
    let scene = Scene::new().await;
    for (name, days) in [("later", 50), ("soon", 20), ("past", -3)] {
        scene
            .door
            .call(
                Method::POST,
                "sharedSecrets",
                &[],
                dated(name, &in_days(days)),
            )
            .await
            .created();
    }
    scene.password("never", "x").await;
    let list = async |path: &str| scene.door.own(Method::GET, path, NOTHING).await;
    let names = |reply: Value| -> Vec<String> {
        let items = reply.as_array().unwrap().clone();
        items
            .iter()
            .map(|item| item["name"].as_str().unwrap().to_owned())
            .collect()
    };
    let listed = list("{}/expiring").await.ok();
    assert_eq!(listed[0]["group"]["name"], "payments");
    assert_eq!(listed[0]["collection"], "sharedSecrets");
    assert_eq!(listed[0]["expirationDate"], in_days(-3));
    assert!(listed[0]["daysLeft"].as_i64().unwrap() < 0);
    assert_eq!(names(listed), ["past", "soon"]);
    let far = list("{}/expiring?within=60").await.ok();
    assert_eq!(names(far), ["past", "soon", "later"]);
    for bad in ["-1", "soon", "36501", "99999999999"] {
        let reply = list(&format!("{{}}/expiring?within={bad}")).await;
        reply.is(StatusCode::BAD_REQUEST);
    }
}

#[tokio::test]
async fn a_writer_is_warned_of_what_ends_soon() {
    let scene = Scene::new().await;
    let warnings = |reply: Value| reply["warnings"].clone();
    let create = dated("backend", &in_days(10));
    let created = scene
        .door
        .call(Method::POST, "sharedSecrets", &[], create)
        .await;
    let id = created.created();
    let said = warnings(created.json());
    assert!(said[0].as_str().unwrap().contains(&in_days(10)), "{said}");

    let far = dated("backend", &in_days(100));
    let replaced = scene.door.call(Method::PUT, &at(&id), &[], far).await;
    assert_eq!(warnings(replaced.ok()), NOTHING);
    let change = json!({ "expirationDate": in_days(-1) });
    let changed = scene.door.call(Method::PATCH, &at(&id), &[], change).await;
    let said = warnings(changed.ok());
    assert!(said[0].as_str().unwrap().contains("expired"), "{said}");
}

#[tokio::test]
async fn groups_the_caller_may_not_read_are_not_in_the_list() {
    let scene = Scene::new().await;
    let soon = dated("backend", &in_days(1));
    scene
        .door
        .call(Method::POST, "sharedSecrets", &[], soon)
        .await
        .created();
    let (_, token) = scene
        .vault
        .app(&scene.group, "writer", &[Access::Write])
        .await;
    let reply = scene
        .door
        .for_token(&token)
        .own(Method::GET, "{}/expiring", NOTHING)
        .await;
    if reply.status == StatusCode::OK {
        assert_eq!(reply.json(), json!([]));
    } else {
        reply.is(StatusCode::NOT_FOUND);
    }
}

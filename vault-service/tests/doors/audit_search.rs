//! Looking for entries of the audit log, at the public door.

use axum::http::StatusCode;
use serde_json::Value;

use crate::house::{Answer, House};

#[tokio::test]
async fn an_administrator_finds_who_was_refused_what_and_nobody_else_does() {
    let house = House::new().await;
    let group = house.vault.group("payments").await;
    house.vault.password(&group, "backend", "open sesame").await;
    let (_, gateway) = house.vault.gateway("edge").await;
    for reference in ["backend", "other", "open sesame"] {
        let reference = format!("secret://payments/sharedSecrets/{reference}");
        let answer = house.vault.resolve(&gateway, &reference, None, 0).await;
        assert!(answer.unwrap()["outcome"]["refused"].is_object());
    }
    let root = house.administrator().await;
    let search = async |query: &str| {
        house
            .get(&house.own(&format!("/audit/search?{query}")), &root)
            .await
    };
    let objects = |answer: &Answer| -> Vec<String> {
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
        let entries = answer.json()["entries"].as_array().unwrap().clone();
        let objects = entries
            .iter()
            .map(|entry| entry["object"].as_str().unwrap().to_owned());
        objects.collect()
    };
    let refused = search("actor=edge&operation=secret.*&outcome=refused&group=payments").await;
    let shared = |name: &str| format!("secret://payments/sharedSecrets/{name}");
    assert_eq!(objects(&refused), [shared("backend"), shared("other")]);
    // What is no reference is there as a stand-in, and cannot be looked for.
    let all = search("actor=edge&operation=secret.resolve").await;
    assert!(objects(&all)[2].starts_with("hmac-sha256:"));
    assert_eq!(objects(&search("object=sesame").await), [""; 0]);

    let page = search("limit=1").await.json();
    let next = page["next"].as_u64().unwrap();
    let rest = search(&format!("limit=1000&after={next}")).await.json();
    assert_eq!(rest["entries"][0]["seq"].as_u64().unwrap(), next + 1);
    assert_eq!(rest["next"], Value::Null);
    assert_eq!(objects(&search("since=2999-01-01").await), [""; 0]);

    for query in [
        "outcome=perhaps",
        "since=yesterday",
        "until=2026-13-01",
        "group=..",
        "limit=0",
        "limit=1001",
        "after=-1",
        "actor=",
        "actr=edge",
        "group=payments&group=others",
    ] {
        let answer = search(query).await;
        assert_eq!(
            answer.status,
            StatusCode::BAD_REQUEST,
            "{query}: {}",
            answer.text
        );
    }
    let anybody = house.member().await;
    for path in [house.own("/audit/search"), house.home("/audit/search")] {
        let answer = house.get(&path, &anybody).await;
        let hidden = [StatusCode::FORBIDDEN, StatusCode::NOT_FOUND];
        assert!(hidden.contains(&answer.status), "{}", answer.text);
    }
}

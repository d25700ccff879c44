//! Looking for entries of the audit log, at the public door.

use axum::body::Body;
use axum::http::{Request, StatusCode};
use serde_json::{Value, json};

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
        "trace=00000000000000000000000000000000",
        "trace=4BF92F3577B34DA6A3CE929D0E0E4736",
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
        // Who gave it is told which it is, and what it could be.
        let detail = answer.json()["detail"].as_str().unwrap().to_owned();
        let name = query.split('=').next().unwrap();
        let says_which = detail.contains(&format!("parameter {name} is"));
        assert!(says_which || detail.contains("each once"), "{detail}");
    }
    let anybody = house.member().await;
    for path in [house.own("/audit/search"), house.home("/audit/search")] {
        let answer = house.get(&path, &anybody).await;
        let hidden = [StatusCode::FORBIDDEN, StatusCode::NOT_FOUND];
        assert!(hidden.contains(&answer.status), "{}", answer.text);
    }
}

#[tokio::test]
async fn of_two_tokens_in_one_request_none_counts() {
    let house = House::new().await;
    let root = house.administrator().await;
    let own = format!("Bearer {}", root.token);
    for other in [own.as_str(), "Bearer another", "", "Basic eDp5"] {
        for (first, second) in [(own.as_str(), other), (other, own.as_str())] {
            let request = Request::get(house.home("/environments"))
                .header("authorization", first)
                .header("authorization", second)
                .body(Body::empty())
                .unwrap();
            let answer = house.answer(request).await;
            assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{other:?}");
        }
    }
}

#[tokio::test]
async fn what_a_call_of_a_trace_did_is_found_by_it() {
    let house = House::new().await;
    let root = house.administrator().await;
    let trace = "4bf92f3577b34da6a3ce929d0e0e4736";
    let request = Request::post(house.home("/environments"))
        .header("authorization", format!("Bearer {}", root.token))
        .header("content-type", "application/json")
        .header("traceparent", format!("00-{trace}-00f067aa0ba902b7-01"))
        .body(Body::from(r#"{"name": "traced"}"#))
        .unwrap();
    let made = house.answer(request).await;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.text);
    let path = house.home(&format!("/audit/search?trace={trace}"));
    let found = house.get(&path, &root).await.json();
    let entries = found["entries"].as_array().unwrap();
    let seen: Vec<_> = entries
        .iter()
        .map(|entry| (&entry["operation"], &entry["traceId"]))
        .collect();
    assert_eq!(seen, [(&json!("environment.create"), &json!(trace))]);
    // Others have none.
    let all = house.get(&house.home("/audit?limit=1000"), &root).await;
    let all = all.json();
    let traced = all.as_array().unwrap().iter();
    assert_eq!(
        traced.filter(|entry| !entry["traceId"].is_null()).count(),
        1
    );
}

//! The description of the public door: complete, as committed, and true about who may call.

use std::fs;
use std::path::Path;

use axum::http::StatusCode;
use sallyport_vault::http::manager::OPEN;
use serde_json::{Value, json};

use crate::contract::{DOCUMENT, operations};
use crate::house::{House, uuid};

#[tokio::test]
async fn the_committed_description_is_the_one_that_is_served() {
    let house = House::new().await;
    let served = house.send("GET", "/openapi.json", None, None).await;
    assert_eq!(served.status, StatusCode::OK);
    let served = served.text + "\n";
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/openapi.json");
    if std::env::var_os("UPDATE").is_some() {
        fs::write(&path, &served).unwrap();
    }
    let committed = fs::read_to_string(&path).unwrap_or_default();
    assert!(
        committed == served,
        "docs/openapi.json is not what the code says; write it anew with\n    UPDATE=1 cargo test -p \
         sallyport-vault --test doors openapi"
    );
}

#[test]
fn operations_have_ids_of_their_own_and_every_kind_of_answer() {
    let mut ids: Vec<_> = operations()
        .map(|operation| operation.description["operationId"].as_str().unwrap())
        .collect();
    assert!(ids.len() > 100, "{}", ids.len());
    ids.sort_unstable();
    let all = ids.len();
    ids.dedup();
    assert_eq!(ids.len(), all);
    for operation in operations() {
        let shown = format!("{} {}", operation.method, operation.path);
        let answers = operation.description["responses"].as_object().unwrap();
        let has = |status: &str| answers.contains_key(status);
        assert!(has("200") || has("201") || has("204"), "{shown}");
        assert!(has("400") && has("429") && has("500"), "{shown}");
        let body = operation.description.get("requestBody").is_some();
        assert_eq!(has("408") && has("413") && has("415"), body, "{shown}");
        assert!(operation.description["tags"][0] != "", "{shown}");
    }
}

#[test]
fn every_name_in_the_description_leads_somewhere() {
    fn names<'a>(value: &'a Value, found: &mut Vec<&'a str>) {
        match value {
            Value::Object(fields) => fields.iter().for_each(|(key, value)| match value.as_str() {
                Some(name) if key == "$ref" => found.push(name),
                _ => names(value, found),
            }),
            Value::Array(items) => items.iter().for_each(|item| names(item, found)),
            _ => {}
        }
    }
    let mut found = Vec::new();
    names(&DOCUMENT, &mut found);
    assert!(found.len() > 1000, "{}", found.len());
    for name in &found {
        let pointer = name.strip_prefix('#').unwrap();
        assert!(DOCUMENT.pointer(pointer).is_some(), "{name}");
    }
    for part in ["schemas", "responses"] {
        for name in DOCUMENT["components"][part].as_object().unwrap().keys() {
            let name = format!("#/components/{part}/{name}");
            assert!(found.contains(&name.as_str()), "{name} is used nowhere");
        }
    }
}

#[tokio::test]
async fn who_needs_no_token_is_as_described_and_nobody_else() {
    let house = House::new().await;
    for operation in operations() {
        let open = operation.description["security"] == json!([]);
        assert_eq!(open, OPEN.contains(&operation.path), "{}", operation.path);
        let id = uuid().to_string();
        let path: Vec<_> = operation
            .path
            .split('/')
            .map(|segment| match segment {
                "{version}" => "1",
                hole if hole.starts_with('{') => id.as_str(),
                segment => segment,
            })
            .collect();
        let method = operation.method.to_uppercase();
        let answer = house.send(&method, &path.join("/"), None, None).await;
        let refused = answer.status == StatusCode::UNAUTHORIZED;
        assert_eq!(refused, !open, "{method} {}", operation.path);
    }
}

#[tokio::test]
async fn numbers_and_words_out_of_range_are_refused_or_not_found() {
    let house = House::new().await;
    let administrator = house.administrator().await;
    let group = house.vault.group("payments").await;
    let secret = house.vault.password(&group, "backend", "a password").await;
    let one = format!("/secretGroups/{}/sharedSecrets/{secret}", group.id);
    let all = house.anypoint(&format!("/secretGroups/{}/sharedSecrets", group.id));
    for (path, status) in [
        (house.own("/audit?limit=0"), 400),
        (house.own("/audit?limit=1001"), 400),
        (house.home("/audit?limit=0"), 400),
        (
            house.own("/audit?limit=1000&after=18446744073709551615"),
            200,
        ),
        (house.own("/audit?after=18446744073709551616"), 400),
        (house.own(&format!("{one}/versions/0")), 404),
        (
            house.own(&format!("{one}/versions/9223372036854775808")),
            404,
        ),
        (
            house.own(&format!("{one}/versions/18446744073709551615")),
            404,
        ),
        (
            house.own(&format!("{one}/versions/18446744073709551616")),
            404,
        ),
        (format!("{all}?type=Blob"), 200),
        (format!("{all}?type=PEM"), 400),
        (format!("{all}?type=Blob&type=Blob"), 400),
    ] {
        let answer = house.get(&path, &administrator).await;
        assert_eq!(answer.status.as_u16(), status, "{path}: {}", answer.text);
    }
    let path = house.own(&format!("{one}/rollback"));
    let body = json!({ "version": u64::MAX });
    let answer = house.json("POST", &path, &administrator, body).await;
    assert_eq!(answer.status, StatusCode::NOT_FOUND, "{}", answer.text);
}

//! Shared secrets, and that nothing secret of any kind ever comes back.

use axum::http::Method;
use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use serde_json::json;

use super::{STORE_PASSPHRASE, Scene, keystore, pair};
use crate::http::Part::{File, Text};
use crate::http::Reply;

#[tokio::test]
async fn shared_secrets_of_every_type_are_stored_and_show_no_secret() {
    let scene = Scene::new().await;
    for (body, name, shown) in [
        (
            r#"{"type":"UsernamePassword","name":"up","expirationDate":"2027-01-01","username":"u","password":"p-secret"}"#,
            "up",
            json!({"type":"UsernamePassword","username":"u","expirationDate":"2027-01-01"}),
        ),
        (
            r#"{"type":"SymmetricKey","name":"sk","key":"c2VjcmV0"}"#,
            "sk",
            json!({"type":"SymmetricKey"}),
        ),
        (
            r#"{"type":"S3Credential","name":"s3","accessKeyId":"AKIA","secretAccessKey":"s-secret","sessionToken":"t-secret"}"#,
            "s3",
            json!({"type":"S3Credential","accessKeyId":"AKIA"}),
        ),
        (
            r#"{"type":"Blob","name":"bl","content":"blob text secret"}"#,
            "bl",
            json!({"type":"Blob"}),
        ),
    ] {
        let reply = scene.door.json(Method::POST, "sharedSecrets", body).await;
        let id = reply.created();
        let mut expected = shown.clone();
        expected["name"] = json!(name);
        expected["meta"] = json!({ "id": id, "path": format!("sharedSecrets/{id}") });
        let mut details = scene.shown("sharedSecrets", &id).await;
        // A version number may be beside it.
        details.as_object_mut().unwrap().remove("version");
        assert_eq!(details, expected);

        let replaced = scene
            .door
            .json(Method::PUT, &format!("sharedSecrets/{id}"), body)
            .await;
        assert!(replaced.ok()["message"].is_string());
        let type_word = shown["type"].as_str().unwrap();
        let listed = scene
            .door
            .get(&format!("sharedSecrets?type={type_word}"))
            .await
            .ok();
        assert_eq!(listed.as_array().unwrap().len(), 1);
        assert_eq!(listed[0]["name"], name);
        assert_eq!(listed[0]["meta"]["id"], id.as_str());
        assert_eq!(listed[0]["expirationDate"], expected["expirationDate"]);
    }
    let all = scene.door.get("sharedSecrets").await;
    assert_eq!(all.ok().as_array().unwrap().len(), 4);
    assert!(!all.text.contains("secret\""), "{}", all.text);
}

/// Wherever a secret is put, right or wrong, no answer has it.
#[test]
fn no_secret_ever_comes_back() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let scene = runtime.block_on(Scene::new());
    let secrets = "[A-Za-z0-9+/ äß!\"%&{}-]{12,40}";
    let mut runner = TestRunner::new(ProptestConfig::with_cases(8));
    let round = std::cell::Cell::new(0);
    runner
        .run(&secrets, |secret| {
            round.set(round.get() + 1);
            let replies = runtime.block_on(everywhere(&scene, &secret, round.get()));
            let escaped = serde_json::to_string(&secret).unwrap();
            for said in [secret.as_str(), escaped.trim_matches('"')] {
                for reply in &replies {
                    prop_assert!(!reply.text.contains(said), "{}", reply.text);
                }
            }
            let stored = replies.iter().filter(|reply| reply.status.is_success());
            prop_assert!((4..replies.len()).contains(&stored.count()));
            Ok(())
        })
        .unwrap();
}

/// Sends a secret in every place it could be put, and asks for everything that was stored.
async fn everywhere(scene: &Scene, secret: &str, round: usize) -> Vec<Reply> {
    let mut replies = Vec::new();
    for type_word in [
        "UsernamePassword",
        "SymmetricKey",
        "S3Credential",
        "Blob",
        "None",
    ] {
        for field in [
            "password",
            "key",
            "secretAccessKey",
            "sessionToken",
            "content",
            "pasword",
        ] {
            let mut body = json!({
                "type": type_word, "name": format!("{round}-{type_word}-{field}"),
                "username": "u", "accessKeyId": "a",
            });
            let fields: &[&str] = match type_word {
                "UsernamePassword" => &["accessKeyId"],
                "S3Credential" => &["username"],
                _ => &["accessKeyId", "username"],
            };
            for field in fields {
                body.as_object_mut().unwrap().remove(*field);
            }
            for value in [json!(secret), json!([secret]), json!({ secret: 1 })] {
                body[field] = value;
                let body = body.to_string();
                replies.push(scene.door.json(Method::POST, "sharedSecrets", &body).await);
                let cut = &body[..body.len() - 1];
                replies.push(scene.door.json(Method::POST, "sharedSecrets", cut).await);
            }
        }
    }
    let (certificate, key) = pair();
    let name = |letter: &str| format!("{round}-{letter}");
    let jks = keystore!("java.jks");
    for parts in [
        vec![
            Text("type", "PEM"),
            Text("name", &name("a")),
            Text("keyPassphrase", secret),
            File("certificate", "c", certificate.as_bytes()),
            File("key", "k", key.as_bytes()),
        ],
        vec![
            Text("type", "PEM"),
            Text("name", &name("b")),
            Text("keyPassphrase", secret),
            File("certificate", "c", certificate.as_bytes()),
            File("key", "k", secret.as_bytes()),
        ],
        vec![
            Text("type", "PEM"),
            Text("name", &name("c")),
            Text("storePassphrase", secret),
        ],
        vec![
            Text("type", "JKS"),
            Text("name", &name("d")),
            Text("alias", "leaf"),
            Text("storePassphrase", secret),
            Text("keyPassphrase", secret),
            File("keyStore", "k", jks),
        ],
        vec![
            Text("type", "JKS"),
            Text("name", &name("e")),
            Text("alias", "leaf"),
            Text("storePassphrase", STORE_PASSPHRASE),
            Text("keyPassphrase", secret),
            File("keyStore", "k", jks),
        ],
        vec![Text("type", secret), Text("name", &name("f"))],
    ] {
        replies.push(scene.door.form(Method::POST, "keystores", &parts).await);
    }
    for collection in ["sharedSecrets", "keystores"] {
        let list = scene.door.get(collection).await;
        for item in list.ok().as_array().unwrap() {
            let id = item["meta"]["id"].as_str().unwrap();
            replies.push(scene.door.get(&format!("{collection}/{id}")).await);
        }
        replies.push(list);
    }
    replies
}

//! Many clients replace one secret at once.

use http::{Method, StatusCode};
use sallyport_tests::Result;
use sallyport_tests::client::Reply;
use sallyport_tests::manager::Manager;
use sallyport_tests::scratch::Scratch;
use sallyport_tests::vault::Vault;
use serde_json::json;
use tokio::task::JoinSet;

/// How many.
const CLIENTS: usize = 64;

#[tokio::test(flavor = "multi_thread")]
async fn of_64_clients_that_saw_the_same_version_one_wins_and_its_value_is_stored() -> Result<()> {
    let scratch = Scratch::new()?;
    let vault = Vault::start(&scratch.directory("vault")?).await?;
    let manager = Manager::login(&vault).await?;
    let group = manager.create_group("payments").await?;
    let collection = manager.path(&format!("secretGroups/{group}/sharedSecrets"));
    let first = manager
        .post(&collection, &login("nobody"))
        .await?
        .created()?;
    let path = format!("{collection}/{first}");
    assert_eq!(manager.get(&path).await?.header("etag"), "\"1\"");

    let mut racers = JoinSet::new();
    for number in 0..CLIENTS {
        let (manager, path) = (manager.clone(), path.clone());
        racers.spawn(async move {
            let username = format!("racer-{number}");
            let reply = replace(&manager, &path, "\"1\"", &username).await;
            (username, reply)
        });
    }
    let mut winners = Vec::new();
    while let Some(finished) = racers.join_next().await {
        let (username, reply) = finished.unwrap();
        let reply = reply?;
        match reply.status {
            StatusCode::OK => winners.push(username),
            StatusCode::CONFLICT | StatusCode::PRECONDITION_FAILED => {
                assert!(!reply.body.contains("racer-"), "{}", reply.body);
            }
            _ => panic!("{username}: {} {}", reply.status, reply.body),
        }
    }
    let [winner] = winners.as_slice() else {
        panic!("{winners:?} won");
    };
    let reply = manager.get(&path).await?;
    assert_eq!(reply.header("etag"), "\"2\"");
    let stored = reply.json()?;
    assert_eq!(
        (&stored["version"], &stored["username"]),
        (&json!(2), &json!(winner))
    );

    let late = replace(&manager, &path, "\"1\"", "late").await?;
    assert_eq!(late.status, StatusCode::PRECONDITION_FAILED);
    let next = replace(&manager, &path, "\"2\"", "next").await?;
    assert_eq!(next.status, StatusCode::OK, "{}", next.body);
    Ok(())
}

/// Replaces the secret if that version is still the current one.
async fn replace(manager: &Manager, path: &str, version: &str, username: &str) -> Result<Reply> {
    let request = manager
        .request(Method::PUT, path)
        .header("content-type", "application/json")
        .header("if-match", version);
    let request = request.body(login(username).to_string())?;
    manager.deliver(request).await
}

fn login(username: &str) -> serde_json::Value {
    json!({
        "name": "backend", "type": "UsernamePassword",
        "username": username, "password": format!("{username}'s password"),
    })
}

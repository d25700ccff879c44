//! Edit sessions: staged beside what is served, published as a whole or not at all.

use axum::http::{Method, StatusCode};
use rcgen::{CertificateParams, KeyPair};
use sallyport_model::{Access, Collection};
use sallyport_pki::UnixTime;
use sallyport_vault::clock;
use sallyport_vault::manager::{ExpiredCertificates, Manager, ManagerError};
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::http::{Door, Reply};
use crate::scene::{Scene, at, body, context_body};
use crate::vault::form;

const NOTHING: Value = Value::Null;
const WRITE: &[Access] = &[Access::Read, Access::Write];

async fn lock(door: &Door, method: Method, query: &str) -> Reply {
    let path = format!("lock{query}");
    door.call(method, &path, &[], NOTHING).await
}

async fn open(door: &Door) {
    let reply = lock(door, Method::POST, "").await;
    reply.is(StatusCode::CREATED);
}

async fn finish(door: &Door) -> Reply {
    lock(door, Method::DELETE, "?action=finish").await
}

/// Somebody who may read and write, but not manage.
async fn writer(scene: &Scene, name: &str) -> Door {
    let (_, token) = scene.vault.app(&scene.group, name, WRITE).await;
    scene.door.for_token(&token)
}

#[tokio::test]
async fn what_is_staged_is_seen_by_its_holder_and_served_when_it_is_finished() {
    let scene = Scene::new().await;
    let id = scene.password("backend", "one").await;
    let doomed = scene.password("doomed", "x").await;
    let other = writer(&scene, "other").await;
    open(&scene.door).await;
    scene.replace(&id, "renamed", "two").await;
    let made = scene.password("new", "fresh").await;
    let date = json!({ "expirationDate": "2040-01-01" });
    scene
        .door
        .call(Method::PATCH, &at(&made), &[], date)
        .await
        .is(StatusCode::OK);
    scene
        .door
        .call(Method::DELETE, &at(&doomed), &[], NOTHING)
        .await
        .is(StatusCode::NO_CONTENT);

    let names = async |door: &Door| -> Vec<String> {
        let listed = door.get("sharedSecrets").await.ok();
        let listed = listed.as_array().unwrap().clone();
        listed
            .iter()
            .map(|item| item["name"].as_str().unwrap().to_owned())
            .collect()
    };
    assert_eq!(names(&scene.door).await, ["new", "renamed"]);
    assert_eq!(names(&other).await, ["backend", "doomed"]);
    let seen = scene.door.get(&at(&id)).await;
    assert_eq!(seen.etag.as_deref(), Some("\"2\""));
    let seen = scene.door.get(&at(&made)).await.ok();
    assert_eq!(seen["expirationDate"], "2040-01-01");
    scene.door.get(&at(&doomed)).await.is(StatusCode::NOT_FOUND);
    other.get(&at(&made)).await.is(StatusCode::NOT_FOUND);
    assert_eq!(other.get(&at(&id)).await.ok()["version"], 1);
    assert_eq!(scene.served_password("backend").await, "one");
    let absent = scene.served("new").await;
    assert_eq!(absent["refused"]["reason"], "not_found");

    let shown = lock(&other, Method::GET, "").await.ok();
    assert_eq!(shown["lockedBy"], "administrator");
    assert_eq!(
        shown["changes"],
        json!([
            { "action": "delete", "collection": "sharedSecrets", "id": doomed, "name": "doomed" },
            { "action": "create", "collection": "sharedSecrets", "id": made, "name": "new" },
            { "action": "replace", "collection": "sharedSecrets", "id": id, "name": "renamed" },
        ])
    );
    let meta = other.get("").await.ok()["meta"].clone();
    assert_eq!(
        (&meta["locked"], &meta["lockedBy"]),
        (&json!(true), &json!("administrator"))
    );

    let before = scene.vault.audit().await.len();
    let feed = *scene.vault.store.changes().borrow();
    assert_eq!(finish(&scene.door).await.ok()["changes"], 3);
    // One batch.
    assert_eq!(*scene.vault.store.changes().borrow(), feed + 1);
    let log = scene.operations(before).await;
    for operation in [
        "sharedSecrets.delete",
        "sharedSecrets.create",
        "sharedSecrets.replace",
        "editSession.finish",
    ] {
        assert!(log.contains(&operation.to_owned()), "{operation}: {log:?}");
    }
    assert_eq!(names(&other).await, ["new", "renamed"]);
    assert_eq!(scene.served_password("renamed").await, "two");
    assert_eq!(scene.served_password("new").await, "fresh");
    assert!(scene.served("doomed").await["withdrawn"].is_object());
    lock(&other, Method::GET, "")
        .await
        .is(StatusCode::NOT_FOUND);
    assert_eq!(other.get("").await.ok()["meta"]["locked"], false);
}

#[tokio::test]
async fn a_group_is_not_deleted_with_what_its_holder_has_staged() {
    let scene = Scene::new().await;
    open(&scene.door).await;
    scene.password("new", "fresh").await;
    let delete = async || scene.door.call(Method::DELETE, "", &[], NOTHING).await;
    let refused = delete().await;
    let refused = refused.is(StatusCode::CONFLICT).json();
    let said = refused["message"].as_str().unwrap();
    assert!(said.contains("you have an edit session open"), "{said}");
    finish(&scene.door).await;
    delete().await.is(StatusCode::NO_CONTENT);
}

#[tokio::test]
async fn while_a_group_is_locked_every_other_writer_is_told_by_whom() {
    let scene = Scene::new().await;
    let id = scene.password("backend", "one").await;
    let holder = writer(&scene, "grace").await;
    open(&holder).await;
    let versions = format!("{}/versions", at(&id));
    let rollback = format!("{}/rollback", at(&id));
    let admin = &scene.door;
    let rename = json!({ "name": "renamed" });
    let date = json!({ "expirationDate": "2040-01-01" });
    for reply in [
        admin
            .call(Method::POST, "sharedSecrets", &[], body("new", "x"))
            .await,
        admin
            .call(Method::PUT, &at(&id), &[], body("backend", "x"))
            .await,
        admin.call(Method::PATCH, &at(&id), &[], date).await,
        admin.call(Method::DELETE, &at(&id), &[], NOTHING).await,
        admin
            .own(Method::POST, &versions, body("backend", "x"))
            .await,
        lock(admin, Method::POST, "").await,
        finish(admin).await,
        admin.call(Method::PATCH, "", &[], rename).await,
        admin.call(Method::DELETE, "", &[], NOTHING).await,
    ] {
        reply.is(StatusCode::CONFLICT);
        assert!(reply.text.contains("grace"), "{}", reply.text);
    }
    // What takes effect at once is not for the holder either.
    for reply in [
        holder
            .own(Method::POST, &versions, body("backend", "x"))
            .await,
        holder.own(Method::POST, &rollback, NOTHING).await,
    ] {
        assert_eq!(reply.is(StatusCode::CONFLICT).json()["code"], "locked");
    }
    assert_eq!(scene.served_password("backend").await, "one");
}

#[tokio::test]
async fn a_session_is_cancelled_by_its_holder_or_by_who_manages_the_group() {
    let scene = Scene::new().await;
    let id = scene.password("backend", "one").await;
    let holder = writer(&scene, "grace").await;
    let other = writer(&scene, "linus").await;
    for canceller in [&holder, &scene.door] {
        open(&holder).await;
        // Opening it again gives the same one.
        open(&holder).await;
        let staged = body("backend", "two");
        let reply = holder.call(Method::PUT, &at(&id), &[], staged).await;
        reply.is(StatusCode::OK);
        let refused = lock(&other, Method::DELETE, "?action=cancel").await;
        assert!(refused.status.is_client_error(), "{refused:?}");
        let wrong = lock(canceller, Method::DELETE, "?action=drop").await;
        wrong.is(StatusCode::BAD_REQUEST);
        lock(canceller, Method::DELETE, "?action=cancel").await.ok();
        let again = lock(canceller, Method::DELETE, "?action=cancel").await;
        assert!(again.status.is_client_error(), "{again:?}");
        assert_eq!(holder.get(&at(&id)).await.ok()["version"], 1);
        finish(&holder).await.is(StatusCode::NOT_FOUND);
    }
    // The number was never used.
    scene.replace(&id, "backend", "two").await;
    assert_eq!(scene.door.get(&at(&id)).await.ok()["version"], 2);
}

#[tokio::test]
async fn staged_secrets_may_refer_to_each_other_and_change_again() {
    let scene = Scene::new().await;
    open(&scene.door).await;
    let (truststore, context) = scene.context().await;
    let path = format!("tlsContexts/{context}");
    let tag = [("If-Match", "\"1\"")];
    let renamed = context_body("outbound", &truststore);
    scene
        .door
        .call(Method::PUT, &path, &tag, renamed)
        .await
        .is(StatusCode::OK);
    let used = format!("truststores/{truststore}/users");
    let used = scene.door.own(Method::GET, &used, NOTHING).await.ok();
    assert_eq!(used["secrets"][0]["name"], "outbound");
    let gone = scene.password("undone", "x").await;
    scene
        .door
        .call(Method::DELETE, &at(&gone), &[], NOTHING)
        .await
        .is(StatusCode::NO_CONTENT);
    assert_eq!(finish(&scene.door).await.ok()["changes"], 2);

    let (id, gateway) = scene.vault.gateway("edge").await;
    scene.vault.grant(&scene.group, id).await;
    let reference = "secret://payments/tlsContexts/outbound";
    let answer = scene.vault.resolve(&gateway, reference, None, 0).await;
    let current = answer.unwrap()["outcome"]["current"].clone();
    assert_eq!(current["version"], 1);
}

#[tokio::test]
async fn two_secrets_swap_their_names() {
    let scene = Scene::new().await;
    let blue = scene.password("blue", "was blue").await;
    let green = scene.password("green", "was green").await;
    open(&scene.door).await;
    let name = async |id: &str, name: &str| {
        let change = json!({ "name": name });
        scene.door.call(Method::PATCH, &at(id), &[], change).await
    };
    // In between a name must be free, as it must be without a session.
    name(&blue, "green").await.is(StatusCode::CONFLICT);
    for (id, to) in [(&blue, "spare"), (&green, "blue"), (&blue, "green")] {
        name(id, to).await.is(StatusCode::OK);
    }
    assert_eq!(finish(&scene.door).await.ok()["changes"], 2);
    assert_eq!(scene.served_password("blue").await, "was green");
    assert_eq!(scene.served_password("green").await, "was blue");
}

#[tokio::test]
async fn a_set_that_does_not_hold_together_is_refused_with_every_place_and_stays_staged() {
    let scene = Scene::new().await;
    let (truststore, context) = scene.context().await;
    open(&scene.door).await;
    scene.password("innocent", "x").await;
    let path = format!("truststores/{truststore}");
    scene
        .door
        .call(Method::DELETE, &path, &[], NOTHING)
        .await
        .is(StatusCode::OK);
    let refused = finish(&scene.door).await;
    assert_eq!(refused.refused(), "/tlsContexts/inbound/truststore");
    let absent = scene.served("innocent").await;
    assert_eq!(absent["refused"]["reason"], "not_found");
    let staged = lock(&scene.door, Method::GET, "").await.ok();
    assert_eq!(staged["changes"].as_array().unwrap().len(), 2);

    scene
        .door
        .call(
            Method::DELETE,
            &format!("tlsContexts/{context}"),
            &[],
            NOTHING,
        )
        .await
        .is(StatusCode::NO_CONTENT);
    assert_eq!(finish(&scene.door).await.ok()["changes"], 3);
}

#[tokio::test]
async fn a_certificate_that_ends_while_it_is_staged_is_not_published() {
    let scene = Scene::new().await;
    let (vault, group) = (&scene.vault, &scene.group);
    let caller = &vault.administrator;
    let now = clock::now();
    let day = |days: i64| UnixTime(now.0 + days * 24 * 60 * 60);
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::default();
    params.not_after = time::OffsetDateTime::from_unix_timestamp(day(1).0).unwrap();
    let certificate = params.self_signed(&key).unwrap().pem();
    let form = form(
        &[("type", "PEM"), ("name", "a/b")],
        &[
            ("certificate", certificate.as_bytes()),
            ("key", key.serialize_pem().as_bytes()),
        ],
    );
    vault
        .manager
        .open_edit_session(caller, group, now)
        .await
        .unwrap();
    let draft = Manager::keystore(&form, ExpiredCertificates::Refuse, now).unwrap();
    let kind = Collection::Keystores;
    let create = vault.manager.create_secret(caller, group, kind, draft, now);
    create.await.unwrap();
    let late = vault.manager.finish_edit_session(caller, group, day(2));
    let Err(ManagerError::Invalid(violations)) = late.await else {
        panic!("published");
    };
    assert_eq!(violations[0].place, "/keystores/a~1b");
    assert_eq!(violations[0].problem.code(), "expired_certificate");
    let in_time = vault.manager.finish_edit_session(caller, group, now);
    assert_eq!(in_time.await.unwrap().changes, 1);
}

#[tokio::test]
async fn a_session_survives_the_end_of_the_process_and_can_be_finished() {
    let Scene { vault, group, door } = Scene::new().await;
    let scene = Scene { vault, group, door };
    let id = scene.password("backend", "one").await;
    open(&scene.door).await;
    scene.replace(&id, "backend", "two").await;
    let made = scene.password("new", "fresh").await;
    let Scene { vault, group, door } = scene;
    drop(door);

    let vault = vault.reopened().await;
    let door = Door::open(&vault, group.id).await;
    let scene = Scene { vault, group, door };
    assert_eq!(scene.served_password("backend").await, "one");
    let staged = lock(&scene.door, Method::GET, "").await.ok();
    assert_eq!(staged["changes"].as_array().unwrap().len(), 2);
    scene.door.get(&at(&made)).await.ok();
    assert_eq!(finish(&scene.door).await.ok()["changes"], 2);
    assert_eq!(scene.served_password("backend").await, "two");
    assert_eq!(scene.served_password("new").await, "fresh");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_two_clients_who_want_the_lock_one_gets_it() {
    let scene = Scene::new().await;
    let doors = [writer(&scene, "ada").await, writer(&scene, "grace").await];
    for _ in 0..20 {
        let mut clients = JoinSet::new();
        for door in doors.clone() {
            clients.spawn(async move {
                let reply = lock(&door, Method::POST, "").await;
                (door, reply)
            });
        }
        let mut holders = Vec::new();
        while let Some(ended) = clients.join_next().await {
            let (door, reply) = ended.unwrap();
            match reply.status {
                StatusCode::CREATED => holders.push(door),
                _ => drop(reply.is(StatusCode::CONFLICT)),
            }
        }
        assert_eq!(holders.len(), 1);
        finish(&holders[0]).await.ok();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn no_write_slips_in_after_a_lock_was_given() {
    let scene = Scene::new().await;
    let id = scene.password("backend", "first").await;
    let holder = writer(&scene, "grace").await;
    for _ in 0..8 {
        let mut clients = JoinSet::new();
        for client in 0..8 {
            let (door, path) = (scene.door.clone(), at(&id));
            clients.spawn(async move {
                let mut refused = 0;
                // On until it was refused by the lock, and once more after that.
                while refused < 2 {
                    let write = body("backend", &client.to_string());
                    let reply = door.call(Method::PUT, &path, &[], write).await;
                    if reply.text.contains("grace") {
                        reply.is(StatusCode::CONFLICT);
                        refused += 1;
                    }
                }
            });
        }
        open(&holder).await;
        let locked = holder.get(&at(&id)).await.ok()["version"].clone();
        while let Some(ended) = clients.join_next().await {
            ended.unwrap();
        }
        let after = scene.door.get(&at(&id)).await.ok()["version"].clone();
        assert_eq!(after, locked);
        finish(&holder).await.ok();
    }
}

//! `app`.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use serde_json::json;

use crate::scene::{Scene, of_organization};

const ID: &str = "70000000-0000-4000-8000-000000000003";
const SECRET: &str = "n3w-client-s3cret";

fn with_an_app() -> Scene {
    let scene = Scene::logged_in();
    let apps = of_organization("/connectedApps");
    let ci = json!({"id": ID, "name": "ci", "administrator": false, "createdAt": "2026-01-02T03:04:05Z"});
    scene.vault.answer("GET", &apps, 200, json!([ci]));
    let made = json!({"message": "ok", "id": ID, "clientId": ID, "clientSecret": SECRET});
    scene.vault.answer("POST", &apps, 201, made);
    let renewed = json!({"clientId": ID, "clientSecret": SECRET});
    scene
        .vault
        .answer("POST", &format!("{apps}/{ID}/secret"), 200, renewed);
    scene
        .vault
        .answer_text("DELETE", &format!("{apps}/{ID}"), 204, "", "");
    scene
}

#[test]
fn the_client_secret_is_printed_once_or_written_to_a_private_file() {
    let scene = with_an_app();
    let ended = scene.say("app create ci -o json");
    assert_eq!(
        ended.json(),
        json!({"id": ID, "name": "ci", "clientId": ID, "clientSecret": SECRET})
    );
    let heard = scene.vault.heard();
    let path = of_organization("/connectedApps");
    assert_eq!(heard[0].line(), format!("POST {path}"));
    assert_eq!(
        heard[0].json(),
        json!({"name": "ci", "administrator": false})
    );
    assert_eq!(
        scene.say("app create ci -o name").succeeds(),
        format!("{ID}\n")
    );

    let ended = scene.say("app create ci --out ci.secret");
    let text = ended.succeeds();
    assert!(text.contains(ID) && !text.contains(SECRET), "{text}");
    let file = scene.path("ci.secret");
    assert_eq!(fs::read_to_string(&file).unwrap(), SECRET);
    assert_eq!(
        fs::metadata(&file).unwrap().permissions().mode() & 0o777,
        0o600
    );
}

#[test]
fn a_file_that_exists_is_kept_and_nothing_is_asked_of_the_vault() {
    let scene = with_an_app();
    scene.file("ci.secret", "old");
    let ended = scene.say("app create ci --out ci.secret");
    assert!(ended.fails(2).contains("ci.secret exists"));
    let ended = scene.say("app create ci --out nowhere/ci.secret");
    assert!(ended.fails(2).contains("cannot write"));
    assert_eq!(fs::read_to_string(scene.path("ci.secret")).unwrap(), "old");
    assert!(scene.vault.heard().is_empty());
}

#[test]
fn a_refusal_leaves_no_file_behind() {
    let scene = Scene::logged_in();
    let refused = json!({"detail": "no", "code": "forbidden"});
    scene
        .vault
        .answer("POST", &of_organization("/connectedApps"), 403, refused);
    let ended = scene.say("app create ci --out ci.secret");
    assert!(ended.fails(1).contains("ask an administrator"));
    assert!(!scene.path("ci.secret").exists());
}

#[test]
fn apps_are_listed_and_deleted_and_get_new_secrets() {
    let scene = with_an_app();
    let table = scene.say("app list").succeeds().to_owned();
    assert!(table.contains("ci") && table.contains(ID), "{table}");
    scene.vault.heard();
    scene
        .say("app renew-secret ci --out new.secret --yes")
        .succeeds();
    assert_eq!(
        fs::read_to_string(scene.path("new.secret")).unwrap(),
        SECRET
    );
    scene.say("app delete ci --yes").succeeds();
    let path = of_organization(&format!("/connectedApps/{ID}"));
    let lines = scene.vault.heard_lines();
    assert_eq!(lines[1], format!("POST {path}/secret"));
    assert_eq!(lines[3], format!("DELETE {path}"));
    scene.never_shows(SECRET);
}

#[test]
fn a_dry_run_sends_nothing_and_makes_no_file() {
    let scene = with_an_app();
    for line in [
        "app create ci --out x",
        "app renew-secret ci --out x",
        "app delete ci",
    ] {
        scene.say(&format!("{line} --dry-run")).succeeds();
    }
    assert!(!scene.path("x").exists());
    assert!(
        scene
            .vault
            .heard()
            .iter()
            .all(|heard| heard.method == "GET")
    );
}

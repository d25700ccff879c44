//! `env`.

use std::fs;

use serde_json::{Value, json};

use crate::fake_vault::{ENVIRONMENT, ORGANIZATION};
use crate::scene::{Scene, of_organization, own};

const SANDBOX: &str = "0e000000-0000-4000-8000-000000000002";

fn with_two() -> Scene {
    let scene = Scene::logged_in();
    let production = json!({"id": ENVIRONMENT, "name": "production", "production": true});
    let sandbox = json!({"id": SANDBOX, "name": "sandbox", "production": false});
    let list = of_organization("/environments");
    scene
        .vault
        .answer("GET", &list, 200, json!([production, sandbox]));
    scene.vault.answer("GET", &own(""), 200, production);
    scene
        .vault
        .answer("GET", &format!("{list}/{SANDBOX}"), 200, sandbox.clone());
    let made = json!({"message": "ok", "id": SANDBOX});
    scene.vault.answer("POST", &list, 201, made);
    let accounts = format!("/accounts/api/organizations/{ORGANIZATION}/environments");
    // The login has taken the first answer; the last one stays.
    let both = json!({"data": [{"id": ENVIRONMENT, "name": "production"}, sandbox], "total": 2});
    scene.vault.answer("GET", &accounts, 200, both);
    scene.say("group list").succeeds();
    scene
}

#[test]
fn environments_are_listed_shown_and_created() {
    let scene = with_two();
    let table = scene.say("env list").succeeds().to_owned();
    assert!(
        table.contains("sandbox") && table.contains("PRODUCTION"),
        "{table}"
    );
    assert_eq!(
        scene.say("env list -o name").succeeds(),
        "production\nsandbox\n"
    );
    assert_eq!(scene.say("env show -o name").succeeds(), "production\n");
    let shown = scene.say("env show sandbox -o json").json();
    assert_eq!(shown["id"], SANDBOX);
    scene.vault.heard();
    scene.say("env create live --production").succeeds();
    assert_eq!(
        scene.vault.heard()[0].json(),
        json!({"name": "live", "production": true})
    );
    scene.say("env create live --dry-run").succeeds();
    assert!(scene.vault.heard().is_empty());
}

#[test]
fn use_changes_where_the_next_commands_work() {
    let scene = with_two();
    // The first answer of the script knows one environment only.
    scene.say("env use production").succeeds();
    let ended = scene.say("env use sandbox -o json");
    assert_eq!(
        ended.json(),
        json!({"id": SANDBOX, "name": "sandbox", "organization": ORGANIZATION})
    );
    let profile: Value = serde_json::from_slice(&fs::read(scene.profile()).unwrap()).unwrap();
    assert_eq!(profile["environment"], SANDBOX);
    assert_eq!(profile["clientId"], "app");
    scene.vault.heard();
    scene.say("gateway list").fails(1);
    let path = of_organization(&format!("/environments/{SANDBOX}/gateways"));
    assert_eq!(scene.vault.heard_lines(), [format!("GET {path}")]);

    let before = fs::read(scene.profile()).unwrap();
    let ended = scene.say("env use nowhere");
    assert!(ended.fails(1).contains("there are: production, sandbox"));
    assert_eq!(fs::read(scene.profile()).unwrap(), before);
}

//! `permission`.

use serde_json::json;

use crate::fake_vault::ENVIRONMENT;
use crate::scene::{Scene, of_organization};

const USER: &str = "70000000-0000-4000-8000-000000000002";
const APP: &str = "70000000-0000-4000-8000-000000000003";

fn with_accounts() -> Scene {
    let scene = Scene::logged_in();
    let users = json!([{"id": USER, "username": "ada"}]);
    scene
        .vault
        .answer("GET", &of_organization("/users"), 200, users);
    let apps = json!([{"id": APP, "name": "ci"}]);
    scene
        .vault
        .answer("GET", &of_organization("/connectedApps"), 200, apps);
    scene
}

fn path(actor: &str) -> String {
    of_organization(&format!("/actors/{actor}/permissions"))
}

#[test]
fn permissions_are_listed_with_the_names_of_environments() {
    let scene = with_accounts();
    let held = json!([
        {"permission": "manage:secrets", "environment": ENVIRONMENT},
        {"permission": "read:secrets", "environment": null},
    ]);
    scene.vault.answer("GET", &path(USER), 200, held.clone());
    let table = scene
        .say("permission list --user ada")
        .succeeds()
        .to_owned();
    for word in ["manage:secrets", "production", "read:secrets", "all"] {
        assert!(table.contains(word), "{table}");
    }
    let line = "permission list --user ada -o json";
    assert_eq!(scene.say(line).json(), held);
    let line = "permission list --user ada -o name";
    assert_eq!(scene.say(line).succeeds(), "manage:secrets\nread:secrets\n");
}

#[test]
fn set_sends_everything_the_account_may_do_from_now_on() {
    let scene = with_accounts();
    scene.vault.answer("PUT", &path(APP), 200, json!([]));
    for (options, body) in [
        (
            "--permission manage:secrets",
            json!([{"permission": "manage:secrets", "environment": ENVIRONMENT}]),
        ),
        (
            "--permission read:secrets@*,manage:secret_groups@production",
            json!([
                {"permission": "read:secrets", "environment": null},
                {"permission": "manage:secret_groups", "environment": ENVIRONMENT},
            ]),
        ),
        ("--none", json!([])),
    ] {
        let line = format!("permission set --app ci {options}");
        assert_eq!(scene.say(&line).succeeds(), "No permissions.\n");
        let heard = scene.vault.heard();
        let put = heard.iter().find(|heard| heard.method == "PUT").unwrap();
        assert_eq!(put.path, path(APP));
        assert_eq!(put.json(), body);

        let planned = scene.say(&format!("{line} --dry-run -o json")).json();
        assert_eq!(planned["dryRun"]["body"], body);
        assert!(
            scene
                .vault
                .heard()
                .iter()
                .all(|heard| heard.method == "GET")
        );
    }
}

#[test]
fn what_nobody_can_hold_is_refused_before_any_request() {
    let scene = with_accounts();
    let set = |rest: &str| {
        let line = format!("permission set --app ci {rest}");
        scene.say(&line).fails(2).to_owned()
    };
    assert!(set("--permission fly").contains("read:secrets_metadata"));
    assert!(set("").contains("--permission"));
    set("--none --permission manage:secrets");
    assert!(scene.vault.heard().is_empty());
    let ended = scene.say("permission set --app ci --permission read:secrets@nowhere");
    assert!(
        ended
            .fails(1)
            .contains("no environment \"nowhere\"; there are: production")
    );
}

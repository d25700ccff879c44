//! `org`.

use serde_json::json;

use crate::fake_vault::ORGANIZATION;
use crate::scene::{Scene, of_organization};

const GROUP: &str = "0a000000-0000-4000-8000-000000000002";

#[test]
fn organizations_are_listed_shown_and_created() {
    let scene = Scene::logged_in();
    let acme = json!({"id": ORGANIZATION, "name": "Acme", "parent": null});
    let retail = json!({"id": GROUP, "name": "Retail", "parent": ORGANIZATION});
    let vault = &scene.vault;
    let list = "/api/v1/organizations";
    vault.answer("GET", list, 200, json!([acme, retail]));
    vault.answer("GET", &of_organization(""), 200, acme);
    vault.answer("GET", &format!("{list}/{GROUP}"), 200, retail);
    let made = json!({"message": "ok", "id": GROUP});
    vault.answer("POST", &of_organization("/organizations"), 201, made);

    assert_eq!(scene.say("org list -o name").succeeds(), "Acme\nRetail\n");
    assert_eq!(scene.say("org show -o json").json()["name"], "Acme");
    assert_eq!(scene.say("org show Retail -o json").json()["id"], GROUP);
    scene.vault.heard();

    let planned = scene.say("org create Retail --dry-run -o json").json();
    assert_eq!(planned["dryRun"]["body"], json!({"name": "Retail"}));
    assert!(scene.vault.heard().is_empty());
    let ended = scene.say("org create Retail");
    assert_eq!(
        ended.succeeds(),
        format!("Created organization Retail ({GROUP})\n")
    );
    assert_eq!(scene.vault.heard()[0].json(), json!({"name": "Retail"}));
}

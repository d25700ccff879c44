//! `audit`.

use serde_json::json;

use crate::scene::{Scene, of_organization, own};

#[test]
fn audit_list_reads_the_newest_or_goes_on_after_one() {
    let scene = Scene::logged_in();
    let entry = json!({"seq": 7, "time": "2026-01-01T00:00:00Z", "actor": "edge-1\u{1b}[2J", "actorKind": "gateway",
        "operation": "resolve", "object": "x", "outcome": "refused", "reason": "no_grant", "version": null});
    scene
        .vault
        .answer("GET", &own("/audit?limit=100"), 200, json!([entry]));
    scene
        .vault
        .answer("GET", &own("/audit?after=7&limit=5"), 200, json!([]));
    let table = scene.run(&["audit", "list"]).succeeds().to_owned();
    assert!(
        table.contains("no_grant") && !table.contains('\u{1b}'),
        "{table}"
    );
    let ended = scene.run(&["audit", "list", "--after", "7", "--limit", "5"]);
    assert_eq!(ended.succeeds(), "No audit entries.\n");
    scene.run(&["audit", "list", "--limit", "1001"]).fails(2);
}

#[test]
fn audit_list_reads_the_log_of_the_organization_on_demand() {
    let scene = Scene::logged_in();
    let entry = json!({"seq": 3, "time": "2026-01-01T00:00:00Z", "actor": "ada", "actorKind": "user",
        "operation": "user.login", "object": "ada", "outcome": "allowed", "reason": null, "version": null});
    let path = of_organization("/audit?limit=100");
    scene.vault.answer("GET", &path, 200, json!([entry]));
    let ended = scene.say("audit list --organization");
    assert!(ended.succeeds().contains("user.login"));
    assert_eq!(scene.vault.heard_lines(), [format!("GET {path}")]);
}

//! `group`, `audit`.

use serde_json::json;

use crate::scene::{GROUP, Scene, in_group, manager, own};

#[test]
fn create_sends_name_and_downloadable() {
    let scene = Scene::logged_in();
    scene.vault.answer(
        "POST",
        &manager("/secretGroups"),
        201,
        json!({"message": "ok", "id": GROUP}),
    );
    let ended = scene.run(&["group", "create", "invoices", "-o", "json"]);
    assert_eq!(ended.json(), json!({"id": GROUP, "name": "invoices"}));
    let heard = scene.vault.heard();
    assert_eq!(
        heard[0].line(),
        format!("POST {}", manager("/secretGroups"))
    );
    assert_eq!(
        heard[0].json(),
        json!({"name": "invoices", "downloadable": false})
    );
    assert_eq!(heard[0].header("authorization"), Some("Bearer token-1"));
    assert_eq!(
        heard[0].header("user-agent"),
        Some(concat!("sallyport/", env!("CARGO_PKG_VERSION")))
    );
    let ended = scene.run(&["group", "create", "invoices"]);
    assert_eq!(
        ended.succeeds(),
        format!("Created secret group invoices ({GROUP})\n")
    );
}

#[test]
fn a_name_against_the_rules_is_a_usage_error_before_any_request() {
    let scene = Scene::logged_in();
    let ended = scene.run(&["group", "create", "9lives"]);
    assert!(ended.fails(2).contains("starts with a letter"));
    assert!(scene.vault.heard().is_empty());
}

#[test]
fn list_prints_a_table_or_the_servers_json() {
    let scene = Scene::logged_in();
    let table = scene.run(&["group", "list"]).succeeds().to_owned();
    assert!(
        table.contains("NAME") && table.contains("payments") && table.contains(GROUP),
        "{table}"
    );
    let list = scene.run(&["-o", "json", "group", "list"]).json();
    assert_eq!(list[1]["name"], "orders");
}

#[test]
fn show_finds_a_group_by_name_and_takes_an_id_as_it_is() {
    let scene = Scene::logged_in();
    scene.vault.answer(
        "GET",
        &in_group(""),
        200,
        json!({"name": "payments", "meta": {"id": GROUP, "locked": false}}),
    );
    let text = scene
        .run(&["group", "show", "payments"])
        .succeeds()
        .to_owned();
    assert!(
        text.contains("meta.locked") && text.contains("false"),
        "{text}"
    );
    let get = format!("GET {}", in_group(""));
    assert_eq!(
        scene.vault.heard_lines(),
        [format!("GET {}", manager("/secretGroups")), get.clone()]
    );
    scene.run(&["group", "show", GROUP]).succeeds();
    assert_eq!(scene.vault.heard_lines(), [get]);
}

#[test]
fn delete_accepts_an_empty_answer() {
    let scene = Scene::logged_in();
    scene
        .vault
        .answer_text("DELETE", &in_group(""), 204, "", "");
    let ended = scene.run(&["group", "delete", "payments", "-o", "json"]);
    assert_eq!(ended.json(), json!({"id": GROUP, "name": "payments"}));
    assert_eq!(
        scene.vault.heard_lines()[1],
        format!("DELETE {}", in_group(""))
    );
}

#[test]
fn an_unknown_name_lists_what_there_is() {
    let scene = Scene::logged_in();
    let ended = scene.run(&["group", "show", "payment"]);
    assert_eq!(
        ended.fails(1),
        "error: no secret group \"payment\"; there are: payments, orders\n  use one of these names, or an id\n"
    );
}

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

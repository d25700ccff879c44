//! `group`.

use serde_json::json;

use crate::fake_vault::ENVIRONMENT;
use crate::scene::{GROUP, Scene, in_group, manager, own_in_group};

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
    let ended = scene.run(&["group", "delete", "payments", "--yes", "-o", "json"]);
    assert_eq!(ended.json(), json!({"id": GROUP, "name": "payments"}));
    assert_eq!(
        scene.vault.heard_lines().last().unwrap(),
        &format!("DELETE {}", in_group(""))
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
fn update_sends_only_what_was_given() {
    let scene = Scene::logged_in();
    let answer = json!({"message": "updated"});
    scene.vault.answer("PATCH", &in_group(""), 200, answer);
    for (options, body) in [
        ("--name invoices", json!({"name": "invoices"})),
        ("--downloadable false", json!({"downloadable": false})),
        (
            "--name invoices --downloadable true",
            json!({"name": "invoices", "downloadable": true}),
        ),
    ] {
        let ended = scene.say(&format!("group update payments {options} -o json"));
        assert_eq!(ended.json()["id"], GROUP);
        let heard = scene.vault.heard();
        assert_eq!(heard.last().unwrap().json(), body);
    }
    scene.say("group update payments").fails(2);
    scene.say("group update payments --name 9lives").fails(2);
}

#[test]
fn a_downloadable_group_is_created_and_found() {
    let scene = Scene::logged_in();
    let groups = manager("/secretGroups");
    let made = json!({"message": "ok", "id": GROUP});
    scene.vault.answer("POST", &groups, 201, made);
    let found = format!("{groups}?downloadable=true");
    scene.vault.answer("GET", &found, 200, json!([]));
    let ended = scene.say("group create invoices --downloadable -o name");
    assert_eq!(ended.succeeds(), format!("{GROUP}\n"));
    assert_eq!(
        scene.vault.heard()[0].json(),
        json!({"name": "invoices", "downloadable": true})
    );
    let ended = scene.say("group list --downloadable true");
    assert!(ended.succeeds().starts_with("No secret groups."));
}

#[test]
fn clone_names_the_copy_and_its_environment() {
    let scene = Scene::logged_in();
    let path = own_in_group("/clone");
    let made = json!({"message": "cloned", "id": "c-1", "secrets": 3});
    scene.vault.answer("POST", &path, 201, made);
    let ended =
        scene.say("group clone payments copy-1 --environment production --downloadable true");
    assert_eq!(
        ended.succeeds(),
        "Cloned secret group payments as copy-1 (secrets: 3)\n"
    );
    let heard = scene.vault.heard();
    let post = heard.last().unwrap();
    assert_eq!(post.line(), format!("POST {path}"));
    assert_eq!(
        post.json(),
        json!({"name": "copy-1", "environment": ENVIRONMENT, "downloadable": true})
    );
    let ended = scene.say("group clone payments copy-1 -o json");
    assert_eq!(
        ended.json(),
        json!({"id": "c-1", "name": "copy-1", "secrets": 3})
    );
    let heard = scene.vault.heard();
    assert_eq!(heard.last().unwrap().json(), json!({"name": "copy-1"}));
}

#[test]
fn an_edit_session_is_started_shown_finished_and_cancelled() {
    let scene = Scene::logged_in();
    let lock = in_group("/lock");
    let locked =
        json!({"message": "locked", "lockedBy": "ada", "lockedAt": "2026-01-02T03:04:05Z"});
    scene.vault.answer("POST", &lock, 201, locked);
    scene.vault.answer(
        "GET",
        &lock,
        200,
        json!({"lockedBy": "ada", "lockedAt": "2026-01-02T03:04:05Z", "changes": [
            {"action": "replace", "collection": "keystores", "id": "k-1", "name": "edge"}]}),
    );
    let finish = format!("{lock}?action=finish");
    scene.vault.answer(
        "DELETE",
        &finish,
        200,
        json!({"message": "published", "changes": 1}),
    );
    let cancel = format!("{lock}?action=cancel");
    scene
        .vault
        .answer("DELETE", &cancel, 200, json!({"message": "cancelled"}));

    let started = scene.say("group edit start payments");
    assert!(started.succeeds().starts_with("Locked group payments;"));
    let status = scene
        .say("group edit status payments")
        .succeeds()
        .to_owned();
    assert!(
        status.contains("ada") && status.contains("replace keystores/edge"),
        "{status}"
    );
    let finished = scene.say("group edit finish payments");
    assert_eq!(
        finished.succeeds(),
        "Published group payments (changes: 1)\n"
    );
    scene.say("group edit cancel payments --yes").succeeds();
    let lines: Vec<String> = scene.vault.heard_lines();
    let writes: Vec<&String> = lines.iter().filter(|line| line.contains("lock")).collect();
    assert_eq!(
        writes,
        [
            &format!("POST {lock}"),
            &format!("GET {lock}"),
            &format!("DELETE {finish}"),
            &format!("DELETE {cancel}"),
        ]
    );
}

#[test]
fn what_a_session_publishes_is_warned_of_where_people_read() {
    let scene = Scene::logged_in();
    let gone = "/certificatePinsets/partner: the pin is gone";
    let finish = in_group("/lock?action=finish");
    let published = json!({"message": "published", "changes": 1, "warnings": [gone]});
    scene.vault.answer("DELETE", &finish, 200, published);
    let finished = scene.say("group edit finish payments");
    assert_eq!(finished.stdout, "Published group payments (changes: 1)\n");
    assert!(
        finished.stderr.contains("partner: the pin is gone"),
        "{finished:?}"
    );
    let structured = scene.say("group edit finish payments -o json");
    assert_eq!(structured.json()["warnings"], json!([gone]));
}

#[test]
fn what_does_not_hold_together_is_not_published_and_every_place_is_shown() {
    let scene = Scene::logged_in();
    scene.vault.answer(
        "DELETE",
        &in_group("/lock?action=finish"),
        400,
        json!({"message": "the changes do not fit together", "errors": [
            {"code": "missing", "message": "refers to nothing", "dataPath": "/tlsContexts/in/keystore"}]}),
    );
    let ended = scene.say("group edit finish payments");
    assert!(
        ended
            .fails(1)
            .contains("/tlsContexts/in/keystore: refers to nothing")
    );
}

#[test]
fn a_dry_run_of_every_verb_that_writes_sends_nothing() {
    let scene = Scene::logged_in();
    for (line, method) in [
        ("group create invoices", "POST"),
        ("group update payments --name invoices", "PATCH"),
        ("group delete payments", "DELETE"),
        ("group clone payments copy-1", "POST"),
        ("group edit start payments", "POST"),
        ("group edit finish payments", "DELETE"),
        ("group edit cancel payments", "DELETE"),
    ] {
        let ended = scene.say(&format!("{line} --dry-run -o json"));
        assert_eq!(ended.json()["dryRun"]["method"], method);
    }
    let methods: Vec<String> = scene
        .vault
        .heard()
        .into_iter()
        .map(|it| it.method)
        .collect();
    assert!(methods.iter().all(|method| method == "GET"), "{methods:?}");
}

#[test]
fn who_sees_no_group_learns_that_an_id_works() {
    let scene = Scene::new();
    scene.login().succeeds();
    scene
        .vault
        .answer("GET", &manager("/secretGroups"), 200, json!([]));
    let ended = scene.say("keystore list --group payments");
    let stderr = ended.fails(1);
    assert!(
        stderr.starts_with("error: no secret group \"payments\"; there are none\n"),
        "{stderr}"
    );
    assert!(
        stderr.contains("read:secrets_metadata to see names: its id works without"),
        "{stderr}"
    );
}

//! `-o`: the same answer as a table, JSON, YAML and names.

use serde_json::{Value, json};

use crate::scene::{GROUP, Scene, in_group, manager};

#[test]
fn a_list_comes_in_four_formats() {
    let scene = Scene::logged_in();
    let table = scene.say("group list").succeeds().to_owned();
    assert!(
        table.starts_with("NAME") || table.starts_with(" NAME"),
        "{table}"
    );
    let list = scene.say("group list -o json").json();
    assert_eq!(list[0]["name"], "payments");
    let yaml = scene.say("group list -o yaml").succeeds().to_owned();
    assert!(yaml.contains("name: payments"), "{yaml}");
    assert!(yaml.contains(&format!("id: {GROUP}")), "{yaml}");
    assert!(yaml.starts_with("- "), "{yaml}");
    assert_eq!(
        scene.say("group list -o name").succeeds(),
        "payments\norders\n"
    );
}

#[test]
fn one_thing_comes_in_four_formats() {
    let scene = Scene::logged_in();
    let group = json!({"name": "payments", "downloadable": false, "meta": {"id": GROUP}});
    scene.vault.answer("GET", &in_group(""), 200, group.clone());
    let show = "group show payments";
    assert!(scene.say(show).succeeds().contains("meta.id"));
    assert_eq!(scene.say(&format!("{show} -o json")).json(), group);
    let yaml = scene.say(&format!("{show} -o yaml")).succeeds().to_owned();
    assert!(yaml.contains("downloadable: false\n"), "{yaml}");
    assert_eq!(
        scene.say(&format!("{show} -o name")).succeeds(),
        "payments\n"
    );
}

#[test]
fn what_was_done_comes_in_four_formats() {
    let scene = Scene::logged_in();
    let made = json!({"message": "ok", "id": GROUP});
    scene
        .vault
        .answer("POST", &manager("/secretGroups"), 201, made);
    let create = "group create invoices";
    assert_eq!(
        scene.say(create).succeeds(),
        format!("Created secret group invoices ({GROUP})\n")
    );
    assert_eq!(
        scene.say(&format!("{create} -o json")).json(),
        json!({"id": GROUP, "name": "invoices"})
    );
    assert_eq!(
        scene.say(&format!("{create} -o yaml")).succeeds(),
        format!("id: {GROUP}\nname: invoices\n")
    );
    assert_eq!(
        scene.say(&format!("{create} -o name")).succeeds(),
        format!("{GROUP}\n")
    );
}

#[test]
fn a_dry_run_comes_in_every_format() {
    let scene = Scene::logged_in();
    scene.file("roots.pem", "-----BEGIN CERTIFICATE-----");
    let create = "truststore create ca --group payments --file roots.pem --dry-run";
    let url = format!("{}{}", scene.vault.url(), in_group("/truststores"));
    assert_eq!(
        scene.say(create).succeeds(),
        format!(
            "Dry run, nothing was sent:\nPOST {url}\ntype: PEM\nname: ca\n\
             trustStore: file roots.pem (27 bytes)\n"
        )
    );
    assert_eq!(
        scene.say(&format!("{create} -o json")).json(),
        json!({"dryRun": {"method": "POST", "url": url, "form": [
            {"name": "type", "text": "PEM"}, {"name": "name", "text": "ca"},
            {"name": "trustStore", "file": "roots.pem", "bytes": 27}]}})
    );
    let yaml = scene
        .say(&format!("{create} -o yaml"))
        .succeeds()
        .to_owned();
    assert!(yaml.contains("method: POST\n"), "{yaml}");
    scene.never_shows("BEGIN CERTIFICATE");
}

#[test]
fn errors_come_in_the_format_that_was_asked_for() {
    let scene = Scene::logged_in();
    let gone = json!({"name": "NotFound", "message": "no such group"});
    scene.vault.answer("GET", &in_group(""), 404, gone);
    let show = format!("group show {GROUP}");
    let ended = scene.say(&format!("{show} -o json"));
    let error: Value = serde_json::from_str(ended.fails(1)).unwrap();
    assert_eq!(error["error"]["message"], "no such group");
    let ended = scene.say(&format!("{show} -o yaml"));
    let yaml = ended.fails(1);
    assert!(yaml.starts_with("error:\n"), "{yaml}");
    assert!(yaml.contains("message: no such group\n"), "{yaml}");
    let ended = scene.say("group lsit -o yaml");
    assert!(ended.fails(2).starts_with("error:\n"));
}

#[test]
fn names_of_others_cannot_break_the_lines_of_a_script() {
    let scene = Scene::logged_in();
    let evil = json!([{"name": "a\nb\u{1b}[2J", "meta": {"id": GROUP}}]);
    scene
        .vault
        .answer("GET", &in_group("/keystores"), 200, evil);
    let ended = scene.say("keystore list --group payments -o name");
    assert_eq!(ended.succeeds(), "a\u{fffd}b\u{fffd}[2J\n");
}

//! What destroys asks on a terminal first.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::Path;
use std::process::Stdio;

use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};

use serde_json::json;

use crate::scene::{Ended, Scene, in_group, own_in_group};
use crate::stored::{ID, with};

/// Runs a command line at a terminal where somebody types `answer`.
fn at_a_terminal(scene: &Scene, line: &str, answer: &str) -> Ended {
    let keyboard = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
    grantpt(&keyboard).unwrap();
    unlockpt(&keyboard).unwrap();
    let name = ptsname(&keyboard, Vec::new()).unwrap();
    let terminal = OpenOptions::new()
        .read(true)
        .write(true)
        .open(Path::new(name.to_str().unwrap()))
        .unwrap();
    let mut keyboard = File::from(keyboard);
    keyboard.write_all(answer.as_bytes()).unwrap();
    let words: Vec<&str> = line.split_whitespace().collect();
    let child = scene.command(&words).stdin(Stdio::from(terminal)).spawn();
    scene.end(&words, child.unwrap())
}

#[test]
fn a_destructive_verb_asks_and_only_a_yes_lets_it_go_on() {
    let scene = Scene::logged_in();
    scene
        .vault
        .answer_text("DELETE", &in_group(""), 204, "", "");
    for answer in ["n\n", "\n", "maybe\n"] {
        let ended = at_a_terminal(&scene, "group delete payments", answer);
        let stderr = ended.fails(2);
        assert!(
            stderr.starts_with("Delete secret group payments ("),
            "{stderr}"
        );
        assert!(stderr.contains("nothing was changed"), "{stderr}");
    }
    let quiet = |heard: &str| !heard.starts_with("DELETE");
    assert!(scene.vault.heard_lines().iter().all(|line| quiet(line)));

    let ended = at_a_terminal(&scene, "group delete payments", "y\n");
    assert_eq!(ended.code, 0, "{ended:?}");
    assert_eq!(
        scene.vault.heard_lines().last().unwrap(),
        &format!("DELETE {}", in_group(""))
    );
}

#[test]
fn neither_yes_nor_a_dry_run_is_asked_about() {
    let scene = Scene::logged_in();
    scene
        .vault
        .answer_text("DELETE", &in_group(""), 204, "", "");
    at_a_terminal(&scene, "group delete payments --dry-run", "").succeeds();
    at_a_terminal(&scene, "group delete payments --yes", "").succeeds();
}

#[test]
fn whoever_is_asked_to_delete_a_secret_sees_who_runs_it_before() {
    let scene = with("keystores");
    let rollout = json!({"version": 4, "current": 1, "running": 1, "gateways": [
        {"id": ID, "name": "gw-1", "version": 3, "since": "2026-01-01T12:04:00Z",
         "confirmed": "2026-01-01T12:05:00Z"},
        {"id": ID, "name": "gw-2", "version": null, "since": null, "confirmed": null},
    ]});
    let path = own_in_group(&format!("/keystores/{ID}/rollout"));
    scene.vault.answer("GET", &path, 200, rollout);
    let users = json!({"gateways": [], "secrets": [
        {"collection": "tlsContexts", "id": ID, "name": "inbound", "labels": ["current"]}],
        "gatewayCas": [{"trustDomain": "example.org"}, {"trustDomain": null}]});
    let path = own_in_group(&format!("/keystores/{ID}/users"));
    scene.vault.answer("GET", &path, 200, users);
    let ended = at_a_terminal(&scene, "keystore delete edge --group payments", "n\n");
    let stderr = ended.fails(2);
    let warning = "warning: the settings hold gateways of example.org against its lists\n\
                   warning: the settings hold gateways with subjects against its lists\n\
                   warning: tlsContexts/inbound refers to it\n\
                   warning: gateway gw-1 runs version 3 since 2026-01-01T12:04:00Z\n";
    assert!(
        stderr.starts_with(&format!("{warning}Delete keystore edge (")),
        "{stderr}"
    );
}

#[test]
fn without_a_terminal_nothing_is_destroyed_but_with_yes() {
    let scene = Scene::logged_in();
    scene
        .vault
        .answer_text("DELETE", &in_group(""), 204, "", "");
    let stderr = scene.say("group delete payments").fails(2).to_owned();
    assert!(
        stderr.contains("nothing was changed: there is no terminal to ask at"),
        "{stderr}"
    );
    assert!(
        stderr.contains("Delete secret group payments ("),
        "{stderr}"
    );
    assert!(stderr.contains("pass --yes"), "{stderr}");
    let ended = scene.say("group delete payments -o json");
    let error: serde_json::Value = serde_json::from_str(ended.fails(2)).unwrap();
    assert_eq!(error["error"]["exitCode"], 2);
    let heard = scene.vault.heard_lines();
    assert!(
        heard.iter().all(|line| line.starts_with("GET ")),
        "{heard:?}"
    );
    scene.say("group delete payments --yes").succeeds();
}

#[test]
fn whoever_deletes_a_group_is_told_which_gateways_read_it() {
    let scene = Scene::logged_in();
    let gateway = |name: &str, secrets: u64| json!({"id": ID, "name": name, "secrets": secrets});
    let rollout = json!({
        "gateways": [gateway("gw-1", 3), gateway("gw-2", 1), gateway("gw-3", 0)],
        "gatewayCas": [{"distributor": "spire", "trustDomain": "example.org"}],
    });
    let path = own_in_group("/rollout");
    scene.vault.answer("GET", &path, 200, rollout);
    scene
        .vault
        .answer_text("DELETE", &in_group(""), 204, "", "");
    let warning = "warning: the settings hold gateways of example.org against the lists of spire\n\
                   warning: gateway gw-1 runs 3 secrets of it\n\
                   warning: gateway gw-2 runs a secret of it\n\
                   warning: gateway gw-3 may read it\n";
    let ended = at_a_terminal(&scene, "group delete payments", "n\n");
    let stderr = ended.fails(2);
    assert!(
        stderr.starts_with(&format!("{warning}Delete secret group")),
        "{stderr}"
    );
    let ended = scene.say("group delete payments --yes");
    assert_eq!((ended.code, ended.stderr.as_str()), (0, warning));
}

//! `secret`.

use serde_json::json;

use crate::scene::{GROUP, Scene, in_group, manager};

const ID: &str = "50000000-0000-4000-8000-000000000001";
const PASSWORD: &str = "pa55-\"w\\ord\u{1}é";

fn with_a_secret() -> Scene {
    let scene = Scene::logged_in();
    let secrets = in_group("/sharedSecrets");
    let item = in_group(&format!("/sharedSecrets/{ID}"));
    let meta = json!({"id": ID, "path": format!("sharedSecrets/{ID}")});
    scene
        .vault
        .answer("POST", &secrets, 201, json!({"message": "ok", "id": ID}));
    scene.vault.answer(
        "GET",
        &secrets,
        200,
        json!([
        {"name": "backend", "type": "UsernamePassword", "expirationDate": null, "meta": meta}]),
    );
    scene.vault.answer("GET", &item, 200, json!(
        {"name": "backend", "type": "UsernamePassword", "username": "app", "expirationDate": "2027-01-01", "meta": meta}));
    scene
        .vault
        .answer("PUT", &item, 200, json!({"message": "updated"}));
    scene
}

#[test]
fn create_sends_the_password_of_a_file_and_shows_it_nowhere() {
    let scene = with_a_secret();
    let file = scene.file("password", &format!("{PASSWORD}\n"));
    let ended = scene.run(&[
        "secret",
        "create",
        "backend",
        "--group",
        "payments",
        "--username",
        "app",
        "--password-file",
        &file,
    ]);
    assert_eq!(
        ended.succeeds(),
        format!("Created shared secret backend ({ID})\n")
    );
    let heard = scene.vault.heard();
    assert_eq!(heard[0].line(), format!("GET {}", manager("/secretGroups")));
    assert_eq!(
        heard[1].line(),
        format!("POST {}", in_group("/sharedSecrets"))
    );
    assert_eq!(
        heard[1].json(),
        json!({"type": "UsernamePassword", "name": "backend", "username": "app", "password": PASSWORD})
    );
    scene.never_shows(PASSWORD);
    scene.never_shows("pa55-");
}

#[test]
fn create_reads_the_password_from_stdin() {
    let scene = with_a_secret();
    let arguments = [
        "secret",
        "create",
        "backend",
        "--group",
        GROUP,
        "--username",
        "app",
        "--password-file",
        "-",
        "-o",
        "json",
    ];
    let ended = scene.run_with(&arguments, "two\nlines\n\n", &[]);
    assert_eq!(ended.json(), json!({"id": ID, "name": "backend"}));
    assert_eq!(scene.vault.heard()[0].json()["password"], "two\nlines\n");
}

#[test]
fn a_missing_empty_or_binary_password_is_refused_before_it_is_sent() {
    let scene = with_a_secret();
    let create = |extra: &[&str], stdin: &str| {
        let mut arguments = vec![
            "secret",
            "create",
            "backend",
            "--group",
            GROUP,
            "--username",
            "app",
        ];
        arguments.extend(extra);
        scene.run_with(&arguments, stdin, &[])
    };
    assert!(
        create(&[], "")
            .fails(2)
            .contains("--password-file - to read it from stdin")
    );
    assert!(
        create(&["--password-file", "-"], "\n")
            .fails(2)
            .contains("the password is empty")
    );
    assert!(
        create(&["--password-file", "nowhere"], "")
            .fails(2)
            .contains("cannot read nowhere")
    );
    let long = "x".repeat(70_000);
    assert!(
        create(&["--password-file", "-"], &long)
            .fails(2)
            .contains("longer than 65536 bytes")
    );
    create(&["--password", "argv"], "").fails(2);
    assert!(scene.vault.heard().is_empty());
}

#[test]
fn rotate_replaces_the_password_and_keeps_the_rest() {
    let scene = with_a_secret();
    let arguments = [
        "secret",
        "rotate",
        "backend",
        "--group",
        "payments",
        "--password-file",
        "-",
    ];
    let ended = scene.run_with(&arguments, PASSWORD, &[]);
    assert_eq!(
        ended.succeeds(),
        format!("Replaced shared secret backend ({ID})\n")
    );
    let heard = scene.vault.heard();
    let put = heard.last().unwrap();
    assert_eq!(
        put.line(),
        format!("PUT {}", in_group(&format!("/sharedSecrets/{ID}")))
    );
    assert_eq!(
        put.json(),
        json!({"type": "UsernamePassword", "name": "backend", "expirationDate": "2027-01-01", "username": "app", "password": PASSWORD})
    );
    let mut arguments = arguments.to_vec();
    arguments.extend(["--username", "app2"]);
    scene.run_with(&arguments, PASSWORD, &[]).succeeds();
    assert_eq!(
        scene.vault.heard().last().unwrap().json()["username"],
        "app2"
    );
    scene.never_shows(PASSWORD);
}

#[test]
fn list_and_show_ask_for_metadata() {
    let scene = with_a_secret();
    let table = scene
        .run(&["secret", "list", "--group", "payments"])
        .succeeds()
        .to_owned();
    assert!(
        table.contains("UsernamePassword") && table.contains(ID),
        "{table}"
    );
    let one = scene
        .run(&[
            "secret", "show", "backend", "--group", "payments", "-o", "json",
        ])
        .json();
    assert_eq!(one["username"], "app");
    let lines = scene.vault.heard_lines();
    assert_eq!(
        lines.last().unwrap(),
        &format!("GET {}", in_group(&format!("/sharedSecrets/{ID}")))
    );
}

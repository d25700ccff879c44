//! `user`.

use serde_json::json;

use crate::scene::{Scene, of_organization};

const ID: &str = "70000000-0000-4000-8000-000000000002";
const PASSWORD: &str = "c0rrect-horse";

fn with_a_user() -> Scene {
    let scene = Scene::logged_in();
    let users = of_organization("/users");
    let ada = json!({"id": ID, "username": "ada", "administrator": true, "createdAt": "2026-01-02T03:04:05Z"});
    scene.vault.answer("GET", &users, 200, json!([ada]));
    let made = json!({"message": "ok", "id": ID});
    scene.vault.answer("POST", &users, 201, made);
    let user = format!("{users}/{ID}");
    scene.vault.answer_text("DELETE", &user, 204, "", "");
    scene
        .vault
        .answer_text("PUT", &format!("{user}/password"), 204, "", "");
    scene
}

#[test]
fn a_user_is_created_with_a_password_nobody_sees() {
    let scene = with_a_user();
    let create = "user create ada --password-file - -o json";
    let ended = scene.say_with(create, &format!("{PASSWORD}\n"));
    assert_eq!(ended.json(), json!({"id": ID, "name": "ada"}));
    let heard = scene.vault.heard();
    assert_eq!(
        heard[0].line(),
        format!("POST {}", of_organization("/users"))
    );
    assert_eq!(
        heard[0].json(),
        json!({"username": "ada", "password": PASSWORD, "administrator": false})
    );
    let planned = scene.say_with(&format!("{create} --administrator --dry-run"), PASSWORD);
    assert_eq!(
        planned.json()["dryRun"]["body"],
        json!({"username": "ada", "password": "(secret)", "administrator": true})
    );
    assert!(scene.vault.heard().is_empty());
    assert!(
        scene
            .say("user create ada")
            .fails(2)
            .contains("--password-file FILE")
    );
    scene.never_shows(PASSWORD);
}

#[test]
fn users_are_listed_and_deleted_and_get_new_passwords() {
    let scene = with_a_user();
    let table = scene.say("user list").succeeds().to_owned();
    assert!(table.contains("ada") && table.contains("true"), "{table}");
    assert_eq!(scene.say("user list -o name").succeeds(), "ada\n");
    scene.vault.heard();

    let path = of_organization(&format!("/users/{ID}"));
    for (id, name) in [
        ("00000000-0000-4000-8000-000000000009", "admin"),
        (ID, "ada"),
    ] {
        let me = json!({"id": id, "kind": "user", "name": name});
        scene.vault.answer("GET", "/api/v1/me", 200, me);
    }
    scene.file("old", "0ld-horse\n");
    for (who, list) in [("ada", true), ("ada", false), ("", false)] {
        let old = if list { "" } else { "--old-password-file old" };
        let line = format!("user set-password {who} --password-file - {old}");
        scene.say_with(&line, PASSWORD).succeeds();
        let heard = scene.vault.heard();
        let listed = format!("GET {}", of_organization("/users"));
        assert_eq!(heard.iter().any(|heard| heard.line() == listed), list);
        let put = heard.last().unwrap();
        assert_eq!(put.line(), format!("PUT {path}/password"));
        let expected = match list {
            true => json!({"password": PASSWORD}),
            false => json!({"password": PASSWORD, "oldPassword": "0ld-horse"}),
        };
        assert_eq!(put.json(), expected);
    }
    let refused = scene.say_with("user set-password --password-file -", PASSWORD);
    assert!(refused.fails(2).contains("--old-password-file FILE"));
    let twice = "user set-password --password-file - --old-password-file -";
    scene.say_with(twice, PASSWORD).fails(2);
    scene.vault.heard();

    scene.say("user delete ada --dry-run").succeeds();
    scene.say(&format!("user delete {ID} --yes")).succeeds();
    let lines = scene.vault.heard_lines();
    assert_eq!(lines[1..], [format!("DELETE {path}")]);
    scene.never_shows(PASSWORD);
}

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
        format!("Rotated shared secret backend ({ID})\n")
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

#[test]
fn every_type_is_stored_with_its_own_fields() {
    let scene = with_a_secret();
    scene.file("raw.key", "\u{1}\u{2}raw\n");
    scene.file("access.key", "s3cret/access\n");
    for (options, stdin, body) in [
        (
            "--type symmetrickey --key-file -",
            "c2VjcmV0LWtleQ==\n",
            json!({"type": "SymmetricKey", "name": "x", "key": "c2VjcmV0LWtleQ=="}),
        ),
        (
            "--key-file raw.key --key-format raw",
            "",
            json!({"type": "SymmetricKey", "name": "x", "key": "AQJyYXcK"}),
        ),
        (
            "--access-key-id AKIA --secret-access-key-file -",
            "s3cret/access\n",
            json!({"type": "S3Credential", "name": "x", "accessKeyId": "AKIA", "secretAccessKey": "s3cret/access"}),
        ),
        (
            "--access-key-id ASIA --secret-access-key-file access.key --session-token-file -",
            "session/token==\n",
            json!({"type": "S3Credential", "name": "x", "accessKeyId": "ASIA", "secretAccessKey": "s3cret/access",
                   "sessionToken": "session/token=="}),
        ),
        (
            "--content-file - --expiration-date 2027-01-01",
            "two\nlines\n",
            json!({"type": "Blob", "name": "x", "content": "two\nlines\n", "expirationDate": "2027-01-01"}),
        ),
    ] {
        for (verb, name, line) in [
            (
                "create",
                "x",
                format!("POST {}", in_group("/sharedSecrets")),
            ),
            (
                "replace",
                "backend",
                format!("PUT {}", in_group(&format!("/sharedSecrets/{ID}"))),
            ),
        ] {
            let command = format!("secret {verb} {name} --group payments {options}");
            scene.say_with(&command, stdin).succeeds();
            let heard = scene.vault.heard();
            let mut expected = body.clone();
            expected["name"] = name.into();
            assert_eq!(heard.last().unwrap().line(), line);
            assert_eq!(heard.last().unwrap().json(), expected);
        }
    }
    for secret in ["c2VjcmV0LWtleQ", "AQJyYXcK", "s3cret/access", "two\nlines"] {
        scene.never_shows(secret);
    }
}

#[test]
fn options_of_two_types_or_of_none_are_refused_before_any_request() {
    let scene = with_a_secret();
    let create = |rest: &str, stdin: &str| {
        let line = format!("secret create x --group payments {rest}");
        scene.say_with(&line, stdin).fails(2).to_owned()
    };
    assert!(create("", "").contains("--type is missing"));
    assert!(create("--type Blob --username app", "").contains("not for Blob"));
    assert!(create("--username app --key-file -", "x").contains("--key-file is for SymmetricKey"));
    assert!(create("--type UsernamePassword", "x").contains("--username is missing"));
    let wrong = create("--key-file -", "n0t-base64!");
    assert!(
        wrong.contains("--key-format raw") && !wrong.contains("n0t"),
        "{wrong}"
    );
    assert!(
        create("--type S3Credential --secret-access-key-file -", "x").contains("--access-key-id")
    );
    assert!(scene.vault.heard().is_empty());
}

#[test]
fn rotate_keeps_the_type_and_expects_the_version_it_has_read() {
    let scene = Scene::logged_in();
    let item = in_group(&format!("/sharedSecrets/{ID}"));
    scene.vault.answer(
        "GET",
        &item,
        200,
        json!({"name": "s3", "type": "S3Credential", "version": 5,
        "accessKeyId": "AKIA", "meta": {"id": ID, "path": format!("sharedSecrets/{ID}")}}),
    );
    scene
        .vault
        .answer("PUT", &item, 200, json!({"message": "updated"}));
    let rotate = format!("secret rotate {ID} --group payments --secret-access-key-file -");
    scene.say_with(&rotate, "new/secret").succeeds();
    let heard = scene.vault.heard();
    let put = heard.last().unwrap();
    assert_eq!(put.header("if-match"), Some("\"5\""));
    assert_eq!(
        put.json(),
        json!({"type": "S3Credential", "name": "s3", "accessKeyId": "AKIA", "secretAccessKey": "new/secret"})
    );
    let wrong = scene.say_with(
        &format!("secret rotate {ID} --group payments --password-file -"),
        "x",
    );
    assert!(
        wrong
            .fails(2)
            .contains("--password-file is for UsernamePassword, not for S3Credential")
    );
    scene.never_shows("new/secret");
}

#[test]
fn a_dry_run_resolves_names_and_sends_no_write_and_shows_no_value() {
    let scene = with_a_secret();
    let rest = "--group payments --username app --password-file - --dry-run";
    for (verb, method, path) in [
        ("create new", "POST", in_group("/sharedSecrets")),
        (
            "replace backend",
            "PUT",
            in_group(&format!("/sharedSecrets/{ID}")),
        ),
        (
            "rotate backend",
            "PUT",
            in_group(&format!("/sharedSecrets/{ID}")),
        ),
    ] {
        let ended = scene.say_with(&format!("secret {verb} {rest} -o json"), PASSWORD);
        let planned = ended.json();
        let planned = &planned["dryRun"];
        assert_eq!(planned["method"], method);
        assert_eq!(planned["url"], format!("{}{path}", scene.vault.url()));
        assert_eq!(planned["body"]["password"], "(secret)");
        assert_eq!(planned["body"]["username"], "app");
        let ended = scene.say_with(&format!("secret {verb} {rest} --warn"), PASSWORD);
        let text = ended.succeeds();
        assert!(text.starts_with("Dry run, nothing was sent:\n"), "{text}");
        assert!(text.contains("(secret)"), "{text}");
    }
    assert!(
        scene
            .vault
            .heard()
            .iter()
            .all(|heard| heard.method == "GET")
    );
    scene.never_shows(PASSWORD);
    scene.never_shows("pa55-");
}

#[test]
fn a_blob_may_have_as_much_as_the_vault_takes() {
    let scene = Scene::logged_in();
    let path = in_group("/sharedSecrets");
    let made = json!({"message": "ok", "id": GROUP});
    scene.vault.answer("POST", &path, 201, made);
    let create = "secret create x --group payments --type Blob --content-file blob";
    let most = "x".repeat(256 * 1024);
    scene.file("blob", &most);
    scene.say(create).succeeds();
    let heard = scene.vault.heard();
    assert_eq!(heard.last().unwrap().json()["content"], most);

    scene.file("blob", &format!("{most}x"));
    let ended = scene.say(create);
    assert!(ended.fails(2).contains("blob is larger than 262144 bytes"));
    assert!(scene.vault.heard().is_empty());
}

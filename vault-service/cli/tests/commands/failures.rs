//! What goes wrong, how it is shown, and the exit code.

use std::net::TcpListener;

use serde_json::{Value, json};

use crate::fake_vault::LOST;
use crate::scene::{GROUP, Scene, in_group, manager};

#[test]
fn a_refusal_shows_the_message_and_every_place() {
    let scene = Scene::logged_in();
    scene.vault.answer("POST", &in_group("/sharedSecrets"), 400, json!({
        "message": "the secret is not valid",
        "errors": [
            {"code": "required", "message": "is missing", "dataPath": "/username", "keyword": "required"},
            {"code": "length", "message": "is too long", "dataPath": "/password", "keyword": "maxLength"},
        ],
    }));
    let create = [
        "secret",
        "create",
        "x",
        "--group",
        GROUP,
        "--username",
        "u",
        "--password-file",
        "-",
    ];
    let ended = scene.run_with(&create, "s3cret-value", &[]);
    assert_eq!(
        ended.fails(1),
        "error: the secret is not valid\n  /username: is missing\n  /password: is too long\n  correct what is named above and repeat it\n"
    );
    let mut as_json = create.to_vec();
    as_json.extend(["-o", "json"]);
    let ended = scene.run_with(&as_json, "s3cret-value", &[]);
    let error: Value = serde_json::from_str(ended.fails(1)).unwrap();
    assert_eq!(
        error,
        json!({"error": {
            "message": "the secret is not valid", "status": 400, "exitCode": 1,
            "errors": [
                {"dataPath": "/username", "message": "is missing"},
                {"dataPath": "/password", "message": "is too long"},
            ],
            "advice": "correct what is named above and repeat it",
        }})
    );
    scene.never_shows("s3cret-value");
}

#[test]
fn a_404_shows_the_message_of_the_server() {
    let scene = Scene::logged_in();
    scene.vault.answer(
        "GET",
        &in_group(""),
        404,
        json!({"name": "NotFound", "message": "no such group"}),
    );
    assert_eq!(
        scene.run(&["group", "show", GROUP]).fails(1),
        "error: no such group\n  look at what there is with `list`; it may also be that you may not see it\n"
    );
}

#[test]
fn an_answer_that_is_no_json_is_not_believed() {
    let scene = Scene::logged_in();
    scene
        .vault
        .answer_text("GET", &in_group(""), 200, "", "<html>");
    assert!(
        scene
            .run(&["group", "show", GROUP])
            .fails(1)
            .contains("makes no sense")
    );
    scene
        .vault
        .answer_text("GET", &in_group("/keystores"), 502, "", "<html>");
    let ended = scene.run(&["keystore", "list", "--group", GROUP]);
    assert_eq!(
        ended.fails(1),
        "error: HTTP status 502 and no explanation\n  ask who runs the vault; its log knows more\n"
    );
}

#[test]
fn a_create_answer_without_id_is_not_taken_for_success() {
    let scene = Scene::logged_in();
    scene.vault.answer(
        "POST",
        &manager("/secretGroups"),
        201,
        json!({"message": "ok"}),
    );
    assert!(
        scene
            .run(&["group", "create", "invoices"])
            .fails(1)
            .contains("it has no id")
    );
}

#[test]
fn a_list_that_is_no_array_is_not_taken_for_an_empty_one() {
    let scene = Scene::logged_in();
    scene
        .vault
        .answer("GET", &in_group("/keystores"), 200, json!({"data": []}));
    assert!(
        scene
            .run(&["keystore", "list", "--group", GROUP])
            .fails(1)
            .contains("not an array")
    );
    assert!(
        scene
            .run(&["keystore", "show", "x", "--group", GROUP])
            .fails(1)
            .contains("not an array")
    );
}

#[test]
fn a_redirect_is_not_followed() {
    let scene = Scene::logged_in();
    let elsewhere = format!("location: {}/elsewhere\r\n", scene.vault.url());
    scene
        .vault
        .answer_text("GET", &in_group(""), 307, &elsewhere, "");
    let ended = scene.run(&["group", "show", GROUP]);
    assert!(ended.fails(1).contains("HTTP status 307"));
    assert_eq!(scene.vault.heard().len(), 1);
}

#[test]
fn a_closed_port_is_exit_code_3() {
    let scene = Scene::logged_in();
    let free = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let url = format!("https://{free}");
    let ended = scene.run_with(&["group", "list"], "", &[("SALLYPORT_URL", &url)]);
    let stderr = ended.fails(3);
    assert!(
        stderr.starts_with(&format!("error: cannot reach {url}: ")),
        "{stderr}"
    );
    let ended = scene.run_with(
        &["group", "list", "-o", "json"],
        "",
        &[("SALLYPORT_URL", &url)],
    );
    let error: Value = serde_json::from_str(ended.fails(3)).unwrap();
    assert_eq!(error["error"]["exitCode"], 3);
}

#[test]
fn a_write_whose_answer_is_lost_is_said_to_be_uncertain() {
    let scene = Scene::logged_in();
    scene
        .vault
        .answer_text("POST", &manager("/secretGroups"), LOST, "", "");
    let ended = scene.run(&["group", "create", "invoices"]);
    let stderr = ended.fails(3);
    assert!(
        stderr.contains("it may have been carried out all the same"),
        "{stderr}"
    );
}

#[test]
fn a_wrong_command_line_is_exit_code_2_also_as_json() {
    let scene = Scene::new();
    assert!(scene.run(&["group", "lsit"]).fails(2).contains("group"));
    let ended = scene.run(&["group", "lsit", "-o", "json"]);
    let error: Value = serde_json::from_str(ended.fails(2)).unwrap();
    assert_eq!(error["error"]["exitCode"], 2);
    assert!(error["error"]["message"].as_str().unwrap().contains("lsit"));
}

#[test]
fn a_plain_http_url_is_refused() {
    let scene = Scene::logged_in();
    let ended = scene.run_with(
        &["group", "list"],
        "",
        &[("SALLYPORT_URL", "http://127.0.0.1:1")],
    );
    assert!(ended.fails(2).contains("must start with https://"));
}

#[test]
fn help_explains_exit_codes_and_files() {
    let scene = Scene::new();
    let help = scene.run(&["--help"]);
    for word in [
        "Exit codes:",
        "SALLYPORT_PROFILE",
        "A first walk:",
        "tls-context",
    ] {
        assert!(help.succeeds().contains(word), "{word}");
    }
    let help = scene.run(&["login", "--help"]);
    assert!(help.succeeds().contains("keeps the client secret"));
}

#[test]
fn people_read_options_and_programs_the_words_of_the_vault() {
    let scene = Scene::logged_in();
    scene.vault.answer("POST", &in_group("/certificates"), 400, json!({
        "message": "certStore: the certificate of CN=old expired on 2020-01-01; allowExpiredCert=true accepts it",
    }));
    scene.file("old.pem", "-----BEGIN CERTIFICATE-----");
    let create = "certificate create old --group payments --file old.pem";
    let ended = scene.say(create);
    assert!(ended.fails(1).starts_with(
        "error: --file: the certificate of CN=old expired on 2020-01-01; --allow-expired accepts it\n"
    ));
    let ended = scene.say(&format!("{create} -o json"));
    assert!(ended.fails(1).contains("allowExpiredCert=true"));
}

//! `login`, `whoami`, `logout`, tokens and the profile.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use serde_json::{Value, json};

use crate::fake_vault::{ENVIRONMENT, FakeVault, ORGANIZATION, TOKEN};
use crate::scene::{CLIENT_SECRET, Ended, Scene, manager};

const LOGIN: &str = "/accounts/login";

fn mode(path: &std::path::Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

fn profile(scene: &Scene) -> Value {
    serde_json::from_slice(&fs::read(scene.profile()).unwrap()).unwrap()
}

#[test]
fn login_asks_for_a_token_and_keeps_a_private_profile() {
    let scene = Scene::new();
    let ended = scene.login();
    assert!(
        ended
            .succeeds()
            .contains("organization Acme, environment production")
    );

    let heard = scene.vault.heard();
    assert_eq!(heard[0].line(), format!("POST {TOKEN}"));
    assert_eq!(
        heard[0].json(),
        json!({"client_id": "app", "client_secret": CLIENT_SECRET, "grant_type": "client_credentials"})
    );
    assert_eq!(heard[0].header("authorization"), None);
    assert_eq!(heard[1].line(), "GET /accounts/api/me");
    assert_eq!(heard[1].header("authorization"), Some("Bearer token-1"));
    assert_eq!(heard[1].header("accept"), Some("application/json"));

    assert_eq!(mode(&scene.profile()), 0o600);
    assert_eq!(mode(scene.profile().parent().unwrap()), 0o700);
    let profile = profile(&scene);
    assert_eq!(profile["url"], scene.vault.url());
    assert_eq!(profile["organization"], ORGANIZATION);
    assert_eq!(profile["environment"], ENVIRONMENT);
    assert_eq!(profile["token"]["accessToken"], "token-1");
    scene.never_prints(CLIENT_SECRET);
    scene.never_prints("token-1");
}

#[test]
fn login_reads_the_client_secret_from_stdin_and_drops_one_newline() {
    let scene = Scene::new();
    let (url, ca_file) = (scene.vault.url(), scene.file("ca.pem", &scene.vault.ca_pem));
    let arguments = [
        "login",
        "--url",
        &url,
        "--ca-file",
        &ca_file,
        "--client-id",
        "app",
        "--client-secret-file",
        "-",
        "-o",
        "json",
    ];
    let ended = scene.run_with(&arguments, "from stdin\n", &[]);
    assert_eq!(
        ended.json()["environment"],
        json!({"id": ENVIRONMENT, "name": "production"})
    );
    assert_eq!(scene.vault.heard()[0].json()["client_secret"], "from stdin");
}

#[test]
fn login_without_terminal_and_file_says_which_option_is_missing() {
    let scene = Scene::new();
    let (url, ca_file) = (scene.vault.url(), scene.file("ca.pem", &scene.vault.ca_pem));
    let arguments = [
        "login",
        "--url",
        &url,
        "--ca-file",
        &ca_file,
        "--client-id",
        "app",
    ];
    let ended = scene.run(&arguments);
    assert!(ended.fails(2).contains("--client-secret-file FILE"));
    assert!(scene.vault.heard().is_empty());
}

#[test]
fn a_wrong_client_secret_is_reported_and_no_profile_is_written() {
    let scene = Scene::new();
    scene.vault.answer(
        "POST",
        TOKEN,
        401,
        json!({"name": "Unauthorized", "message": "unknown client"}),
    );
    // The scripted token is handed out first: the second login is refused.
    scene.login().succeeds();
    fs::remove_file(scene.profile()).unwrap();
    let ended = scene.login();
    let stderr = ended.fails(1);
    assert!(
        stderr.starts_with("error: the vault does not accept these credentials: unknown client\n"),
        "{stderr}"
    );
    assert!(!scene.profile().exists());
    scene.never_prints(CLIENT_SECRET);
}

#[test]
fn several_environments_must_be_chosen_from_by_name_or_id() {
    let scene = Scene::new();
    let path = format!("/accounts/api/organizations/{ORGANIZATION}/environments");
    let other = "0e000000-0000-4000-8000-000000000002";
    scene.vault.answer(
        "GET",
        &path,
        200,
        json!({"data": [
        {"id": ENVIRONMENT, "name": "production"}, {"id": other, "name": "sandbox"},
    ], "total": 2}),
    );
    scene.login().succeeds();
    let ended = scene.login();
    let stderr = ended.fails(2);
    assert!(
        stderr.contains("there are: production, sandbox"),
        "{stderr}"
    );
    assert!(stderr.contains("--environment NAME"), "{stderr}");

    let (url, ca_file) = (scene.vault.url(), scene.file("ca.pem", &scene.vault.ca_pem));
    for wanted in ["sandbox", other] {
        let ended = scene.run_with(
            &[
                "login",
                "--url",
                &url,
                "--ca-file",
                &ca_file,
                "--client-id",
                "app",
                "--client-secret-file",
                "-",
                "--environment",
                wanted,
            ],
            "s",
            &[],
        );
        ended.succeeds();
        assert_eq!(profile(&scene)["environment"], other);
    }
}

#[test]
fn whoami_shows_where_one_is_and_what_one_may_do() {
    let scene = Scene::logged_in();
    scene.vault.answer(
        "GET",
        "/api/v1/me",
        200,
        json!({
            "id": "app-1", "kind": "connectedApp", "name": "ci", "administrator": false,
            "organization": {"id": ORGANIZATION, "name": "Acme"},
            "permissions": [
                {"permission": "manage:secrets", "organization": ORGANIZATION, "environment": ENVIRONMENT},
                {"permission": "read:secrets", "organization": ORGANIZATION, "environment": null},
            ],
        }),
    );
    let text = scene.run(&["whoami"]).succeeds().to_owned();
    for part in [
        "ci (connectedApp app-1)",
        &format!("Acme ({ORGANIZATION})"),
        &format!("production ({ENVIRONMENT})"),
        &format!("manage:secrets in production ({ENVIRONMENT}), read:secrets in all"),
        &scene.vault.url(),
    ] {
        assert!(text.contains(part), "{text}");
    }
    let json = scene.run(&["whoami", "-o", "json"]).json();
    assert_eq!(json["id"], "app-1");
    assert_eq!(json["vault"], scene.vault.url());
    assert_eq!(
        json["inUse"],
        json!({"organization": {"id": ORGANIZATION, "name": "Acme"},
            "environment": {"id": ENVIRONMENT, "name": "production"}})
    );
    assert_eq!(scene.say("whoami -o name").succeeds(), "ci\n");
    scene.never_prints(CLIENT_SECRET);
}

/// Logs in as user `ada`.
fn login_as_user(scene: &Scene, password: &str) -> Ended {
    let (url, ca_file) = (scene.vault.url(), scene.file("ca.pem", &scene.vault.ca_pem));
    let line = format!("login --url {url} --ca-file {ca_file} --username ada --password-file -");
    scene.say_with(&line, password)
}

#[test]
fn a_user_logs_in_with_a_password_that_is_not_kept() {
    let scene = Scene::new();
    let token = json!({"access_token": "user-token", "expires_in": 3600});
    scene.vault.answer("POST", LOGIN, 200, token);
    login_as_user(&scene, "pa55w0rd\n").succeeds();
    let heard = scene.vault.heard();
    assert_eq!(heard[0].line(), format!("POST {LOGIN}"));
    assert_eq!(
        heard[0].json(),
        json!({"username": "ada", "password": "pa55w0rd"})
    );
    assert_eq!(heard[1].header("authorization"), Some("Bearer user-token"));
    assert_eq!(profile(&scene)["username"], "ada");
    assert_eq!(mode(&scene.profile()), 0o600);
    scene.never_shows("pa55w0rd");
    scene.never_prints("user-token");

    scene
        .vault
        .answer("GET", &manager("/secretGroups"), 200, json!([]));
    scene.say("group list").succeeds();
    let heard = scene.vault.heard();
    assert_eq!(heard.len(), 1);
    assert_eq!(heard[0].header("authorization"), Some("Bearer user-token"));
}

#[test]
fn a_login_that_has_ended_is_asked_for_again() {
    let scene = Scene::new();
    let token = json!({"access_token": "user-token"});
    scene.vault.answer("POST", LOGIN, 200, token);
    login_as_user(&scene, "pa55w0rd").succeeds();
    let gone = json!({"message": "token revoked"});
    scene
        .vault
        .answer("GET", &manager("/secretGroups"), 401, gone);
    assert_eq!(
        scene.say("group list").fails(1),
        "error: the login of user ada has ended\n  log in again: sallyport login --username ada ...\n"
    );
}

#[test]
fn who_may_see_no_environment_learns_whom_to_ask() {
    let scene = Scene::new();
    let token = json!({"access_token": "user-token", "expires_in": 3600});
    scene.vault.answer("POST", LOGIN, 200, token);
    let path = format!("/accounts/api/organizations/{ORGANIZATION}/environments");
    let none = json!({"data": [], "total": 0});
    scene.vault.answer("GET", &path, 200, none);
    // The scripted environment is seen first.
    login_as_user(&scene, "pa55w0rd").succeeds();
    let ended = login_as_user(&scene, "pa55w0rd");
    assert!(
        ended
            .succeeds()
            .contains("organization Acme, which has no environment you may see")
    );
    assert_eq!(profile(&scene)["environment"], Value::Null);
    let ended = scene.say("group list");
    let stderr = ended.fails(1);
    assert!(
        stderr.starts_with("error: there is no environment you may see\n"),
        "{stderr}"
    );
    assert!(
        stderr.contains("ask an administrator for a permission"),
        "{stderr}"
    );
}

#[test]
fn a_wrong_password_is_reported_and_no_profile_is_written() {
    let scene = Scene::new();
    let refused = json!({"name": "Unauthorized", "message": "unknown user or password"});
    scene.vault.answer("POST", LOGIN, 401, refused);
    let ended = login_as_user(&scene, "wr0ng");
    assert!(ended.fails(1).contains("unknown user or password"));
    assert!(!scene.profile().exists());
    scene.never_shows("wr0ng");
}

#[test]
fn logout_removes_the_profile_and_may_be_repeated() {
    let scene = Scene::logged_in();
    let ended = scene.run(&["logout"]);
    assert!(ended.succeeds().starts_with("Logged out: "));
    assert!(!scene.profile().exists());
    let ended = scene.run(&["logout"]);
    assert!(ended.succeeds().starts_with("You were not logged in: "));
    let ended = scene.run(&["group", "list"]);
    assert!(ended.fails(2).contains("run: sallyport login"));
}

#[test]
fn a_fresh_token_is_used_again() {
    let scene = Scene::logged_in();
    scene.run(&["group", "list"]).succeeds();
    assert_eq!(
        scene.vault.heard_lines(),
        [format!("GET {}", manager("/secretGroups"))]
    );
}

#[test]
fn an_expired_token_is_renewed_first_and_kept() {
    let scene = Scene::logged_in();
    let text = fs::read_to_string(scene.profile()).unwrap();
    let mut profile_json: Value = serde_json::from_str(&text).unwrap();
    profile_json["token"]["expiresAt"] = json!(1_000);
    fs::write(scene.profile(), profile_json.to_string()).unwrap();
    scene.vault.accept_tokens(&["token-2"]);

    scene.run(&["group", "list"]).succeeds();
    let heard = scene.vault.heard();
    assert_eq!(heard[0].line(), format!("POST {TOKEN}"));
    assert_eq!(heard[1].header("authorization"), Some("Bearer token-2"));
    assert_eq!(profile(&scene)["token"]["accessToken"], "token-2");
    assert_eq!(mode(&scene.profile()), 0o600);
}

#[test]
fn a_401_is_answered_with_one_new_token_and_not_with_two() {
    let scene = Scene::logged_in();
    let path = manager("/secretGroups");
    let gone = json!({"name": "Unauthorized", "message": "token revoked"});
    scene.vault.answer("POST", &path, 401, gone.clone());
    scene.vault.answer(
        "POST",
        &path,
        201,
        json!({"message": "created", "id": ENVIRONMENT}),
    );
    scene.vault.accept_tokens(&["token-2"]);
    scene.run(&["group", "create", "payments"]).succeeds();
    let lines = scene.vault.heard_lines();
    let post = format!("POST {path}");
    assert_eq!(lines, [post.clone(), format!("POST {TOKEN}"), post.clone()]);

    scene.vault.answer("POST", &path, 401, gone);
    scene.run(&["group", "create", "payments"]).succeeds();
    let ended = scene.run(&["group", "create", "payments"]);
    assert!(ended.fails(1).starts_with("error: token revoked\n"));
    let lines = scene.vault.heard_lines();
    assert_eq!(lines[1..], [post.clone(), format!("POST {TOKEN}"), post]);
}

#[test]
fn variables_stand_above_the_profile_and_do_not_touch_it() {
    let scene = Scene::logged_in();
    let before = fs::read(scene.profile()).unwrap();
    scene.vault.accept_tokens(&["token-2"]);
    scene
        .run_with(
            &["group", "list"],
            "",
            &[
                ("SALLYPORT_CLIENT_ID", "other"),
                ("SALLYPORT_CLIENT_SECRET", "s3"),
            ],
        )
        .succeeds();
    let heard = scene.vault.heard();
    assert_eq!(heard[0].json()["client_id"], "other");
    assert_eq!(heard[0].json()["client_secret"], "s3");
    assert_eq!(heard[1].header("authorization"), Some("Bearer token-2"));
    assert_eq!(fs::read(scene.profile()).unwrap(), before);
}

#[test]
fn with_the_variables_no_profile_is_needed_or_made() {
    let scene = Scene::logged_in();
    fs::remove_file(scene.profile()).unwrap();
    let (url, ca_file) = (scene.vault.url(), scene.file("ca.pem", &scene.vault.ca_pem));
    let variables = [
        ("SALLYPORT_URL", url.as_str()),
        ("SALLYPORT_CA_FILE", &ca_file),
        ("SALLYPORT_CLIENT_ID", "app"),
        ("SALLYPORT_CLIENT_SECRET", "s3"),
        ("SALLYPORT_ENVIRONMENT", "production"),
    ];
    let ended = scene.run_with(&["group", "list"], "", &variables);
    assert!(ended.succeeds().contains("payments"));
    assert!(!scene.profile().exists());

    let ended = scene.run_with(&["group", "list"], "", &variables[..3]);
    assert!(
        ended
            .fails(2)
            .contains("SALLYPORT_CLIENT_SECRET is not set")
    );
}

#[test]
fn a_profile_that_others_can_read_is_refused() {
    let scene = Scene::logged_in();
    fs::set_permissions(scene.profile(), fs::Permissions::from_mode(0o640)).unwrap();
    let ended = scene.run(&["group", "list"]);
    assert!(ended.fails(2).contains("run: chmod 600"));
    assert!(scene.vault.heard().is_empty());
}

#[test]
fn a_vault_of_another_ca_is_never_talked_to() {
    let scene = Scene::logged_in();
    let other = FakeVault::start();
    let ca_file = scene.file("other.pem", &other.ca_pem);
    let ended = scene.run_with(&["group", "list"], "", &[("SALLYPORT_CA_FILE", &ca_file)]);
    let stderr = ended.fails(3);
    assert!(stderr.contains("invalid peer certificate"), "{stderr}");
    assert!(
        stderr.contains("check that the CA file is the vault's"),
        "{stderr}"
    );
    assert!(scene.vault.heard().is_empty());
}

#[test]
fn a_certificate_for_another_name_is_refused() {
    let scene = Scene::logged_in();
    let url = scene.vault.url().replace("127.0.0.1", "localhost");
    let ended = scene.run_with(&["group", "list"], "", &[("SALLYPORT_URL", &url)]);
    assert!(
        ended
            .fails(3)
            .contains("check that the CA file is the vault's")
    );
    assert!(scene.vault.heard().is_empty());
}

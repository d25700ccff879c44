//! What people see when something is refused.

use sallyport_tests::Result;
use sallyport_tests::anypoint_cli::{AnypointCli, Login, last_document};
use sallyport_tests::said::Said;
use serde_json::{Value, json};

use super::{Scene, text};

const NOBODY: &str = "99999999-9999-4999-8999-999999999999";

#[tokio::test(flavor = "multi_thread")]
async fn invalid_input_is_shown_with_its_code_and_place_and_exits_with_9() -> Result<()> {
    let scene = Scene::open().await?;
    let said = scene
        .cli
        .run(&["secret-group", "create", "--name", "1"])
        .await?;
    assert_invalid(&said, "name");

    let not_pem = scene.files()?.join("broken.pem");
    let content = "-----BEGIN CERTIFICATE-----\nkjsd8723hjsd\n-----END CERTIFICATE-----\n";
    sallyport_tests::files::write(&not_pem, content)?;
    let said = run(
        &scene,
        &["certificate"],
        &[
            "--name",
            "broken",
            "--type",
            "PEM",
            "--cert-file",
            text(&not_pem),
        ],
    )
    .await?;
    assert_invalid(&said, "certStore");
    assert!(!said.stdout.contains("kjsd8723hjsd"), "{said:?}");

    let said = run(
        &scene,
        &["tls-context", "flex-gateway"],
        &["--name", "dangling", "--keystore-id", NOBODY],
    )
    .await?;
    assert_invalid(&said, "/keystore/path");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_taken_name_and_a_missing_secret_are_explained_and_exit_with_1() -> Result<()> {
    let scene = Scene::open().await?;
    let said = scene
        .cli
        .run(&["secret-group", "create", "--name", "payments"])
        .await?;
    assert_explained(&said, 1, "payments");

    let blob = [
        "--name",
        "twice",
        "--type",
        "Blob",
        "--content",
        "hush-83hd7",
    ];
    scene.create(&["shared-secret"], &blob).await?;
    let said = run(&scene, &["shared-secret"], &blob).await?;
    assert_explained(&said, 1, "twice");

    let missing = [
        "shared-secret",
        "describe",
        "--group-id",
        &scene.group,
        "--id",
        NOBODY,
    ];
    let said = scene.cli.run(&missing).await?;
    assert_explained(&said, 1, "");
    let said = scene
        .cli
        .run(&["secret-group", "describe", "--id", NOBODY])
        .await?;
    assert_explained(&said, 1, "");
    scene.assert_printed_none_of(&["hush-83hd7"])
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stranger_and_a_reader_are_turned_away_with_2() -> Result<()> {
    let scene = Scene::open().await?;
    let account = scene.vault.account();
    let wrong = Login::ConnectedApp {
        id: account.client_id.clone(),
        secret: "wrong-0sh38dh2".to_owned(),
    };
    let home = scene.scratch.directory("stranger")?;
    let stranger = AnypointCli::as_other(&home, &scene.vault, &wrong)?;
    let said = stranger.run(&["secret-group", "list"]).await?;
    assert_eq!(said.code, Some(2), "{said:?}");
    assert!(said.stderr.contains("Authentication failed"), "{said:?}");

    let home = scene.scratch.directory("reader")?;
    let reader = AnypointCli::as_other(&home, &scene.vault, &reader(&scene).await?)?;
    let listed = reader.json(&["secret-group", "list"]).await?;
    assert_eq!(listed[0]["name"], json!("payments"));
    let mut words = vec!["shared-secret", "create", "--group-id", &scene.group];
    words.extend(["--name", "mine", "--type", "Blob", "--content", "hush"]);
    let said = reader.run(&words).await?;
    assert_eq!(said.code, Some(2), "{said:?}");
    assert!(said.stderr.contains("Forbidden"), "{said:?}");
    assert_eq!(
        scene.manager.list(&scene.at("sharedSecrets")).await?,
        json!([])
    );
    Ok(())
}

/// A connected app that may read metadata in the environment and nothing else.
async fn reader(scene: &Scene) -> Result<Login> {
    let account = scene.vault.account();
    let organization = format!("/api/v1/organizations/{}", account.organization.id);
    let app = scene
        .manager
        .post(
            &format!("{organization}/connectedApps"),
            &json!({"name": "reader"}),
        )
        .await?
        .success("creating a connected app")?
        .json()?;
    let of = |field: &str| app[field].as_str().unwrap().to_owned();
    let permissions = json!([
        {"permission": "read:secrets_metadata", "environment": account.environment.id},
    ]);
    scene
        .manager
        .json(
            http::Method::PUT,
            &format!("{organization}/actors/{}/permissions", of("id")),
            &permissions,
        )
        .await?
        .success("giving a permission")?;
    Ok(Login::ConnectedApp {
        id: of("clientId"),
        secret: of("clientSecret"),
    })
}

async fn run(scene: &Scene, noun: &[&str], arguments: &[&str]) -> Result<Said> {
    scene
        .cli
        .run(&scene.in_group(noun, "create", arguments))
        .await
}

/// The table of errors on standard output, the message on standard error.
fn assert_invalid(said: &Said, place: &str) {
    assert_eq!(said.code, Some(9), "{said:?}");
    let errors = last_document(&said.stdout).unwrap();
    let error = &errors[0];
    for field in ["code", "message"] {
        assert!(
            error[field].as_str().is_some_and(|text| !text.is_empty()),
            "{field}: {errors}"
        );
    }
    let found: &Value = &error["dataPath"];
    assert!(
        found.as_str().is_some_and(|path| path.ends_with(place)),
        "{errors}"
    );
    assert!(!said.stderr.contains("undefined"), "{said:?}");
    assert!(said.stderr.contains("Error:"), "{said:?}");
}

/// One sentence of the server's on standard error.
fn assert_explained(said: &Said, code: i32, word: &str) {
    assert_eq!(said.code, Some(code), "{said:?}");
    assert!(
        said.stderr.contains("Error:") && said.stderr.contains(word),
        "{said:?}"
    );
    assert!(!said.stderr.contains("AxiosError"), "{said:?}");
}

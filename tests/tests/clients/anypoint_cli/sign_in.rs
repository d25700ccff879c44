//! The three ways the command line signs in.

use sallyport_tests::Result;
use sallyport_tests::anypoint_cli::{AnypointCli, Login};
use serde_json::json;

use super::Scene;

#[tokio::test(flavor = "multi_thread")]
async fn a_connected_app_a_user_and_a_token_all_see_the_group() -> Result<()> {
    let scene = Scene::open().await?;
    let organization = &scene.vault.account().organization.id;
    let password = "correct horse 7dh3 battery";
    let user = json!({"username": "ada", "password": password, "administrator": true});
    scene
        .manager
        .post(
            &format!("/api/v1/organizations/{organization}/users"),
            &user,
        )
        .await?
        .created()?;
    let logins = [
        (
            "user",
            Login::User {
                name: "ada".to_owned(),
                password: password.to_owned(),
            },
        ),
        ("bearer", Login::Bearer(scene.manager.token().to_owned())),
    ];
    let expected = json!([{"id": scene.group, "name": "payments", "downloadable": false}]);
    assert_eq!(scene.cli.json(&["secret-group", "list"]).await?, expected);
    for (home, login) in logins {
        let cli = AnypointCli::as_other(&scene.scratch.directory(home)?, &scene.vault, &login)?;
        assert_eq!(
            cli.json(&["secret-group", "list"]).await?,
            expected,
            "{home}"
        );
        let printed = cli.transcript()?;
        assert!(!printed.contains(password) && !printed.contains(scene.manager.token()));
    }
    Ok(())
}

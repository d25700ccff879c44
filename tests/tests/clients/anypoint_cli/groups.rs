//! Secret groups.

use sallyport_tests::Result;
use serde_json::json;

use super::{Scene, by_id, fields};

#[tokio::test(flavor = "multi_thread")]
async fn every_group_command_does_what_it_says() -> Result<()> {
    let scene = Scene::open().await?;
    let cli = &scene.cli;
    let path = |id: &str| scene.manager.path(&format!("secretGroups/{id}"));

    let plain = cli
        .create(&["secret-group", "create", "--name", "sg-one"])
        .await?;
    let shared = cli
        .create(&[
            "secret-group",
            "create",
            "--name",
            "sg-two",
            "--downloadable",
        ])
        .await?;
    let listed = by_id(&cli.json(&["secret-group", "list"]).await?);
    assert_eq!(listed.len(), 3);
    assert_eq!(
        listed[&plain],
        json!({"id": plain, "name": "sg-one", "downloadable": false})
    );
    assert_eq!(
        listed[&shared],
        json!({"id": shared, "name": "sg-two", "downloadable": true})
    );

    cli.json(&["secret-group", "modify", "--id", &plain, "--name", "sg-new"])
        .await?;
    cli.json(&["secret-group", "modify", "--id", &plain, "--downloadable"])
        .await?;
    cli.json(&[
        "secret-group",
        "modify",
        "--id",
        &shared,
        "--no-downloadable",
    ])
    .await?;
    let stored = scene.manager.list(&path(&plain)).await?;
    let mut expected = fields(
        &stored["meta"],
        &[
            ("createdAt", "createdAt"),
            ("modifiedAt", "modifiedAt"),
            ("modifiedBy", "modifiedBy"),
        ],
    );
    expected["id"] = json!(plain);
    expected["name"] = json!("sg-new");
    expected["downloadable"] = json!(true);
    let described = cli
        .json(&["secret-group", "describe", "--id", &plain])
        .await?;
    assert_eq!(described, expected);
    for field in ["createdAt", "modifiedAt", "modifiedBy"] {
        assert!(
            described[field]
                .as_str()
                .is_some_and(|text| !text.is_empty()),
            "{field}: {described}"
        );
    }
    let stored = scene.manager.list(&path(&shared)).await?;
    assert_eq!(stored["downloadable"], json!(false));
    assert_eq!(stored["name"], json!("sg-two"));

    cli.json(&["secret-group", "delete", "--id", &shared])
        .await?;
    let said = cli
        .run(&["secret-group", "describe", "--id", &shared])
        .await?;
    assert_eq!(said.code, Some(1), "{said:?}");
    assert_eq!(by_id(&cli.json(&["secret-group", "list"]).await?).len(), 2);
    scene.assert_printed_none_of(&[&scene.vault.account().client_secret])
}

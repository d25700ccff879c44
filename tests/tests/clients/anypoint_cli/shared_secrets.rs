//! Shared secrets of the four types.

use sallyport_tests::Result;
use sallyport_tests::cli::Cli;
use sallyport_tests::pki::Identity;
use sallyport_tests::provider::Provider;
use serde_json::json;

use super::{Scene, by_id, fields};

const NOUN: &[&str] = &["shared-secret"];

/// A type: its flags with a first and a second value, the field a gateway reads.
struct Type {
    name: &'static str,
    public: Option<(&'static str, [&'static str; 2])>,
    secret: (&'static str, [&'static str; 2]),
    field: &'static str,
}

const TYPES: [Type; 4] = [
    Type {
        name: "UsernamePassword",
        public: Some(("--secret-username", ["shop", "shop-2"])),
        secret: ("--secret-password", ["one-kd82hs7f!", "two-9fj3&ks0ü"]),
        field: "password",
    },
    Type {
        name: "S3Credential",
        public: Some(("--access-key-id", ["AKIAONE", "AKIATWO"])),
        secret: ("--secret-access-key", ["s3one/8dhG+2", "s3two/0sjE+7"]),
        field: "secretAccessKey",
    },
    Type {
        name: "SymmetricKey",
        public: None,
        secret: (
            "--key",
            [
                "ZmlyczRrZXktMDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY=",
                "c2Vjb25kLWtleTAxMjM0NTY3ODlhYmNkZWYwMTIzNDU=",
            ],
        ),
        field: "key",
    },
    Type {
        name: "Blob",
        public: None,
        secret: ("--content", ["example blob content", "new blob content"]),
        field: "content",
    },
];

impl Type {
    fn flags(&self, which: usize) -> Vec<&'static str> {
        let mut flags = vec!["--type", self.name, self.secret.0, self.secret.1[which]];
        if let Some((flag, values)) = self.public {
            flags.extend([flag, values[which]]);
        }
        flags
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_shared_secret_command_does_what_it_says_with_every_type() -> Result<()> {
    let scene = Scene::open().await?;
    let provider = gateway(&scene).await?;
    let mut expected_list = Vec::new();
    for kind in &TYPES {
        let mut flags = kind.flags(0);
        flags.extend(["--name", kind.name]);
        let dated = kind.name == "UsernamePassword";
        if dated {
            flags.extend(["--expiration-date", "2048-06-30"]);
        }
        let id = scene.create(NOUN, &flags).await?;
        assert_eq!(
            value(&provider, kind.name, kind.field).await?,
            kind.secret.1[0]
        );

        let stored = scene.stored("sharedSecrets", &id).await?;
        let described = scene.ask(NOUN, "describe", &["--id", &id]).await?;
        let names = ["name", "type", "username", "accessKeyId", "expirationDate"];
        assert_eq!(described, fields(&stored, &names.map(|name| (name, name))));
        assert_eq!(
            (&described["name"], &described["type"]),
            (&json!(kind.name), &json!(kind.name))
        );
        if dated {
            assert_eq!(described["expirationDate"], json!("2048-06-30"));
        }
        if let Some((_, values)) = kind.public {
            let shown = [&described["username"], &described["accessKeyId"]];
            assert!(shown.contains(&&json!(values[0])), "{described}");
        }

        let renamed = format!("{}-renamed", kind.name);
        scene
            .change(
                NOUN,
                "modify",
                &[
                    "--id",
                    &id,
                    "--name",
                    &renamed,
                    "--expiration-date",
                    "2047-01-31",
                ],
            )
            .await?;
        let stored = scene.stored("sharedSecrets", &id).await?;
        assert_eq!(
            (&stored["name"], &stored["expirationDate"]),
            (&json!(renamed), &json!("2047-01-31"))
        );
        assert_eq!(
            value(&provider, &renamed, kind.field).await?,
            kind.secret.1[0]
        );

        let mut flags = kind.flags(1);
        flags.extend([
            "--id",
            &id,
            "--name",
            kind.name,
            "--expiration-date",
            "2046-02-28",
        ]);
        scene.change(NOUN, "replace", &flags).await?;
        assert_eq!(
            value(&provider, kind.name, kind.field).await?,
            kind.secret.1[1]
        );
        expected_list.push(json!({
            "id": id, "name": kind.name, "type": kind.name, "expirationDate": "2046-02-28",
        }));
    }
    let dateless = scene
        .create(
            NOUN,
            &[
                "--name",
                "dateless",
                "--type",
                "Blob",
                "--content",
                "hush-7d6s",
            ],
        )
        .await?;
    expected_list.push(json!({
        "id": dateless, "name": "dateless", "type": "Blob", "expirationDate": "N/A",
    }));
    let listed = scene.ask(NOUN, "list", &[]).await?;
    assert_eq!(by_id(&listed), by_id(&json!(expected_list)));

    let secrets: Vec<&str> = TYPES.iter().flat_map(|kind| kind.secret.1).collect();
    scene.assert_printed_none_of(&secrets)
}

/// A gateway with a grant on the group.
async fn gateway(scene: &Scene) -> Result<Provider> {
    let directory = scene.scratch.join("gateway");
    let cli = Cli::login(scene.scratch.path(), &scene.vault).await?;
    cli.ok(&[
        "gateway",
        "create",
        "edge",
        "--out",
        directory.to_str().unwrap(),
    ])
    .await?;
    cli.ok(&["grant", "add", "--group", "payments", "--gateway", "edge"])
        .await?;
    Provider::new(&scene.vault, Some(&Identity::of_gateway(&directory)?))
}

/// What a gateway gets for that field.
async fn value(provider: &Provider, name: &str, field: &str) -> Result<String> {
    let outcome = provider
        .outcome(&format!("secret://payments/sharedSecrets/{name}#{field}"))
        .await?;
    let value = outcome.pointer("/current/material/field");
    Ok(value
        .unwrap_or(&outcome)
        .as_str()
        .unwrap_or(&outcome.to_string())
        .to_owned())
}

//! Keystores of the four types, made by keytool and OpenSSL.

use sallyport_tests::keytool::{Format, Keytool, Passphrases};
use sallyport_tests::pki::{Authority, Identity};
use sallyport_tests::{Result, files};
use serde_json::{Value, json};

use super::{Scene, by_id, text};

const NOUN: &[&str] = &["keystore"];
const STORE: &str = "store-7shd93hf";
const KEY: &str = "key-82jd0dkw";

#[tokio::test(flavor = "multi_thread")]
async fn every_keystore_command_does_what_it_says_with_pem() -> Result<()> {
    let scene = Scene::open().await?;
    let keytool = Keytool::new(&scene.files()?);
    let root = Authority::root("Root")?;
    let intermediate = root.intermediate("Intermediate")?;
    let first = intermediate.server("first.test")?;
    let second = intermediate.server("second.test")?;
    let at = |name: &str| scene.files().map(|directory| directory.join(name));
    let (certificate, capath, plain_key) =
        (at("server.crt")?, at("ca-path.pem")?, at("plain.key")?);
    files::write(&certificate, &first.certificate)?;
    files::write(&capath, &intermediate.certificate())?;
    let key = keytool.encrypted_key("server", &first.key, KEY).await?;

    let id = scene
        .create(
            NOUN,
            &[
                "--name",
                "server",
                "--type",
                "PEM",
                "--cert-file",
                text(&certificate),
                "--key-file",
                text(&key),
                "--key-passphrase",
                KEY,
                "--capath-file",
                text(&capath),
            ],
        )
        .await?;
    let described = scene.ask(NOUN, "describe", &["--id", &id]).await?;
    assert_eq!(
        described,
        json!({
            "id": id, "name": "server", "type": "PEM", "expirationDate": "2049-01-01",
            "certificateFile": "server.crt", "keyFile": "server.key",
            "caPathCertificateFile": "ca-path.pem",
        })
    );
    let listed = scene.ask(NOUN, "list", &[]).await?;
    assert_eq!(
        listed,
        json!([{"id": id, "name": "server", "type": "PEM", "expirationDate": "2049-01-01"}])
    );
    let stored = scene.stored("keystores", &id).await?;
    assert_eq!(common_name(&stored), json!("first.test"));
    assert_eq!(
        stored["details"]["capath"][0]["subject"]["commonName"],
        json!("Intermediate")
    );

    scene
        .change(
            NOUN,
            "modify",
            &["--id", &id, "--expiration-date", "2041-12-31"],
        )
        .await?;
    let stored = scene.stored("keystores", &id).await?;
    assert_eq!(
        (&stored["name"], &stored["expirationDate"]),
        (&json!("server"), &json!("2041-12-31"))
    );

    files::write(&certificate, &second.certificate)?;
    files::write(&plain_key, &second.key)?;
    scene
        .change(
            NOUN,
            "replace",
            &[
                "--id",
                &id,
                "--name",
                "server-2",
                "--type",
                "PEM",
                "--cert-file",
                text(&certificate),
                "--key-file",
                text(&plain_key),
            ],
        )
        .await?;
    let stored = scene.stored("keystores", &id).await?;
    assert_eq!(common_name(&stored), json!("second.test"));
    assert_eq!(
        (
            &stored["name"],
            &stored["expirationDate"],
            &stored["keyFileName"]
        ),
        (
            &json!("server-2"),
            &json!("2049-01-01"),
            &json!("plain.key")
        )
    );
    let secrets = [KEY, secret_line(&first), secret_line(&second)];
    scene.assert_printed_none_of(&secrets)
}

#[tokio::test(flavor = "multi_thread")]
async fn every_keystore_command_does_what_it_says_with_jks_jceks_and_pkcs12() -> Result<()> {
    let scene = Scene::open().await?;
    let keytool = Keytool::new(&scene.files()?);
    let identity = Authority::root("Root")?
        .intermediate("Intermediate")?
        .server("server.test")?;
    let mut expected_list = Vec::new();
    for (format, algorithm) in Format::ALL
        .into_iter()
        .zip([Some("PKIX"), Some("SunX509"), None])
    {
        let kind = format.as_str();
        let passphrases = passphrases(format);
        let first = keytool
            .keystore(
                format,
                &format!("first-{kind}"),
                "server",
                &identity,
                passphrases,
            )
            .await?;
        let second = keytool
            .self_signed(format, &format!("second-{kind}"), "new-server", passphrases)
            .await?;
        let secret_flags = [
            "--store-passphrase",
            passphrases.store,
            "--key-passphrase",
            passphrases.key,
        ];

        let mut flags = vec!["--name", kind, "--type", kind, "--alias", "server"];
        flags.extend(secret_flags);
        flags.extend(["--keystore-file", text(&first)]);
        flags.extend(
            algorithm
                .iter()
                .flat_map(|algorithm| ["--algorithm", algorithm]),
        );
        let id = scene.create(NOUN, &flags).await?;
        let described = scene.ask(NOUN, "describe", &["--id", &id]).await?;
        let file = first.file_name().unwrap().to_str().unwrap();
        let mut expected = json!({
            "id": id, "name": kind, "type": kind, "alias": "server",
            "keystoreFile": file, "expirationDate": "2049-01-01",
        });
        if let Some(algorithm) = algorithm {
            expected["algorithm"] = json!(algorithm);
        }
        assert_eq!(without_nulls(described), expected);
        let stored = scene.stored("keystores", &id).await?;
        assert_eq!(common_name(&stored), json!("server.test"));

        let renamed = format!("{kind}-renamed");
        scene
            .change(NOUN, "modify", &["--id", &id, "--name", &renamed])
            .await?;
        let stored = scene.stored("keystores", &id).await?;
        assert_eq!(
            (&stored["name"], &stored["alias"]),
            (&json!(renamed), &json!("server"))
        );

        let mut flags = vec![
            "--id",
            &id,
            "--name",
            kind,
            "--type",
            kind,
            "--alias",
            "new-server",
        ];
        flags.extend(secret_flags);
        flags.extend([
            "--keystore-file",
            text(&second),
            "--expiration-date",
            "2030-07-08",
        ]);
        scene.change(NOUN, "replace", &flags).await?;
        let stored = scene.stored("keystores", &id).await?;
        assert_eq!(common_name(&stored), json!(format!("second-{kind}")));
        assert_eq!(
            (&stored["alias"], &stored["expirationDate"], &stored["type"]),
            (&json!("new-server"), &json!("2030-07-08"), &json!(kind))
        );
        expected_list.push(json!({
            "id": id, "name": kind, "type": kind, "expirationDate": "2030-07-08",
        }));
    }
    let listed = scene.ask(NOUN, "list", &[]).await?;
    assert_eq!(by_id(&listed), by_id(&json!(expected_list)));
    scene.assert_printed_none_of(&[STORE, KEY, secret_line(&identity)])
}

/// PKCS #12 files have one passphrase for the file and the key.
fn passphrases(format: Format) -> Passphrases<'static> {
    let key = match format {
        Format::Pkcs12 => STORE,
        Format::Jks | Format::Jceks => KEY,
    };
    Passphrases { store: STORE, key }
}

fn common_name(stored: &Value) -> Value {
    stored["details"]["certificate"]["subject"]["commonName"].clone()
}

/// The first line of the PEM body: part of the private number.
fn secret_line(identity: &Identity) -> &str {
    identity.key.lines().nth(1).unwrap()
}

fn without_nulls(mut document: Value) -> Value {
    document
        .as_object_mut()
        .unwrap()
        .retain(|_, value| !value.is_null());
    document
}

//! Truststores of the four types, made by keytool.

use sallyport_tests::keytool::{Format, Keytool};
use sallyport_tests::pki::Authority;
use sallyport_tests::{Result, files};
use serde_json::{Value, json};

use super::{Scene, by_id, text};

const NOUN: &[&str] = &["truststore"];
const STORE: &str = "trust-29dk3js0";

#[tokio::test(flavor = "multi_thread")]
async fn every_truststore_command_does_what_it_says_with_every_type() -> Result<()> {
    let scene = Scene::open().await?;
    let keytool = Keytool::new(&scene.files()?);
    let (first_ca, second_ca) = (Authority::root("First CA")?, Authority::root("Second CA")?);
    let formats = Format::ALL.map(Some).into_iter().chain([None]);
    let algorithms = [Some("PKIX"), Some("SunX509"), None, None];
    let mut expected_list = Vec::new();
    for (format, algorithm) in formats.zip(algorithms) {
        let kind = format.map_or("PEM", Format::as_str);
        let (first, second) = match format {
            Some(format) => {
                let make = async |name: &str, alias, certificate: String| {
                    let name = format!("{name}-{kind}");
                    keytool
                        .truststore(format, &name, alias, &certificate, STORE)
                        .await
                };
                (
                    make("first", "partners", first_ca.certificate()).await?,
                    make("second", "suppliers", second_ca.certificate()).await?,
                )
            }
            None => {
                let (first, second) = (scene.files()?.join("a.pem"), scene.files()?.join("b.pem"));
                files::write(&first, &first_ca.certificate())?;
                files::write(&second, &second_ca.certificate())?;
                (first, second)
            }
        };
        let mut kind_flags = vec!["--type", kind];
        if format.is_some() {
            kind_flags.extend(["--store-passphrase", STORE]);
        }

        let mut flags = vec!["--name", kind, "--truststore-file", text(&first)];
        flags.extend(&kind_flags);
        flags.extend(
            algorithm
                .iter()
                .flat_map(|algorithm| ["--algorithm", algorithm]),
        );
        let id = scene.create(NOUN, &flags).await?;
        let described = scene.ask(NOUN, "describe", &["--id", &id]).await?;
        let mut expected = json!({
            "id": id, "name": kind, "type": kind, "expirationDate": "2049-01-01",
            "truststoreFile": first.file_name().unwrap().to_str().unwrap(),
        });
        if let Some(algorithm) = algorithm {
            expected["algorithm"] = json!(algorithm);
        }
        assert_eq!(described, expected);
        let stored = scene.stored("truststores", &id).await?;
        assert_eq!(common_names(&stored), ["First CA"]);
        if format.is_some() {
            assert_eq!(
                stored["details"]["certificateEntries"][0]["alias"],
                json!("partners")
            );
        }

        scene
            .change(
                NOUN,
                "modify",
                &[
                    "--id",
                    &id,
                    "--name",
                    &format!("{kind}-renamed"),
                    "--expiration-date",
                    "2039-09-09",
                ],
            )
            .await?;
        let stored = scene.stored("truststores", &id).await?;
        assert_eq!(
            (&stored["name"], &stored["expirationDate"]),
            (&json!(format!("{kind}-renamed")), &json!("2039-09-09"))
        );

        let mut flags = vec![
            "--id",
            &id,
            "--name",
            kind,
            "--truststore-file",
            text(&second),
        ];
        flags.extend(&kind_flags);
        scene.change(NOUN, "replace", &flags).await?;
        let stored = scene.stored("truststores", &id).await?;
        assert_eq!(common_names(&stored), ["Second CA"]);
        expected_list.push(json!({
            "id": id, "name": kind, "type": kind, "expirationDate": "2049-01-01",
        }));
    }
    let listed = scene.ask(NOUN, "list", &[]).await?;
    assert_eq!(by_id(&listed), by_id(&json!(expected_list)));
    scene.assert_printed_none_of(&[STORE])
}

fn common_names(stored: &Value) -> Vec<&str> {
    let entries = stored["details"]["certificateEntries"].as_array().unwrap();
    entries
        .iter()
        .filter_map(|entry| entry["certificate"]["subject"]["commonName"].as_str())
        .collect()
}

//! Certificates.

use sallyport_tests::pki::Authority;
use sallyport_tests::{Result, files};
use serde_json::json;

use super::{Scene, text};

const NOUN: &[&str] = &["certificate"];

#[tokio::test(flavor = "multi_thread")]
async fn every_certificate_command_does_what_it_says() -> Result<()> {
    let scene = Scene::open().await?;
    let authority = Authority::root("CA")?;
    let (first, second) = (
        scene.files()?.join("first.pem"),
        scene.files()?.join("second.pem"),
    );
    files::write(&first, &authority.client("first")?.certificate)?;
    files::write(&second, &authority.client("second")?.certificate)?;

    let id = scene
        .create(
            NOUN,
            &[
                "--name",
                "partner",
                "--type",
                "PEM",
                "--cert-file",
                text(&first),
            ],
        )
        .await?;
    let described = scene.ask(NOUN, "describe", &["--id", &id]).await?;
    assert_eq!(
        described,
        json!({
            "id": id, "name": "partner", "type": "PEM",
            "certificateFile": "first.pem", "expirationDate": "2049-01-01",
        })
    );
    let listed = scene.ask(NOUN, "list", &[]).await?;
    assert_eq!(
        listed,
        json!([{"id": id, "name": "partner", "type": "PEM", "expirationDate": "2049-01-01"}])
    );

    scene
        .change(
            NOUN,
            "modify",
            &[
                "--id",
                &id,
                "--name",
                "other",
                "--expiration-date",
                "2040-05-06",
            ],
        )
        .await?;
    let stored = scene.stored("certificates", &id).await?;
    assert_eq!(
        (&stored["name"], &stored["expirationDate"]),
        (&json!("other"), &json!("2040-05-06"))
    );
    assert_eq!(stored["details"]["subject"]["commonName"], json!("first"));

    scene
        .change(
            NOUN,
            "replace",
            &[
                "--id",
                &id,
                "--name",
                "partner",
                "--type",
                "PEM",
                "--cert-file",
                text(&second),
            ],
        )
        .await?;
    let stored = scene.stored("certificates", &id).await?;
    assert_eq!(
        (
            &stored["name"],
            &stored["expirationDate"],
            &stored["certificateFileName"]
        ),
        (
            &json!("partner"),
            &json!("2049-01-01"),
            &json!("second.pem")
        )
    );
    assert_eq!(stored["details"]["subject"]["commonName"], json!("second"));
    Ok(())
}

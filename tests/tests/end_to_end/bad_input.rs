//! Bad uploads through the public door: a clear error with the place, and nothing written.

use http::StatusCode;
use sallyport_tests::Result;
use sallyport_tests::client::Reply;
use sallyport_tests::manager::Manager;
use sallyport_tests::multipart::Form;
use sallyport_tests::pki::{Authority, Validity};
use sallyport_tests::scratch::Scratch;
use sallyport_tests::vault::Vault;
use serde_json::{Value, json};

#[tokio::test(flavor = "multi_thread")]
async fn every_bad_upload_names_its_place_and_writes_nothing() -> Result<()> {
    let scratch = Scratch::new()?;
    let vault = Vault::start(&scratch.directory("vault")?).await?;
    let manager = Manager::login(&vault).await?;
    let group = manager.create_group("payments").await?;
    let at = |kind: &str| manager.path(&format!("secretGroups/{group}/{kind}"));

    let authority = Authority::root("CA")?;
    let (mine, other) = (authority.client("mine")?, authority.client("other")?);
    let ended = authority.client_with("mine", Validity::Expired)?;
    let keystore = |certificate: &str, key: &str| {
        Form::default()
            .text("type", "PEM")
            .text("name", "server")
            .file("certificate", certificate)
            .file("key", key)
    };
    let truststore = |pem: &str| {
        Form::default()
            .text("type", "PEM")
            .text("name", "ts")
            .file("trustStore", pem)
    };
    let cut = &mine.certificate[..mine.certificate.len() / 2];
    for (kind, form, place) in [
        ("keystores", keystore(&mine.certificate, &other.key), "key"),
        (
            "keystores",
            keystore(&ended.certificate, &ended.key),
            "certificate",
        ),
        ("keystores", keystore(cut, &mine.key), "certificate"),
        (
            "keystores",
            keystore(
                &mine.certificate,
                "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
            ),
            "key",
        ),
        (
            "keystores",
            keystore(&mine.certificate, &mine.key).text("color", "blue"),
            "color",
        ),
        ("truststores", truststore(&mine.certificate), "trustStore"),
        ("truststores", truststore(""), "trustStore"),
        (
            "certificatePinsets",
            Form::default().text("name", "pins"),
            "certificatePinset",
        ),
    ] {
        refused(&manager.upload(&at(kind), form).await?, place);
        assert_eq!(manager.list(&at(kind)).await?, json!([]), "{kind}");
    }

    let context = json!({
        "name": "c", "target": "FlexGateway", "minTlsVersion": "TLSv1.3", "maxTlsVersion": "TLSv1.3",
        "alpnProtocols": ["h2"],
        "truststore": { "path": "truststores/99999999-9999-4999-8999-999999999999" },
    });
    let up = json!({ "type": "UsernamePassword", "name": "x", "username": "u", "pasword": "p" });
    for (kind, body, place) in [
        ("tlsContexts", context, "/truststore/path"),
        ("sharedSecrets", up, "/pasword"),
        (
            "sharedSecrets",
            json!({ "type": "UsernamePassword", "name": "x", "username": "u" }),
            "/password",
        ),
        (
            "sharedSecrets",
            json!({ "type": "UsernamePassword", "name": 7 }),
            "/name",
        ),
    ] {
        refused(&manager.post(&at(kind), &body).await?, place);
        assert_eq!(manager.list(&at(kind)).await?, json!([]), "{kind}");
    }

    let huge = json!({ "type": "UsernamePassword", "name": "x", "username": "u", "password": "p".repeat(2_000_000) });
    assert_eq!(
        manager.post(&at("sharedSecrets"), &huge).await?.status,
        StatusCode::PAYLOAD_TOO_LARGE
    );
    let text = manager
        .upload(&at("sharedSecrets"), Form::default().text("name", "x"))
        .await?;
    assert_eq!(text.status, StatusCode::UNSUPPORTED_MEDIA_TYPE);
    let elsewhere = manager.path("secretGroups/99999999-9999-4999-8999-999999999999/keystores");
    let reply = manager
        .upload(&elsewhere, keystore(&mine.certificate, &mine.key))
        .await?;
    assert_eq!(reply.status, StatusCode::NOT_FOUND);
    assert_eq!(manager.list(&at("sharedSecrets")).await?, json!([]));
    Ok(())
}

fn refused(reply: &Reply, place: &str) {
    assert_eq!(reply.status, StatusCode::BAD_REQUEST, "{}", reply.body);
    let body: Value = serde_json::from_str(&reply.body).unwrap();
    assert_eq!(body["errors"][0]["dataPath"], place, "{}", reply.body);
    assert!(!body["message"].as_str().unwrap().is_empty());
}

//! The recipe `per-route-mtls`: APIs with clients of their own behind one listener.

use http::StatusCode;
use sallyport_tests::demo::{Options, Stage};
use sallyport_tests::pki::{Authority, Identity};
use sallyport_tests::{Result, files};

/// A gateway that runs the recipe, and a client of the internal API.
async fn gateway() -> Result<(Stage, Identity)> {
    let mut stage = Stage::furnish(Options {
        recipe: Some("per-route-mtls"),
        ..Options::default()
    })
    .await?;
    let internal = Authority::root("Internal CA")?;
    let file = stage.pki().join("internal-ca.pem");
    files::write(&file, &internal.certificate())?;
    let file = file.to_string_lossy();
    let group = ["--group", "payments"];
    let context = ["--truststore", "internal", "--group", "payments"];
    for command in [
        [
            &["truststore", "create", "internal", "--file", &file][..],
            &group,
        ]
        .concat(),
        [
            &["tls-context", "create", "internal-inbound"][..],
            &context,
            &["--require-client-certificate"],
        ]
        .concat(),
        [&["tls-context", "create", "public-inbound"][..], &context].concat(),
    ] {
        stage.cli.ok(&command).await?;
    }
    stage.start_gateway().await?;
    Ok((stage, internal.client("colleague")?))
}

#[tokio::test(flavor = "multi_thread")]
async fn each_api_behind_a_port_has_clients_of_its_own() -> Result<()> {
    let (mut stage, colleague) = gateway().await?;
    let listener = stage.gateway()?.listener();
    let partner = stage.clients.partner.clone();
    let unpinned = stage.clients.unpinned.clone();
    for (client, path, status, reason) in [
        (Some(&partner), "/partners/orders", StatusCode::OK, ""),
        (
            Some(&unpinned),
            "/partners/orders",
            StatusCode::FORBIDDEN,
            "pin_mismatch",
        ),
        (
            Some(&colleague),
            "/partners/orders",
            StatusCode::FORBIDDEN,
            "unknown_issuer",
        ),
        (
            None,
            "/partners/orders",
            StatusCode::FORBIDDEN,
            "certificate_missing",
        ),
        (Some(&colleague), "/ledger", StatusCode::OK, ""),
        (
            Some(&partner),
            "/ledger",
            StatusCode::FORBIDDEN,
            "unknown_issuer",
        ),
        (
            None,
            "/ledger",
            StatusCode::FORBIDDEN,
            "certificate_missing",
        ),
        (None, "/public/prices", StatusCode::OK, ""),
        (Some(&partner), "/public/prices", StatusCode::OK, ""),
    ] {
        let reply = stage.client(client)?.get(listener, path).await?;
        let found = (reply.status, reply.header("x-sallyport-reason"));
        assert_eq!(found, (status, reason), "{path}");
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_is_good_for_one_api_is_refused_at_another() -> Result<()> {
    let (mut stage, _) = gateway().await?;
    let client = stage.client(Some(&stage.clients.partner))?;
    let mut connection = client.connect(stage.gateway()?.listener()).await?;
    for _ in 0..3 {
        assert_eq!(
            connection.get("/partners/orders").await?.status,
            StatusCode::OK
        );
        let elsewhere = connection.get("/ledger").await?;
        assert_eq!(
            (elsewhere.status, elsewhere.header("x-sallyport-reason")),
            (StatusCode::FORBIDDEN, "unknown_issuer")
        );
        assert_eq!(
            connection.get("/public/prices").await?.status,
            StatusCode::OK
        );
    }
    Ok(())
}

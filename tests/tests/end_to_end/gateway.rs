//! What gets through the gateway, and what happens to it when secrets change.

use http::StatusCode;
use sallyport_tests::client::get;
use sallyport_tests::demo::{Options, Stage, USERNAME, basic};
use sallyport_tests::pki::Validity;
use sallyport_tests::{Result, files};

#[tokio::test(flavor = "multi_thread")]
async fn a_forged_client_certificate_header_is_neither_believed_nor_forwarded() -> Result<()> {
    let mut stage = Stage::open(Options::default()).await?;
    let listener = stage.gateway()?.listener();
    let partner = stage.clients.partner.clone();
    let encoded = partner.chain.replace('\n', "%0A").replace(' ', "%20");
    for spelling in ["x-forwarded-client-cert", "X-Forwarded-Client-Cert"] {
        let forged = || -> Result<_> {
            let mut request = get("/forged")?;
            let value = format!("Hash=00;Cert=\"{encoded}\";Chain=\"{encoded}\"");
            request.headers_mut().insert(
                http::HeaderName::from_bytes(spelling.as_bytes()).unwrap(),
                value.parse().unwrap(),
            );
            Ok(request)
        };
        let rogue = stage.client(Some(&stage.clients.rogue))?;
        let reply = rogue.send(listener, forged()?).await?;
        assert_eq!(
            (reply.status, reply.header("x-sallyport-reason")),
            (StatusCode::FORBIDDEN, "unknown_issuer")
        );

        let good = stage.client(Some(&partner))?;
        assert_eq!(good.send(listener, forged()?).await?.status, StatusCode::OK);
        let seen = stage.backend.last_request().unwrap();
        assert_eq!(seen.header("x-forwarded-client-cert"), "");
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_without_certificate_or_with_an_ended_one_never_passes() -> Result<()> {
    let mut stage = Stage::open(Options::default()).await?;
    let listener = stage.gateway()?.listener();
    match stage.client(None)?.get(listener, "/nobody").await {
        Err(_) => {}
        Ok(reply) => assert_eq!(reply.status, StatusCode::FORBIDDEN),
    }
    match stage
        .client_with_tls_1_2(None)?
        .get(listener, "/nobody")
        .await
    {
        Err(_) => {}
        Ok(reply) => assert_eq!(reply.status, StatusCode::FORBIDDEN),
    }
    let ended = stage
        .clients
        .authority
        .client_with("partner-app", Validity::Expired)?;
    let reply = stage.client(Some(&ended))?.get(listener, "/ended").await?;
    assert_eq!(
        (reply.status, reply.header("x-sallyport-reason")),
        (StatusCode::FORBIDDEN, "certificate_expired")
    );
    assert!(stage.backend.requests().is_empty());
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_credential_the_client_sends_is_replaced() -> Result<()> {
    let mut stage = Stage::open(Options::default()).await?;
    let mut request = get("/own-credential")?;
    request.headers_mut().insert(
        "authorization",
        "Basic Zm9yZ2VkOmZvcmdlZA==".parse().unwrap(),
    );
    let client = stage.client(Some(&stage.clients.partner))?;
    let reply = client.send(stage.gateway()?.listener(), request).await?;
    assert_eq!(reply.status, StatusCode::OK);
    let seen = stage.backend.last_request().unwrap();
    assert_eq!(seen.headers.get_all("authorization").iter().count(), 1);
    assert_eq!(
        seen.header("authorization"),
        basic(USERNAME, stage.password())
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_changed_pin_set_denies_the_next_request_on_an_open_connection() -> Result<()> {
    let mut stage = Stage::open(Options::default()).await?;
    let client = stage.client(Some(&stage.clients.partner))?;
    let mut connection = client.connect(stage.gateway()?.listener()).await?;
    assert_eq!(connection.get("/before").await?.status, StatusCode::OK);

    let other = stage.pki().join("other-pins.pem");
    files::write(&other, &stage.clients.unpinned.certificate)?;
    let file = other.to_string_lossy();
    stage
        .cli
        .ok(&[
            "pinset", "replace", "partners", "--group", "payments", "--file", &file,
        ])
        .await?;
    connection.ends_with("/after", (403, "pin_mismatch")).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revoked_grant_and_a_deleted_group_end_the_service_at_once() -> Result<()> {
    let mut stage = Stage::open(Options::default()).await?;
    let client = stage.client(Some(&stage.clients.partner))?;
    let mut connection = client.connect(stage.gateway()?.listener()).await?;
    assert_eq!(connection.get("/before").await?.status, StatusCode::OK);

    let grant = ["--group", "payments", "--gateway", "edge"];
    stage
        .cli
        .ok(&[&["grant", "remove"][..], &grant].concat())
        .await?;
    connection
        .ends_with("/after", (503, "secret_refused"))
        .await?;

    stage
        .cli
        .ok(&[&["grant", "add"][..], &grant].concat())
        .await?;
    connection.ends_with("/again", (200, "")).await?;
    stage.cli.ok(&["group", "delete", "payments"]).await?;
    connection
        .ends_with("/after", (503, "secret_withdrawn"))
        .await
}

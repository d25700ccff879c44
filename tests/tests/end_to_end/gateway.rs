//! What gets through the gateway, and what happens to it when secrets change.

use http::StatusCode;
use sallyport_tests::demo::{Options, Stage};
use sallyport_tests::pki::Validity;
use sallyport_tests::{Result, files};

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
        .ok(&[&["grant", "remove", "--yes"][..], &grant].concat())
        .await?;
    connection
        .ends_with("/after", (503, "secret_refused"))
        .await?;

    stage
        .cli
        .ok(&[&["grant", "add"][..], &grant].concat())
        .await?;
    connection.ends_with("/again", (200, "")).await?;
    stage
        .cli
        .ok(&["group", "delete", "payments", "--yes"])
        .await?;
    connection
        .ends_with("/after", (503, "secret_withdrawn"))
        .await
}

//! V5: a session from before the certificate was given up, resumed after.

use sallyport_tests::client::Client;
use sallyport_tests::demo::Stage;
use sallyport_tests::{Result, files};

use super::{furnished, gateway};

#[tokio::test(flavor = "multi_thread")]
async fn a_resumed_tls_1_3_session_is_decided_about_anew() -> Result<()> {
    resumed(Stage::client).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_resumed_tls_1_2_session_is_decided_about_anew() -> Result<()> {
    resumed(Stage::client_with_tls_1_2).await
}

async fn resumed(
    client: impl Fn(&Stage, Option<&sallyport_tests::pki::Identity>) -> Result<Client>,
) -> Result<()> {
    let mut stage = furnished("crl").await?;
    let gateway = gateway(&stage, &[]).await?;
    let peer = gateway.listener();
    let (partner, issuing) = (
        stage.clients.partner.clone(),
        stage.clients.authority.clone(),
    );
    let list = stage.pki().join("issuing.crl");
    files::write(&list, &issuing.crl(1, &[])?)?;
    stage.follow("Publish a list").await?;

    let client = client(&stage, Some(&partner))?;
    let mut before = client.connect(peer).await?;
    assert!(!before.is_resumed());
    before.ends_with("/before", (200, "")).await?;
    let mut again = client.connect(peer).await?;
    assert!(again.is_resumed());
    again.ends_with("/again", (200, "")).await?;

    files::write(&list, &issuing.crl(2, &[&partner])?)?;
    stage.follow("Publish a list").await?;
    for connection in [&mut before, &mut again] {
        let revoked = (403, "certificate_revoked");
        connection.ends_with("/open", revoked).await?;
    }
    let served = stage.backend.requests().len();
    for _ in 0..4 {
        let mut after = client.connect(peer).await?;
        assert!(after.is_resumed());
        after
            .ends_with("/after", (403, "certificate_revoked"))
            .await?;
    }
    let requests = stage.backend.requests();
    assert!(
        requests
            .iter()
            .skip(served)
            .all(|seen| seen.path != "/after")
    );
    Ok(())
}

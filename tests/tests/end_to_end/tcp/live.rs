//! What happens to open connections when secrets change.

use sallyport_tests::Result;
use sallyport_tests::wait::{PATIENCE, until};

use super::gateway::Gateway;

#[tokio::test(flavor = "multi_thread")]
async fn an_idle_and_an_active_connection_are_cut_when_their_pin_goes() -> Result<()> {
    let mut gateway = Gateway::open().await?;
    let mut idle = gateway.live().await?;
    let mut active = gateway.live().await?;
    let chatter = async {
        while active.echo(b"still there?").await.is_ok() {}
        active.rest().await
    };
    let change = async {
        gateway.stage.follow("Cut everybody off").await?;
        idle.rest().await
    };
    let (_, rest) = tokio::try_join!(chatter, change)?;
    assert_eq!(rest, b"");
    gateway
        .envoy()
        .counted("downstream.cut.pin_mismatch", 2)
        .await?;
    assert_eq!(
        gateway
            .envoy()
            .count("downstream.denied.pin_mismatch")
            .await?,
        0
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revoked_certificate_cuts_its_open_connection_and_no_other() -> Result<()> {
    let gateway = Gateway::open().await?;
    let clients = gateway.stage.clients.clone();
    let file = gateway.file("issuing.pem", &clients.authority.certificate())?;
    let publish = async |number: u64, revoked: &[&sallyport_tests::pki::Identity]| {
        let crl = gateway.file("issuing.crl", &clients.authority.crl(number, revoked)?)?;
        gateway
            .say(&["crl-distributor", "publish", "partners", "--file", &crl])
            .await
    };
    for command in [
        &["certificate", "create", "issuing", "--file", &file][..],
        &[
            "crl-distributor",
            "create",
            "partners",
            "--complete-url",
            "http://pki.test/issuing.crl",
            "--frequency",
            "60",
            "--distributor-certificate",
            "issuing",
        ],
    ] {
        gateway.say(command).await?;
    }
    publish(1, &[&clients.unpinned]).await?;
    gateway
        .say(&[
            "tls-context",
            "replace",
            "partner-inbound",
            "--truststore",
            "partners",
            "--require-client-certificate",
            "--crl-distributor",
            "partners",
            "--crl-for-peer-only",
        ])
        .await?;
    let other = clients.authority.client("another-app")?;
    let pins = format!("{}{}", clients.partner.certificate, other.certificate);
    gateway.replace("pinset", "partners", &pins).await?;
    let mut stays = until("the other to be pinned", PATIENCE, async || {
        let mut stream = gateway.connect(&other).await?;
        Ok(stream.echo(b"hello").await.is_ok().then_some(stream))
    })
    .await?;
    let mut idle = gateway.live().await?;
    publish(2, &[&clients.unpinned, &clients.partner]).await?;
    assert_eq!(idle.rest().await?, b"");
    gateway
        .envoy()
        .counted("downstream.cut.certificate_revoked", 1)
        .await?;
    assert_eq!(stays.echo(b"hello").await?, b"hello");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_is_cut_when_the_pin_of_its_server_goes() -> Result<()> {
    let gateway = Gateway::open().await?;
    let mut idle = gateway.live().await?;
    let other = gateway.stage.backend_ca().server("backend.test")?;
    gateway
        .replace("pinset", "backend", &other.certificate)
        .await?;
    assert_eq!(idle.rest().await?, b"");
    gateway
        .envoy()
        .counted("upstream.cut.pin_mismatch", 1)
        .await
}

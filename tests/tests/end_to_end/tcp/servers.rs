//! To whom bytes go.

use sallyport_tests::Result;
use sallyport_tests::byte_upstream::ByteUpstream;
use sallyport_tests::wait::{PATIENCE, until};

use super::gateway::{Gateway, long};

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_does_not_pass_hears_nothing() -> Result<()> {
    let mut gateway = Gateway::furnish(b"", "10s").await?;
    let impostor = gateway.stage.backend_ca().server("backend.test")?;
    gateway.server = ByteUpstream::start(&impostor).await?;
    gateway.start(|recipe| recipe).await?;
    let partner = gateway.stage.clients.partner.clone();
    for _ in 0..4 {
        gateway
            .refuses(&gateway.stage.client(Some(&partner))?)
            .await?;
    }
    assert!(
        gateway
            .server
            .connections()
            .iter()
            .all(|seen| seen.handshake())
    );
    assert_eq!(
        gateway
            .envoy()
            .count("upstream.denied.pin_mismatch")
            .await?,
        4
    );
    assert_eq!(gateway.server.received(), b"");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn bytes_wait_for_the_handshake_with_the_server() -> Result<()> {
    let gateway = Gateway::open().await?;
    gateway.live().await?;
    gateway.server.open_door(false);
    let mut stream = gateway.connect(&gateway.stage.clients.partner).await?;
    let before = gateway.envoy().count("upstream.held").await?;
    let open = async {
        gateway.envoy().counted("upstream.held", before + 1).await?;
        gateway.server.open_door(true);
        Ok(())
    };
    let bytes = long();
    let (heard, ()) = tokio::try_join!(stream.echo(&bytes), open)?;
    assert_eq!(heard, long());
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_speaks_first_is_heard_by_a_good_client_only() -> Result<()> {
    let mut gateway = Gateway::furnish(b"220 ready\r\n", "10s").await?;
    gateway.start(|recipe| recipe).await?;
    let clients = gateway.stage.clients.clone();
    let mut stream = gateway.connect(&clients.partner).await?;
    assert_eq!(stream.receive(11).await?, b"220 ready\r\n");
    assert_eq!(stream.echo(b"EHLO x").await?, b"EHLO x");
    for client in [&clients.rogue, &clients.unpinned] {
        let mut stream = gateway.connect(client).await?;
        assert_eq!(stream.rest().await?, b"");
    }
    until("the last connection to end", PATIENCE, async || {
        let connections = gateway.server.connections();
        Ok(connections
            .iter()
            .skip(1)
            .all(|seen| seen.ended())
            .then_some(()))
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_entry_in_an_internal_listener_guards_its_server_alone() -> Result<()> {
    let mut gateway = Gateway::furnish(b"", "10s").await?;
    gateway
        .start(|_| include_str!("internal.yaml").to_owned())
        .await?;
    let client = gateway.stage.client(None)?;
    let mut stream = gateway.connect_as(&client).await?;
    assert_eq!(stream.echo(&long()).await?, long());
    let impostor = gateway.stage.clients.rogue.certificate.clone();
    gateway.replace("pinset", "backend", &impostor).await?;
    assert_eq!(stream.rest().await?, b"");
    gateway
        .envoy()
        .counted("upstream.cut.pin_mismatch", 1)
        .await?;
    // The other worker may be a little behind.
    until("a refusal", PATIENCE, async || {
        let denied = gateway
            .envoy()
            .count("upstream.denied.pin_mismatch")
            .await?;
        let before = gateway.server.received().len();
        let mut stream = gateway.connect_as(&client).await?;
        let answered = stream.echo(b"hello").await.is_ok();
        let refused = gateway
            .envoy()
            .count("upstream.denied.pin_mismatch")
            .await?
            > denied;
        assert!(!refused || (!answered && gateway.server.received().len() == before));
        Ok(refused.then_some(()))
    })
    .await
}

/// Without `ON_DOWNSTREAM_TLS_HANDSHAKE`.
fn immediately(recipe: String) -> String {
    let changed = recipe.replace(
        "          upstream_connect_mode: ON_DOWNSTREAM_TLS_HANDSHAKE\n",
        "",
    );
    let changed = changed.replace("          max_early_data_bytes: 0\n", "");
    assert_ne!(changed, recipe);
    changed
}

#[tokio::test(flavor = "multi_thread")]
async fn where_envoy_calls_the_server_at_once_clients_that_speak_first_are_served_all_the_same()
-> Result<()> {
    let mut gateway = Gateway::furnish(b"", "10s").await?;
    gateway.start(immediately).await?;
    gateway.live().await?;
    let clients = gateway.stage.clients.clone();
    gateway
        .refuses(&gateway.stage.client(Some(&clients.rogue))?)
        .await?;
    assert_eq!(gateway.server.received(), b"hello");
    Ok(())
}

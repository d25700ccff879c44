//! Connections while the vault has not answered.

use sallyport_tests::Result;
use sallyport_tests::wait::{PATIENCE, until};

use super::gateway::{Gateway, long};

#[tokio::test(flavor = "multi_thread")]
async fn bytes_wait_for_a_slow_vault_and_then_arrive_whole_and_in_order() -> Result<()> {
    let mut gateway = Gateway::furnish(b"", "60s").await?;
    gateway.stage.vault.stop();
    gateway.start(|recipe| recipe).await?;
    let partner = gateway.stage.clients.partner.clone();
    let rogue = gateway.stage.clients.rogue.clone();
    let mut stream = gateway.connect(&partner).await?;
    let mut stranger = gateway.connect(&rogue).await?;
    stranger.send(b"let me in").await?;
    let mut brief = gateway.connect(&partner).await?;
    brief.send(b"that is all").await?;
    brief.finish().await?;
    let vault = &mut gateway.stage.vault;
    let envoy = gateway.envoy.as_ref().unwrap();
    let bytes = long();
    let release = async {
        until("all to be held", PATIENCE, async || {
            let held = envoy.stat("wasmcustom.sallyport.downstream.held").await?;
            Ok((held == 3).then_some(()))
        })
        .await?;
        assert_eq!(gateway.server.received(), b"");
        vault.resume().await
    };
    let (heard, ()) = tokio::try_join!(stream.echo(&bytes), release)?;
    assert_eq!(heard, bytes);
    assert_eq!(stranger.rest().await?, b"");
    // The end that was held with its bytes goes on as well, and the answer still comes.
    assert_eq!(brief.rest().await?, b"that is all");
    let received = gateway.server.connections();
    let received: Vec<_> = received.iter().map(|seen| seen.received()).collect();
    assert!(received.contains(&bytes) && received.contains(&b"that is all".to_vec()));
    assert_eq!(received.concat().len(), bytes.len() + 11);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_vault_that_stays_away_closes_connections_after_the_wait() -> Result<()> {
    let mut gateway = Gateway::furnish(b"", "500ms").await?;
    gateway.stage.vault.stop();
    gateway.start(|recipe| recipe).await?;
    let partner = gateway.stage.clients.partner.clone();
    gateway
        .refuses(&gateway.stage.client(Some(&partner))?)
        .await?;
    assert_eq!(gateway.server.received(), b"");
    gateway
        .envoy()
        .counted("downstream.denied.secret_absent", 1)
        .await?;
    gateway.stage.vault.resume().await?;
    until("the gateway to recover", PATIENCE, async || {
        let mut stream = gateway.connect(&partner).await?;
        Ok(stream.echo(b"hello").await.ok())
    })
    .await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_speaks_before_the_vault_has_answered_loses_the_connection() -> Result<()> {
    let mut gateway = Gateway::furnish(b"220 ready\r\n", "60s").await?;
    gateway.stage.vault.stop();
    gateway.start(|recipe| recipe).await?;
    let partner = gateway.stage.clients.partner.clone();
    let mut stream = gateway.connect(&partner).await?;
    assert_eq!(stream.rest().await?, b"");
    gateway.stage.vault.resume().await?;
    until("a greeting", PATIENCE, async || {
        let mut stream = gateway.connect(&partner).await?;
        Ok(stream.receive(11).await.ok())
    })
    .await?;
    Ok(())
}

//! The filter's virtual machine dies on purpose while it has connections.

use sallyport_tests::byte_stream::ByteStream;
use sallyport_tests::wait::{PATIENCE, until};
use sallyport_tests::{Result, files, program};

use super::gateway::Gateway;

/// Connections that are there when it dies, on either worker.
const OTHERS: usize = 8;

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_in_which_the_filter_dies_is_closed_and_a_new_filter_decides_the_next()
-> Result<()> {
    let mut gateway = Gateway::furnish(b"", "10s").await?;
    gateway.start(trapping).await?;
    let mut others = Vec::new();
    for _ in 0..OTHERS {
        others.push(gateway.live().await?);
    }
    for death in ["downstream arrival", "downstream departure"] {
        let mut trapped = decided(&gateway).await?;
        trapped.send(order(death).as_bytes()).await?;
        assert_eq!(trapped.rest().await?, b"", "{death}");
        decided(&gateway).await?;
        let rogue = gateway.stage.client(Some(&gateway.stage.clients.rogue))?;
        gateway.refuses(&rogue).await?;
    }
    // Those of the worker that died are closed at their next bytes, for nobody knows them any more.
    for mut other in others {
        if let Ok(heard) = other.echo(b"still there?").await {
            assert_eq!(heard, b"still there?");
        }
    }
    assert!(!said(&gateway).contains("x-trap"));
    gateway.envoy.as_mut().unwrap().still_runs()
}

#[tokio::test(flavor = "multi_thread")]
async fn bytes_that_were_held_when_the_filter_died_never_reach_the_server() -> Result<()> {
    let mut gateway = Gateway::furnish(b"", "60s").await?;
    gateway.stage.vault.stop();
    gateway.start(trapping).await?;
    let mut trapped = gateway.connect(&gateway.stage.clients.partner).await?;
    trapped.send(order("downstream tick").as_bytes()).await?;
    until("the death", PATIENCE, async || {
        let log = files::read(gateway.envoy().log())?;
        Ok(log.contains("a trap on purpose").then_some(()))
    })
    .await?;
    gateway.stage.vault.resume().await?;
    decided(&gateway).await?;
    trapped.send(b"anybody there?").await?;
    assert_eq!(trapped.rest().await?, b"");
    let said = said(&gateway);
    assert!(
        !said.contains("x-trap") && !said.contains("anybody"),
        "{said}"
    );
    gateway.envoy.as_mut().unwrap().still_runs()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_without_bytes_outlives_its_filter_no_longer_than_the_proxy_allows()
-> Result<()> {
    let longest = "max_downstream_connection_duration: ";
    let short = |recipe: String| {
        let short = recipe.replace(&format!("{longest}28800s"), &format!("{longest}10s"));
        assert_ne!(short, recipe);
        trapping(short)
    };
    let mut gateway = Gateway::furnish(b"", "10s").await?;
    gateway.start(short).await?;
    let mut idle = Vec::new();
    for _ in 0..OTHERS {
        idle.push(gateway.live().await?);
    }
    let mut trapped = decided(&gateway).await?;
    trapped.send(order("downstream arrival").as_bytes()).await?;
    assert_eq!(trapped.rest().await?, b"");
    for mut connection in idle {
        assert_eq!(connection.rest().await?, b"");
    }
    let ended = "tcp.mtls.max_downstream_connection_duration";
    let ended = gateway.envoy().stat(ended).await?;
    assert!(ended >= OTHERS as u64, "{ended}");
    Ok(())
}

/// A live connection; until there is a new filter, every connection is closed.
async fn decided(gateway: &Gateway) -> Result<ByteStream> {
    until("a filter", PATIENCE, async || Ok(gateway.live().await.ok())).await
}

/// The recipe with the filter that dies when a client says so.
fn trapping(recipe: String) -> String {
    let filter = program::trapping_filter_wasm().unwrap();
    recipe.replace("${FILTER_WASM}", &filter.to_string_lossy())
}

fn order(death: &str) -> String {
    format!("x-trap: {death}\n")
}

/// Everything that the server heard.
fn said(gateway: &Gateway) -> String {
    String::from_utf8_lossy(&gateway.server.received()).into_owned()
}

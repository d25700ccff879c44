//! A VM that dies while requests wait in it. Envoy does not answer those: its own time-out for idle streams does, which
//! is why the recipes lower it.

use http::StatusCode;
use sallyport_tests::Result;
use sallyport_tests::byte_upstream::ByteUpstream;
use sallyport_tests::demo::{Options, Stage};
use sallyport_tests::false_door::Trick;
use sallyport_tests::wait::{PATIENCE, until};
use tokio::task::JoinSet;

use super::scene::{Scene, order, refused};

const HELD: u64 = 8;

#[tokio::test(flavor = "multi_thread")]
async fn requests_that_wait_for_the_vault_end_when_the_filter_dies_in_its_tick() -> Result<()> {
    let scene = behind_a_silent_door("\"watch\": \"shared\"").await?;
    let ended = held_requests_end(scene, "downstream tick", Trick::Silence).await?;
    assert!(ended > 0, "nobody waited in the filter that died");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_that_wait_for_the_vault_end_when_the_filter_dies_of_its_answer() -> Result<()> {
    let scene = behind_a_silent_door("\"watch\": \"own\"").await?;
    let ended = held_requests_end(scene, "downstream answer", Trick::Honest).await?;
    assert!(ended > 0, "nobody waited in the filter that died");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_that_wait_end_when_the_one_who_watches_for_all_dies_of_the_answer() -> Result<()>
{
    let scene = behind_a_silent_door("\"watch\": \"shared\"").await?;
    // It may be the one on the main thread, which has no requests: then the others' pass.
    held_requests_end(scene, "anyone answer", Trick::Honest).await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_that_waits_for_its_servers_handshake_never_goes_on_after_the_filter_died()
-> Result<()> {
    let stage = Stage::furnish(Options::default()).await?;
    let server = ByteUpstream::with_greeting(stage.genuine(), b"").await?;
    let port = |port: u16| format!("port_value: {port}}}");
    let (from, to) = (stage.backend.address().port(), server.address().port());
    let mut scene = Scene::of(stage, |demo| {
        quick(demo)
            .replace(&port(from), &port(to))
            .replace("connect_timeout: 2s", "connect_timeout: 60s")
    })
    .await?;
    server.open_door(false);
    let mut connection = scene.connect().await?;
    let release = async {
        died(&scene).await?;
        server.open_door(true);
        until("the handshake", PATIENCE, async || {
            let done = server.connections().iter().any(|seen| seen.handshake());
            Ok(done.then_some(()))
        })
        .await
    };
    let trapped = async { Ok(connection.send(order("/trapped", "upstream tick")?).await) };
    let (reply, ()) = tokio::try_join!(trapped, release)?;
    assert!(refused(&reply), "{reply:?}");
    assert_eq!(server.received(), b"");
    until("a request of the next filter", PATIENCE, async || {
        // The server only says back what it hears, so that there is no good answer.
        let _ = scene.connect().await?.get("/after").await;
        let received = String::from_utf8_lossy(&server.received()).into_owned();
        assert!(!received.contains("/trapped"));
        Ok(received.contains("GET /after ").then_some(()))
    })
    .await?;
    scene.envoy.still_runs()
}

/// A gateway that has heard nothing from the vault yet.
async fn behind_a_silent_door(watch: &str) -> Result<Scene> {
    let mut stage = Stage::furnish(Options {
        recipe: Some("mtls-inbound"),
        ..Options::default()
    })
    .await?;
    stage.put_false_door().await?;
    stage.false_door()?.play(Trick::Silence);
    Scene::of(stage, |recipe| {
        quick(recipe).replace("\"environment\":", &format!("{watch}, \"environment\":"))
    })
    .await
}

/// Requests wait, a filter dies: none of them passes undecided, none hangs. How many ended with it.
async fn held_requests_end(mut scene: Scene, death: &str, cause: Trick) -> Result<u64> {
    let stranger = scene.stranger()?;
    let mut waiting = JoinSet::new();
    for number in 0..HELD {
        let mut connection = scene.connect().await?;
        let path = format!("/held/{number}");
        waiting.spawn(async move { (connection.get(&path).await, path) });
    }
    let mut connection = scene.connect().await?;
    // The stranger's waits as well.
    scene.envoy.counted("downstream.held", HELD + 1).await?;
    let trapped = order("/held/trapped", death)?;
    waiting.spawn(async move { (connection.send(trapped).await, "/held/trapped".to_owned()) });
    scene.envoy.counted("downstream.held", HELD + 2).await?;
    scene.stage.false_door()?.play(cause);
    died(&scene).await?;
    scene.stage.false_door()?.play(Trick::Honest);
    let mut ended = 0;
    while let Some(reply) = waiting.join_next().await {
        let (reply, path) = reply.unwrap();
        let reply = reply?;
        assert_eq!(reply.status.is_success(), scene.passed(&path), "{path}");
        ended += u64::from(reply.status != StatusCode::OK);
    }
    scene.everybody_passes().await?;
    scene.envoy.still_runs()?;
    stranger.never_passed(&scene).await?;
    Ok(ended)
}

/// The time-out that ends what waits, shorter than in the recipe.
fn quick(configuration: String) -> String {
    let bound = "stream_idle_timeout: 15s";
    assert!(configuration.contains(bound), "{configuration}");
    configuration.replace(bound, "stream_idle_timeout: 3s")
}

/// Waits for the death.
async fn died(scene: &Scene) -> Result<()> {
    scene.logged("a trap on purpose").await
}

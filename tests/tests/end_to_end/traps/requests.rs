//! A VM that dies in the middle of a request.

use http::StatusCode;
use sallyport_tests::Result;

use super::scene::{Scene, order, refused};

/// Whose VM, and when: before it decided about the client or the server, and right after, when the
/// request could go on.
const ORDERS: [&str; 4] = [
    "downstream arrival",
    "downstream departure",
    "upstream arrival",
    "upstream departure",
];

#[tokio::test(flavor = "multi_thread")]
async fn a_request_in_which_the_filter_dies_never_passes_and_a_new_filter_decides_the_next()
-> Result<()> {
    let mut scene = Scene::open(|demo| demo).await?;
    scene.everybody_passes().await?;
    let stranger = scene.stranger()?;
    let allowed = scene.envoy.count("downstream.allowed").await?;
    for (number, death) in (1..).zip(ORDERS) {
        let mut connection = scene.connect().await?;
        let reply = connection.send(order("/trapped", death)?).await;
        assert!(refused(&reply), "{death}: {reply:?}");
        scene.everybody_passes().await?;
        let reloads = scene.envoy.sum("vm_reload_success").await?;
        assert!(reloads >= number, "{reloads} after {death}");
    }
    assert!(!scene.passed("/trapped"));
    // What is counted goes on.
    scene
        .envoy
        .counted("downstream.allowed", allowed + 1)
        .await?;
    scene
        .a_rotation_arrives("demo-password-after-traps")
        .await?;
    scene.envoy.still_runs()?;
    stranger.never_passed(&scene).await
}

#[tokio::test(flavor = "multi_thread")]
async fn with_fail_closed_a_dead_filter_lets_nothing_pass_any_more() -> Result<()> {
    let mut scene = Scene::open(|demo| {
        demo.replace("failure_policy: FAIL_RELOAD", "failure_policy: FAIL_CLOSED")
    })
    .await?;
    scene.everybody_passes().await?;
    let stranger = scene.stranger()?;
    let mut connection = scene.connect().await?;
    let reply = connection
        .send(order("/trapped", "downstream arrival")?)
        .await;
    assert!(refused(&reply), "{reply:?}");
    for _ in 0..20 {
        // The worker of this connection has no filter any more.
        let reply = connection.get("/trapped").await?;
        assert_eq!(reply.status, StatusCode::SERVICE_UNAVAILABLE);
    }
    assert!(!scene.passed("/trapped"));
    scene.envoy.still_runs()?;
    stranger.never_passed(&scene).await
}

//! The one who watches for all filters dies.

use sallyport_tests::Result;

use super::scene::{Scene, order};

#[tokio::test(flavor = "multi_thread")]
async fn a_watcher_that_dies_is_replaced_and_rotations_still_arrive() -> Result<()> {
    let mut scene = Scene::open(|demo| demo).await?;
    scene.everybody_passes().await?;
    let stranger = scene.stranger()?;
    for (number, death) in (0..).zip([
        // The service on the main thread.
        "watcher tick",
        // Whoever took its place, in the middle of an answer that nobody else has.
        "anyone answer",
    ]) {
        let taken = scene.envoy.count("shared.lease_taken").await?;
        let reply = scene.connect().await?.send(order("/order", death)?).await?;
        assert!(reply.status.is_success(), "{death}: {reply:?}");
        scene
            .a_rotation_arrives(&format!("demo-password-{number}-after-a-death"))
            .await?;
        let moment = death.split_once(' ').unwrap().1;
        scene
            .logged(&format!("a trap on purpose: {moment}"))
            .await?;
        scene.envoy.counted("shared.lease_taken", taken + 1).await?;
        scene.everybody_passes().await?;
    }
    scene.envoy.still_runs()?;
    stranger.never_passed(&scene).await
}

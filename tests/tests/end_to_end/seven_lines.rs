//! What `make run` shows, each line as a test would have it: on one scene, in order.

use sallyport_tests::Result;
use sallyport_tests::demo::{
    Line, Options, Stage, good_client_passes, no_secret_is_written_anywhere,
    other_authority_is_refused, rotation_reaches_running_load, ungranted_gateway_is_refused,
    unpinned_client_is_refused, unpinned_upstream_gets_nothing,
};

#[tokio::test(flavor = "multi_thread")]
async fn the_seven_lines_hold() -> Result<()> {
    let mut stage = Stage::open(Options::default()).await?;
    holds(&good_client_passes(&mut stage).await?);
    holds(&other_authority_is_refused(&mut stage).await?);
    holds(&unpinned_client_is_refused(&mut stage).await?);
    holds(&unpinned_upstream_gets_nothing(&mut stage).await?);
    holds(&rotation_reaches_running_load(&mut stage).await?);
    holds(&ungranted_gateway_is_refused(&mut stage).await?);
    holds(&no_secret_is_written_anywhere(&mut stage).await?);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn two_scenes_side_by_side_do_not_collide() -> Result<()> {
    let (one, two) = tokio::join!(
        Stage::open(Options::default()),
        Stage::open(Options::default())
    );
    for mut stage in [one?, two?] {
        holds(&good_client_passes(&mut stage).await?);
        holds(&other_authority_is_refused(&mut stage).await?);
    }
    Ok(())
}

fn holds(line: &Line) {
    assert!(
        line.holds,
        "{}: expected {}, got {}",
        line.title, line.expected, line.got
    );
}

//! The recipes below `envoy/recipes`: the commands of each README are run, and a real Envoy is held to
//! what it claims.

mod bodies;
mod broken_off;
mod callers;
mod choices;
mod clients;
mod grown_bodies;
mod outage;
mod per_route;
mod stores;
mod upstreams;

use sallyport_tests::Result;
use sallyport_tests::client::Connection;
use sallyport_tests::demo::{NEXT_PASSWORD, Options, Stage, USERNAME, basic};
use sallyport_tests::pki::Identity;
use sallyport_tests::wait::{PATIENCE, until};

/// Connections for one answer, so that both workers are asked.
const CONNECTIONS: usize = 4;

/// A gateway that runs the recipe.
async fn gateway(recipe: &'static str) -> Result<Stage> {
    Stage::open(Options {
        recipe: Some(recipe),
        ..Options::default()
    })
    .await
}

/// Requests on connections of their own are all answered like this.
async fn gets(
    stage: &mut Stage,
    client: Option<&Identity>,
    path: &str,
    verdict: (u16, &str),
) -> Result<()> {
    let listener = stage.gateway()?.listener();
    let client = stage.client(client)?;
    for _ in 0..CONNECTIONS {
        let reply = client.get(listener, path).await?;
        assert_eq!(reply.verdict(), verdict, "{path}");
    }
    Ok(())
}

/// The password after `Rotate` is on its way to the backend.
async fn sends_the_next_password(stage: &Stage, connection: &mut Connection) -> Result<()> {
    let next = basic(USERNAME, NEXT_PASSWORD);
    until("the next password", PATIENCE, async || {
        connection.get("/rotated").await?;
        let seen = stage.backend.last_request();
        Ok(seen.filter(|seen| seen.header("authorization") == next))
    })
    .await?;
    Ok(())
}

fn followed_to_the_end(stage: &Stage) {
    let not_followed = stage.not_followed();
    assert!(not_followed.is_empty(), "{not_followed:?}");
}

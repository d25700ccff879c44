//! Servers behind HTTP APIs.

use super::log::Keep;
use super::scene::Scene;
use crate::Result;
use crate::demo::{NEXT_PASSWORD, USERNAME, basic};
use crate::wait::{PATIENCE, until};

/// The pin of a server goes; requests were let go to it before.
pub(super) async fn pins() -> Result<String> {
    let mut scene = Scene::open("pin-upstream").await?;
    let mut connection = scene.connect(None).await?;
    connection.ends_with("/", (200, "")).await?;
    connection.get("/again").await?;
    connection
        .ends_with("/impostor", (502, "pin_mismatch"))
        .await?;
    scene.stage.follow("Announce the next key").await?;
    connection.ends_with("/impostor", (200, "")).await?;
    scene.stage.follow("Drop the old key").await?;
    connection.ends_with("/", (502, "pin_mismatch")).await?;
    scene.end(Keep::Busy)
}

/// A credential goes to the server that passed, and after its rotation the next one.
pub(super) async fn credentials() -> Result<String> {
    let mut scene = Scene::open("inject-credentials").await?;
    let mut connection = scene.connect(None).await?;
    connection.ends_with("/", (200, "")).await?;
    connection.get("/again").await?;
    connection
        .ends_with("/impostor", (502, "pin_mismatch"))
        .await?;
    scene.stage.follow("Rotate").await?;
    let next = basic(USERNAME, NEXT_PASSWORD);
    until("the next password", PATIENCE, async || {
        connection.get("/rotated").await?;
        let seen = scene.stage.backend.last_request();
        Ok(seen.filter(|seen| seen.header("authorization") == next))
    })
    .await?;
    scene.end(Keep::Busy)
}

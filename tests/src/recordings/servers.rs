//! Servers behind HTTP APIs.

use http::Request;

use super::log::Keep;
use super::scene::Scene;
use crate::Result;
use crate::client::Connection;
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
    goes_out(&scene, &mut connection, NEXT_PASSWORD).await?;
    scene.end(Keep::Busy)
}

/// A service watches for the filters of both sides; what it publishes reaches them.
pub(super) async fn a_service_that_watches() -> Result<String> {
    let mut scene = Scene::furnish(None, "10s").await?;
    scene.start(|demo| demo, &[]).await?;
    let partner = scene.stage.clients.partner.clone();
    let mut connection = scene.connect(Some(&partner)).await?;
    connection.ends_with("/", (200, "")).await?;
    let next = "recorded-password-two";
    scene.stage.rotate(next).await?;
    goes_out(&scene, &mut connection, next).await?;
    scene.end(Keep::Living)
}

async fn goes_out(scene: &Scene, connection: &mut Connection, password: &str) -> Result<()> {
    let credential = basic(USERNAME, password);
    until("the next password", PATIENCE, async || {
        connection.get("/rotated").await?;
        let seen = scene.stage.backend.last_request();
        Ok(seen.filter(|seen| seen.header("authorization") == credential))
    })
    .await?;
    Ok(())
}

/// A body is encrypted for a partner; what the partner got is opened again, but not once it is altered.
pub(super) async fn bodies() -> Result<String> {
    let scene = Scene::open("encrypt-bodies").await?;
    let partner = scene.stage.clients.partner.clone();
    let mut connection = scene.connect(Some(&partner)).await?;
    connection
        .send(post("/partner", "text/plain", "pay 10")?)
        .await?;
    let seen = scene.stage.backend.last_request();
    let encrypted = seen.map(|seen| String::from_utf8_lossy(&seen.body).into_owned());
    let encrypted = encrypted.unwrap_or_default();
    let altered = encrypted.replacen('.', ".A", 1);
    for message in [&encrypted, &altered] {
        connection
            .send(post("/orders", "application/jose", message)?)
            .await?;
    }
    scene.end(Keep::Busy)
}

fn post(target: &str, media_type: &str, body: &str) -> Result<Request<String>> {
    let request = Request::post(target).header("content-type", media_type);
    Ok(request.body(body.to_owned())?)
}

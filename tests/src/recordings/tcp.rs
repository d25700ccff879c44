//! TCP connections.

use super::log::Keep;
use super::scene::{Scene, own_watch};
use crate::Result;
use crate::byte_upstream::ByteUpstream;

/// Bytes of a good client, of a stranger, and an open connection whose pin goes.
pub(super) async fn connections() -> Result<String> {
    let mut scene = Scene::furnish("tcp", "10s").await?;
    let server = ByteUpstream::start(scene.stage.genuine()).await?;
    let port = ("BACKEND_PORT", server.address().port().to_string());
    scene.start(own_watch, &[port]).await?;
    let listener = scene.envoy()?.listener();
    let clients = scene.stage.clients.clone();
    let mut open = scene
        .client(Some(&clients.partner))?
        .connect_bytes(listener)
        .await?;
    open.echo(b"hello").await?;
    let mut brief = scene
        .client(Some(&clients.partner))?
        .connect_bytes(listener)
        .await?;
    brief.echo(b"that is all").await?;
    brief.finish().await?;
    brief.rest().await?;
    if let Ok(mut stranger) = scene
        .client(Some(&clients.rogue))?
        .connect_bytes(listener)
        .await
    {
        // The gateway may be faster than the client.
        let _ = stranger.send(b"anybody there?").await;
        stranger.rest().await?;
    }
    scene.stage.follow("Cut everybody off").await?;
    open.rest().await?;
    scene
        .envoy()?
        .counted("downstream.cut.pin_mismatch", 1)
        .await?;
    scene.end(Keep::Busy)
}

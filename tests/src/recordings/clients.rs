//! Clients of HTTP APIs.

use std::collections::BTreeSet;

use http::Request;

use super::log::Keep;
use super::scene::{Scene, own_watch};
use crate::Result;
use crate::client::Connection;
use crate::demo::{FIRST_PASSWORD, NEXT_PASSWORD, basic};
use crate::message_signature::signed;
use crate::wait::{PATIENCE, until};

/// A pin is replaced and put back, then the certificate is revoked; the connection stays the same.
pub(super) async fn rotation_and_revocation() -> Result<String> {
    let mut scene = Scene::furnish("crl", "10s").await?;
    let clients = scene.stage.clients.clone();
    let pins = ["pinset", "create", "partners", "--file", "partner-cert.pem"];
    scene.say(&pins).await?;
    scene.write(
        "issuing.crl",
        &clients.authority.crl(1, &[&clients.unpinned])?,
    )?;
    let publish = [
        "crl-distributor",
        "publish",
        "partners",
        "--file",
        "issuing.crl",
    ];
    scene.say(&publish).await?;
    let pinned = |recipe: String| {
        let pins = r#""downstream": {"certificatePinset": "secret://payments/certificatePinsets/partners", "#;
        own_watch(recipe.replace("\"downstream\": {", pins))
    };
    scene.start(pinned, &[]).await?;

    let mut connection = scene.connect(Some(&clients.partner)).await?;
    connection.ends_with("/", (200, "")).await?;
    connection.get("/again").await?;
    let mut rogue = scene.connect(Some(&clients.rogue)).await?;
    rogue.ends_with("/", (403, "unknown_issuer")).await?;
    for (file, verdict) in [
        ("backend-cert.pem", (403, "pin_mismatch")),
        ("partner-cert.pem", (200, "")),
    ] {
        scene
            .say(&["pinset", "replace", "partners", "--file", file])
            .await?;
        connection.ends_with("/rotated", verdict).await?;
    }
    let revoked = [&clients.unpinned, &clients.partner];
    scene.write("issuing.crl", &clients.authority.crl(2, &revoked)?)?;
    scene.say(&publish).await?;
    connection
        .ends_with("/revoked", (403, "certificate_revoked"))
        .await?;
    scene.end(Keep::Busy)
}

/// A request waits in vain, later ones find the vault.
pub(super) async fn vault_down_at_the_start() -> Result<String> {
    let mut scene = Scene::furnish("mtls-inbound", "1s").await?;
    scene.stage.vault.stop();
    scene.start(own_watch, &[]).await?;
    let partner = scene.stage.clients.partner.clone();
    let mut connection = scene.connect(Some(&partner)).await?;
    connection
        .ends_with("/early", (503, "secret_absent"))
        .await?;
    scene.stage.vault.resume().await?;
    scene.envoy()?.counted("vault.answers", 1).await?;
    connection.ends_with("/later", (200, "")).await?;
    scene.end(Keep::Busy)
}

/// Filters of two workers and of the main thread share one watch; a change reaches them all.
pub(super) async fn two_workers() -> Result<String> {
    let mut scene = Scene::furnish("mtls-inbound", "10s").await?.with_workers(2);
    scene.start(|recipe| recipe, &[]).await?;
    let clients = scene.stage.clients.clone();
    let mut connections = both_workers(&scene).await?;
    let change = [
        "truststore",
        "replace",
        "partners",
        "--file",
        "internal-ca.pem",
    ];
    scene.say(&change).await?;
    for connection in &mut connections {
        connection
            .ends_with("/after", (403, "unknown_issuer"))
            .await?;
    }
    let mut colleague = scene.connect(Some(&clients.colleague)).await?;
    colleague.ends_with("/after", (200, "")).await?;
    scene.end(Keep::Living)
}

/// Connections that both workers have some of.
async fn both_workers(scene: &Scene) -> Result<Vec<Connection>> {
    let partner = scene.stage.clients.partner.clone();
    let mut connections = Vec::new();
    until("both workers to have connections", PATIENCE, async || {
        let mut connection = scene.connect(Some(&partner)).await?;
        connection.ends_with("/before", (200, "")).await?;
        connections.push(connection);
        let (_, listeners) = scene
            .envoy()?
            .admin()
            .get("/stats?filter=worker_..downstream_cx_total")
            .await?;
        let busy: BTreeSet<_> = listeners
            .lines()
            .filter(|line| !line.ends_with(": 0"))
            .collect();
        Ok((busy.len() == 2).then_some(()))
    })
    .await?;
    Ok(connections)
}

/// Passwords of two versions, a wrong one, and signatures of which one comes twice.
pub(super) async fn callers() -> Result<String> {
    let mut scene = Scene::open("check-callers").await?;
    let mut connection = scene.connect(None).await?;
    let first = basic("partner-app", FIRST_PASSWORD);
    let next = basic("partner-app", NEXT_PASSWORD);
    let wrong = basic("partner-app", "wrong");
    let ask = |credential: &str| {
        let request = Request::get("/orders").header("authorization", credential);
        request.body(String::new())
    };
    for credential in [&first, &wrong] {
        connection.send(ask(credential)?).await?;
    }
    scene.stage.follow("Rotate").await?;
    until("the next password", PATIENCE, async || {
        let reply = connection.send(ask(&next)?).await?;
        Ok((reply.verdict() == (200, "")).then_some(()))
    })
    .await?;
    connection.send(ask(&first)?).await?;
    for nonce in ["n1", "n1", "n2"] {
        let mut request = Request::post("/signed");
        for (name, value) in signed("/signed", nonce, b"pay 10") {
            request = request.header(name, value);
        }
        connection.send(request.body("pay 10")?).await?;
    }
    scene.end(Keep::Busy)
}

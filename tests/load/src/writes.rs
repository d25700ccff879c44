//! New secrets, each on the disk and in the audit log before it is confirmed: the Manager beside OpenBao,
//! by turns, each with its own processor and TLS.
//!
//! The quota of the public door has to be raised (`SALLYPORT_REQUESTS_PER_SECOND`, `SALLYPORT_BURST`).

use std::path::Path;
use std::time::Duration;

use rustls::ALL_VERSIONS;
use sallyport_tests::demo::{Options, Stage};
use sallyport_tests::manager::Manager;
use sallyport_tests::{Result, tls};
use serde_json::json;

use crate::contest::Contest;
use crate::hammer::{Hammer, NUMBER, Request, Target};
use crate::openbao::{OpenBao, Storage, Token};
use crate::process;
use crate::rotator::id_of;
use crate::syncs::Syncs;

/// The servers' processor; the client has the other one.
const PROCESSOR: usize = 0;

/// How long writes are traced, and made before that.
const TRACED: Duration = Duration::from_secs(1);
const WARM_UP: Duration = Duration::from_millis(100);

/// Prints a table and writes all numbers.
pub(crate) async fn run(bao: &Path, json: &Path) -> Result<()> {
    let stage = Stage::furnish(Options::default()).await?;
    let vault = stage.vault.id().unwrap_or_default();
    let pebble = OpenBao::start(bao, Storage::PebbleDb).await?;
    let raft = OpenBao::start(bao, Storage::Raft).await?;
    for server in [vault, pebble.id(), raft.id()] {
        process::pin(server, PROCESSOR)?;
    }
    let mut contest = Contest::new(3);
    for connections in [16, 1] {
        let of_pebble = pebble.write(Token::Fairest).await?;
        contest.add("OpenBao, pebbledb", pebble.id(), of_pebble, connections);
        let of_raft = raft.write(Token::Fairest).await?;
        contest.add("OpenBao, raft", raft.id(), of_raft, connections);
        contest.add("sallyport", vault, write(&stage).await?, connections);
    }
    contest.run().await?;
    contest.print("req/s : OpenBao, pebbledb", |turn| turn.throughput);
    contest.write(json)?;
    println!("\nsyncs of the disk per write, one write at a time:");
    for (name, server, target) in [
        (
            "OpenBao, pebbledb",
            pebble.id(),
            pebble.write(Token::Fairest).await?,
        ),
        (
            "OpenBao, raft",
            raft.id(),
            raft.write(Token::Fairest).await?,
        ),
        ("sallyport", vault, write(&stage).await?),
    ] {
        println!("{name:<20}{:>6.2}", syncs_per_write(server, &target).await?);
    }
    Ok(())
}

/// Seen by `strace`, which has to be installed.
async fn syncs_per_write(server: u32, target: &Target) -> Result<f64> {
    let mut hammer = Hammer::lift(target, 1).await?;
    hammer.strike(WARM_UP).await?;
    let syncs = Syncs::of(server).await?;
    let strokes = hammer.strike(TRACED).await?;
    Ok(syncs.count()? as f64 / strokes.latencies.len() as f64)
}

/// Each time another secret, in the group `payments`.
async fn write(stage: &Stage) -> Result<Target> {
    let manager = Manager::login(&stage.vault).await?;
    let group = id_of(&manager, "secretGroups", "payments").await?;
    let path = manager.path(&format!("secretGroups/{group}/sharedSecrets"));
    let body = json!({
        "name": format!("written-{NUMBER}"), "type": "UsernamePassword",
        "username": "gateway", "password": "load-password-77ab19",
    })
    .to_string();
    Ok(Target {
        peer: stage.vault.manager(),
        name: "localhost",
        tls: tls::client(&stage.vault.ca()?, None, ALL_VERSIONS)?,
        request: Request::Text(
            format!(
                "POST {path} HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {}\r\n\
             content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
                manager.token(),
                body.len()
            )
            .into_bytes(),
        ),
    })
}

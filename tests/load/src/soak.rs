//! Full load for a long time, while the credential is rotated every second and the vault is killed
//! and started again: nobody wrong gets in, nobody right is kept out, and memory stays where it is.

use std::path::Path;
use std::time::{Duration, Instant};

use sallyport_tests::demo::{Options, Stage};
use sallyport_tests::envoy::Room;
use sallyport_tests::{Error, Result};
use serde::Serialize;

use crate::backend::Backend;
use crate::rotator::Rotator;
use crate::scene::{Parts, Scene, write_json};
use crate::{authorizer, process};

const CONNECTIONS: usize = 16;

/// One look at everything.
const STEP: Duration = Duration::from_secs(1);

/// The vault is killed this often.
const VAULT_LIVES: u64 = 45;

/// Memory is compared from here on: buffers and caches have their size by then.
const WARM: Duration = Duration::from_secs(60);

/// A request that takes longer hung.
const HUNG: Duration = Duration::from_secs(5);

#[derive(Default, Serialize)]
struct Report {
    seconds: u64,
    requests: usize,
    /// Answers that were not 200, to a client that may come in.
    refused: u64,
    /// Requests slower than five seconds.
    hung: usize,
    /// Requests of a client that may not come in, and how many of them passed.
    strangers: u64,
    strangers_passed: u64,
    rotations: u64,
    /// The longest time from the Manager's answer to the first request with the new value, in milliseconds.
    slowest_rotation: f64,
    vault_kills: u64,
    slowest_request: f64,
    /// Resident memory of Envoy, in KiB, once per second.
    memory: Vec<u64>,
}

/// Runs for that many minutes, prints the outcome and writes all numbers.
pub(crate) async fn run(minutes: &str, json: &Path) -> Result<()> {
    let minutes: f64 = minutes
        .parse()
        .map_err(|_| Error::NotStarted("the soak: minutes are a number; it"))?;
    let until = Instant::now() + Duration::from_secs_f64(minutes * 60.0);
    let mut stage = Stage::furnish(Options::default()).await?;
    let backend = Backend::start(stage.genuine()).await?;
    let parts = Parts {
        stage: &stage,
        backend: &backend,
        authorizer: authorizer::start().await?,
        noop: Path::new(""),
    };
    let mut gateway = Scene::Sallyport
        .open(&parts, Room::default(), CONNECTIONS)
        .await?;
    let mut rotator = Rotator::find(&stage).await?;
    let stranger = stage.client(Some(&stage.clients.unpinned))?;
    let listener = gateway.envoy.listener();
    let mut report = Report::default();
    let start = Instant::now();
    while Instant::now() < until {
        report.seconds += 1;
        if report.seconds.is_multiple_of(VAULT_LIVES) {
            stage.vault.kill();
            report.vault_kills += 1;
        }
        let work = async {
            if stage.vault.id().is_none() {
                // A second without a vault, then it comes back.
                return Ok(None);
            }
            let (at, change) = rotator.rotate().await?;
            let reached = change.reaches(&backend, at, Duration::ZERO).await?;
            Ok::<_, Error>(Some(reached.first_new))
        };
        let knock = async {
            let reply = stranger.get(listener, "/stranger").await?;
            Ok::<_, Error>(u64::from(reply.status.is_success()))
        };
        let (strokes, rotated, passed) =
            tokio::try_join!(gateway.hammer.strike(STEP), work, knock)?;
        if stage.vault.id().is_none() {
            stage.vault.resume().await?;
        }
        report.requests += strokes.latencies.len();
        report.refused += strokes.refused;
        report.strangers += 1;
        report.strangers_passed += passed;
        for latency in strokes.latencies {
            let latency = Duration::from_nanos(latency);
            report.hung += usize::from(latency > HUNG);
            report.slowest_request = report.slowest_request.max(latency.as_secs_f64() * 1e3);
        }
        if let Some(first_new) = rotated {
            report.rotations += 1;
            report.slowest_rotation = report.slowest_rotation.max(first_new.as_secs_f64() * 1e3);
        }
        report.memory.push(process::resident(gateway.envoy.id())?);
        if report.seconds.is_multiple_of(60) {
            eprintln!(
                "  {} s: {} requests, {} KiB ...",
                start.elapsed().as_secs(),
                report.requests,
                report.memory.last().unwrap_or(&0)
            );
        }
        gateway.envoy.still_runs()?;
    }
    report.print();
    write_json(json, &report)
}

impl Report {
    fn print(&self) {
        println!("\n{} s, {} requests", self.seconds, self.requests);
        println!(
            "good client: {} refused, {} hung, slowest {:.1} ms",
            self.refused, self.hung, self.slowest_request
        );
        println!(
            "unpinned client: {} of {} passed",
            self.strangers_passed, self.strangers
        );
        println!(
            "{} rotations, slowest {:.1} ms; the vault was killed {} times",
            self.rotations, self.slowest_rotation, self.vault_kills
        );
        let warm = usize::try_from(WARM.as_secs()).unwrap_or(0);
        let steady = self.memory.get(warm..).unwrap_or(&self.memory);
        // The first and the last tenth: single samples jump.
        let tenth = (steady.len() / 10).max(1);
        let mean = |part: &[u64]| part.iter().sum::<u64>() as f64 / part.len().max(1) as f64;
        let first = mean(steady.get(..tenth).unwrap_or_default());
        let last = mean(
            steady
                .get(steady.len().saturating_sub(tenth)..)
                .unwrap_or_default(),
        );
        println!(
            "memory after the first minute: {first:.0} KiB, at the end: {last:.0} KiB ({:+.1} %)",
            (last / first - 1.0) * 100.0
        );
    }
}

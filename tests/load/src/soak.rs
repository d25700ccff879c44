//! Full load for a long time, while the credential is rotated every second, the vault is killed and started again,
//! and filters die and are configured anew: nobody wrong gets in, nobody right is kept out but where a filter died, and
//! memory stays where it is.

mod report;
mod upheaval;

use std::cell::Cell;
use std::path::Path;
use std::time::{Duration, Instant};

use sallyport_tests::demo::{Options, Stage};
use sallyport_tests::envoy::Room;
use sallyport_tests::{Error, Result};

use crate::authorizer::Authorizer;
use crate::backend::Backend;
use crate::hammer::Strokes;
use crate::process;
use crate::rotator::Rotator;
use crate::scene::{Parts, Scene, write_json};
use report::Report;
use upheaval::Upheaval;

const CONNECTIONS: usize = 16;

/// One look at everything.
const STEP: Duration = Duration::from_secs(1);

/// The vault is killed this often.
const VAULT_LIVES: u64 = 45;

/// Runs for that many minutes, prints the outcome and writes all numbers.
pub(crate) async fn run(minutes: &str, json: &Path) -> Result<()> {
    let minutes: f64 = minutes
        .parse()
        .map_err(|_| Error::NotStarted("the soak: minutes are a number; it"))?;
    let mut stage = Stage::furnish(Options::default()).await?;
    let backend = Backend::start(stage.genuine()).await?;
    let parts = Parts {
        stage: &stage,
        backend: &backend,
        authorizer: &Authorizer::start()?,
        noop: Path::new(""),
    };
    let mut gateway = Scene::Mortal
        .open(&parts, Room::default(), CONNECTIONS)
        .await?;
    let mut rotator = Rotator::find(&stage).await?;
    let stranger = stage.client(Some(&stage.clients.unpinned))?;
    let listener = gateway.envoy.listener();
    let mut upheaval = Upheaval::new(&stage, listener)?;
    let mut report = Report::default();
    let start = Instant::now();
    let until = start + Duration::from_secs_f64(minutes * 60.0);
    while Instant::now() < until {
        report.rounds += 1;
        if report.rounds.is_multiple_of(VAULT_LIVES) {
            stage.vault.kill();
            report.vault_kills += 1;
        }
        let arrived = Cell::new(false);
        let load = async {
            let mut strokes = gateway.hammer.strike(STEP).await?;
            // Nobody sees a new credential while nobody asks.
            while !arrived.get() {
                strokes.add(gateway.hammer.strike(STEP / 10).await?);
            }
            Ok::<_, Error>(strokes)
        };
        let work = async {
            if stage.vault.id().is_none() {
                // A second without a vault, then it comes back.
                arrived.set(true);
                return Ok(None);
            }
            let (at, change) = rotator.rotate().await?;
            let reached = change.reaches(&backend, at, Duration::ZERO).await?;
            arrived.set(true);
            Ok::<_, Error>(Some((at, reached.first_new)))
        };
        let knock = async { Ok(stranger.get(listener, "/stranger").await) };
        let (strokes, rotated, answer, ()) =
            tokio::try_join!(load, work, knock, upheaval.strike(report.rounds, &stage))?;
        if stage.vault.id().is_none() {
            stage.vault.resume().await?;
        }
        report.add(&strokes, &upheaval);
        if let Some((at, first_new)) = rotated {
            report.rotated(at, first_new, &upheaval);
        }
        report.strangers += 1;
        match answer {
            Ok(reply) => report.strangers_passed += u64::from(reply.status.is_success()),
            Err(_) => report.strangers_unanswered += 1,
        }
        report.memory.push(process::resident(gateway.envoy.id())?);
        if report.rounds.is_multiple_of(60) {
            eprintln!(
                "  {} s: {} requests, {} KiB ...",
                start.elapsed().as_secs(),
                report.requests,
                report.memory.last().unwrap_or(&0)
            );
        }
        gateway.envoy.still_runs()?;
    }
    report.seconds = start.elapsed().as_secs();
    report.deaths = upheaval.deaths();
    report.trapped_passed = upheaval.trapped_passed;
    report.configurations = upheaval.configurations;
    report.reloads = gateway.envoy.sum("vm_reload_success").await?;
    report.reconfigured = gateway
        .envoy
        .sum("sallyport.downstream.config_reload")
        .await?;
    report.print();
    write_json(json, &report)
}

impl Report {
    fn add(&mut self, strokes: &Strokes, upheaval: &Upheaval) {
        self.requests += strokes.latencies.len() + strokes.broken.len();
        for at in strokes.refused.iter().chain(&strokes.broken) {
            match upheaval.explains(*at, *at) {
                Some(after) => {
                    self.cut += 1;
                    self.slowest_recovery = self.slowest_recovery.max(milliseconds(after));
                }
                None => self.refused += 1,
            }
        }
        for (from, to) in &strokes.hung {
            match upheaval.explains(*from, *to) {
                Some(_) => self.stranded += 1,
                None => self.hung += 1,
            }
        }
        let slowest = strokes.latencies.iter().max().copied().unwrap_or(0);
        let slowest = milliseconds(Duration::from_nanos(slowest));
        self.slowest_request = self.slowest_request.max(slowest);
    }

    fn rotated(&mut self, at: Instant, first_new: Duration, upheaval: &Upheaval) {
        self.rotations += 1;
        let slowest = match upheaval.explains(at, at + first_new) {
            Some(_) => &mut self.slowest_rotation_after_death,
            None => &mut self.slowest_rotation,
        };
        *slowest = slowest.max(milliseconds(first_new));
    }
}

fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

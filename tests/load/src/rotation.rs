//! How soon a rotated credential is in use on both workers, under load.

use std::path::Path;
use std::time::Duration;

use sallyport_tests::demo::{Options, Stage};
use sallyport_tests::envoy::Room;
use sallyport_tests::{Error, Result};
use serde::Serialize;

use crate::authorizer::Authorizer;
use crate::backend::Backend;
use crate::percentiles::Percentiles;
use crate::rotator::{Reached, Rotator};
use crate::scene::{Parts, Scene, write_json};

const ROTATIONS: usize = 100;
const CONNECTIONS: usize = 8;

/// How long the old value is watched for after the new one was seen.
const QUIET: Duration = Duration::from_millis(250);

#[derive(Default, Serialize)]
struct Report {
    requests: usize,
    failed: usize,
    /// Milliseconds, ascending.
    first_new: Vec<f64>,
    /// Milliseconds, ascending.
    last_old: Vec<f64>,
}

/// Prints the percentiles and writes all numbers.
pub(crate) async fn run(json: &Path) -> Result<()> {
    let stage = Stage::furnish(Options::default()).await?;
    let backend = Backend::start(stage.genuine()).await?;
    let parts = Parts {
        stage: &stage,
        backend: &backend,
        authorizer: &Authorizer::start()?,
        noop: Path::new(""),
    };
    let gateway = Scene::Sallyport
        .open(&parts, Room::default(), CONNECTIONS)
        .await?;
    let mut rotator = Rotator::find(&stage).await?;
    let mut hammer = gateway.hammer;
    let (mut done, mut report) = (false, Report::default());
    let (stop, mut stopped) = tokio::sync::watch::channel(false);
    let load = tokio::spawn(async move {
        let mut sum = (0, 0);
        while !*stopped.borrow_and_update() {
            let strokes = hammer.strike(Duration::from_millis(200)).await?;
            sum = (sum.0 + strokes.latencies.len(), sum.1 + strokes.failed());
        }
        Ok::<_, Error>(sum)
    });
    let mut reached: Vec<Reached> = Vec::new();
    while !done {
        let (at, change) = rotator.rotate().await?;
        reached.push(change.reaches(&backend, at, QUIET).await?);
        done = reached.len() == ROTATIONS;
        if reached.len().is_multiple_of(20) {
            eprintln!("  {} of {ROTATIONS} rotations ...", reached.len());
        }
    }
    let _ = stop.send(true);
    (report.requests, report.failed) = load.await.map_err(|_| Error::NotStarted("the load"))??;
    let milliseconds = |of: fn(&Reached) -> Duration| {
        Percentiles::of(reached.iter().map(|one| of(one).as_secs_f64() * 1e3))
    };
    let first_new = milliseconds(|one| one.first_new);
    let last_old = milliseconds(|one| one.last_old);
    report.first_new = first_new.all().to_vec();
    report.last_old = last_old.all().to_vec();

    println!(
        "\n{ROTATIONS} rotations under load at two workers, {} of {} requests failed",
        report.failed, report.requests
    );
    println!(
        "{:<44}{:>8}{:>8}{:>8}{:>8}",
        "milliseconds after the Manager's answer", "p50", "p90", "p99", "max"
    );
    for (what, all) in [
        ("first request with the new value", first_new),
        ("last request with the old value", last_old),
    ] {
        let [p50, p90, p99, max] = [50, 90, 99, 100].map(|percent| all.at(percent));
        println!("{what:<44}{p50:>8.1}{p90:>8.1}{p99:>8.1}{max:>8.1}");
    }
    write_json(json, &report)
}

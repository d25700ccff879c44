//! Whether a vault with many secrets starts and reads as one with a few.
//!
//! The quota of the public door has to be raised (`SALLYPORT_REQUESTS_PER_SECOND`, `SALLYPORT_BURST`):
//! the secrets are stored as fast as the vault takes them.

use std::path::Path;
use std::time::{Duration, Instant};

use http::Method;
use sallyport_bench::Spread;
use sallyport_tests::client::{Client, Connection};
use sallyport_tests::demo::{Options, Stage};
use sallyport_tests::manager::Manager;
use sallyport_tests::pki::Identity;
use sallyport_tests::provider::Provider;
use sallyport_tests::wait::PATIENCE;
use sallyport_tests::{Error, Result};
use serde::Serialize;
use serde_json::json;
use tokio::task::JoinSet;

use crate::process;
use crate::rotator::id_of;
use crate::scene::write_json;

const SIZES: [usize; 3] = [10, 10_000, 100_000];

/// Connections that store secrets.
const WRITERS: usize = 16;

/// How often the vault is started anew with each number of secrets.
const STARTS: usize = 11;

/// Reads of each kind, one after the other on one connection.
const READS: usize = 10_000;

/// Most secrets that are read.
const SPREAD: usize = 10_000;

/// From one secret that is read to the next, so that neighbours are not read together.
const STRIDE: usize = 7_919;

/// Between attempts to connect to a vault that starts.
const PAUSE: Duration = Duration::from_millis(1);

/// What it came to with so many secrets.
#[derive(Serialize)]
struct Figures {
    secrets: usize,
    /// Secrets stored per second, by 16 writers at the same time.
    stored: f64,
    starts: Vec<Start>,
    /// Half of the first reads of a secret took no longer, in microseconds.
    first_read: f64,
    /// The same of those after them.
    warm_read: f64,
    /// The vault's processor time per warm read, in microseconds.
    processor: f64,
    /// Resident memory of the vault after the reads, in KiB.
    resident: u64,
}

/// A start of the process.
#[derive(Serialize)]
struct Start {
    /// Milliseconds from then to the answer to the first authorised read.
    answered: f64,
    /// Milliseconds that this read took, on a connection that was open.
    read: f64,
    /// Resident memory afterwards, in KiB.
    resident: u64,
}

/// Measures, prints and writes all numbers.
pub(crate) async fn run(json: &Path) -> Result<()> {
    let mut stage = Stage::furnish(Options::default()).await?;
    let mut all: Vec<Figures> = Vec::with_capacity(SIZES.len());
    let mut there = 0;
    for secrets in SIZES {
        eprintln!("  {secrets} secrets ...");
        let start = Instant::now();
        store(&stage, there, secrets).await?;
        let stored = (secrets - there) as f64 / start.elapsed().as_secs_f64();
        there = secrets;
        all.push(measure(&mut stage, secrets, stored).await?);
    }
    print(&all);
    write_json(json, &all)?;
    println!("All numbers: {}", json.display());
    Ok(())
}

/// Stores the secrets from one number to another.
async fn store(stage: &Stage, from: usize, to: usize) -> Result<()> {
    let manager = Manager::login(&stage.vault).await?;
    let group = id_of(&manager, "secretGroups", "payments").await?;
    let path = manager.path(&format!("secretGroups/{group}/sharedSecrets"));
    let client = Client::new(&stage.vault.ca()?, "localhost", None)?;
    let mut writers = JoinSet::new();
    for writer in 0..WRITERS {
        let mut connection = client.connect(stage.vault.manager()).await?;
        let (manager, path) = (manager.clone(), path.clone());
        writers.spawn(async move {
            for number in (from + writer..to).step_by(WRITERS) {
                let secret = json!({
                    "name": name(number), "type": "UsernamePassword",
                    "username": "gateway", "password": format!("password-{number}-51fe"),
                });
                let request = manager.request(Method::POST, &path);
                let request = request.header("content-type", "application/json");
                let reply = connection.send(request.body(secret.to_string())?).await?;
                reply.success("the secret")?;
            }
            Ok::<_, Error>(())
        });
    }
    while let Some(ended) = writers.join_next().await {
        ended.map_err(|_| Error::NotStarted("the writers"))??;
    }
    Ok(())
}

async fn measure(stage: &mut Stage, secrets: usize, stored: f64) -> Result<Figures> {
    let edge = Identity::of_gateway(&stage.edge)?;
    let provider = Provider::new(&stage.vault, Some(&edge))?;
    let mut starts = Vec::with_capacity(STARTS);
    for number in 0..STARTS {
        starts.push(start(stage, &provider, number * STRIDE % secrets).await?);
    }
    // A start that has answered one read; that one is not among the first reads.
    let last = (STARTS - 1) * STRIDE % secrets;
    let vault = stage.vault.id().unwrap_or_default();
    let numbers = |reads| (1..=reads).map(move |number| (last + number * STRIDE) % secrets);
    let mut connection = provider.connect().await?;
    let first = secrets.min(SPREAD) - 1;
    let first_read = read_all(&provider, &mut connection, numbers(first)).await?;
    let cycle = (0..READS).map(|number| number % first + 1);
    let warm = cycle.map(|number| (last + number * STRIDE) % secrets);
    let spent = process::processor_time(vault)?;
    let warm_read = read_all(&provider, &mut connection, warm).await?;
    let spent = process::processor_time(vault)? - spent;
    Ok(Figures {
        secrets,
        stored,
        starts,
        first_read,
        warm_read,
        processor: spent as f64 / 1e3 / READS as f64,
        resident: process::resident(vault)?,
    })
}

/// Starts the vault anew and reads one secret.
async fn start(stage: &mut Stage, provider: &Provider, number: usize) -> Result<Start> {
    stage.vault.stop();
    let start = Instant::now();
    let first_read = async {
        let mut connection = loop {
            match provider.connect().await {
                Err(_) if start.elapsed() < PATIENCE => tokio::time::sleep(PAUSE).await,
                connected => break connected?,
            }
        };
        let asked = Instant::now();
        read(provider, &mut connection, number).await?;
        Ok((start.elapsed(), asked.elapsed()))
    };
    let ((), (answered, read)) = tokio::try_join!(stage.vault.resume(), first_read)?;
    Ok(Start {
        answered: answered.as_secs_f64() * 1e3,
        read: read.as_secs_f64() * 1e3,
        resident: process::resident(stage.vault.id().unwrap_or_default())?,
    })
}

/// Reads one secret after the other; half of the reads took no longer, in microseconds.
async fn read_all(
    provider: &Provider,
    connection: &mut Connection,
    numbers: impl Iterator<Item = usize>,
) -> Result<f64> {
    let mut times = Vec::new();
    for number in numbers {
        let start = Instant::now();
        read(provider, connection, number).await?;
        times.push(start.elapsed().as_secs_f64() * 1e6);
    }
    let spread = Spread::of(times).ok_or(Error::NotStarted("the reads"))?;
    Ok(spread.median)
}

/// An authorised read that brought the value.
async fn read(provider: &Provider, connection: &mut Connection, number: usize) -> Result<()> {
    let known = json!({"reference": format!("secret://payments/sharedSecrets/{}", name(number))});
    let reply = connection.send(provider.call(&known, 0)?).await?;
    let answer = reply.success("the read")?.json()?;
    let current = answer.pointer("/answers/0/outcome/current/material");
    match current {
        Some(_) => Ok(()),
        None => Err(Error::Shape {
            what: name(number),
            missing: "value".to_owned(),
            got: answer.to_string(),
        }),
    }
}

fn name(number: usize) -> String {
    format!("secret-{number}")
}

fn print(all: &[Figures]) {
    println!(
        "\n{:>9}{:>11}{:>13}{:>13}{:>11}{:>15}{:>14}{:>12}{:>15}",
        "secrets",
        "stored/s",
        "start ms",
        "cold read ms",
        "fresh KiB",
        "first read us",
        "warm read us",
        "CPU us",
        "then KiB"
    );
    for figures in all {
        let median = |of: fn(&Start) -> f64| {
            Spread::of(figures.starts.iter().map(of)).map_or(f64::NAN, |spread| spread.median)
        };
        println!(
            "{:>9}{:>11.0}{:>13.1}{:>13.2}{:>11.0}{:>15.0}{:>14.0}{:>12.1}{:>15}",
            figures.secrets,
            figures.stored,
            median(|start| start.answered),
            median(|start| start.read),
            median(|start| start.resident as f64),
            figures.first_read,
            figures.warm_read,
            figures.processor,
            figures.resident
        );
    }
    println!("start: from exec to the answer to the first authorised read, median of {STARTS}");
}

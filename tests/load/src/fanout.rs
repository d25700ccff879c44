//! How soon a rotation is with everybody who waits for it, and what it costs the vault.

use std::path::Path;
use std::time::{Duration, Instant};

use sallyport_bench::Spread;
use sallyport_tests::client::{Client, Connection};
use sallyport_tests::demo::{Options, Stage};
use sallyport_tests::pki::Identity;
use sallyport_tests::provider::Provider;
use sallyport_tests::wait::{PATIENCE, at_most};
use sallyport_tests::{Error, Result};
use serde::Serialize;
use serde_json::{Value, json};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::task::JoinSet;

use crate::gateways;
use crate::percentiles::Percentiles;
use crate::process;
use crate::rotator::Rotator;
use crate::scene::write_json;
use crate::sds::{Delta, Protocol, StateOfTheWorld, Subscription};

/// Gateways, each with one connection.
const GATEWAYS: usize = 1_000;

const ROTATIONS: usize = 20;

/// The vault's processor; the gateways have the other one.
const PROCESSOR: usize = 0;

/// Long enough for everybody to wait again.
const QUIET: Duration = Duration::from_millis(500);

/// How long a call stays open, in seconds.
const WAIT: u32 = 20;

const REFERENCE: &str = "secret://payments/sharedSecrets/backend";

/// The same over SDS.
const RESOURCE: &str = "secret://payments/sharedSecrets/backend#password";

/// How gateways wait.
#[derive(Clone, Copy, Serialize)]
#[serde(rename_all = "camelCase")]
enum How {
    /// Calls of the Provider that stay open, over HTTP/1.1, as the filter's.
    Watches,
    /// `StreamSecrets`, over HTTP/2, as Envoy's.
    StateOfTheWorld,
    /// `DeltaSecrets`, the same.
    Delta,
}

/// What it came to with gateways that ask in one way.
#[derive(Serialize)]
struct Figures {
    how: How,
    gateways: usize,
    /// Resident memory of the vault without connections, in KiB.
    resident_alone: u64,
    /// The same while everybody waits.
    resident: u64,
    rotations: Vec<Rotation>,
}

/// Milliseconds since the rotation was sent, and of the vault's processor.
#[derive(Serialize)]
struct Rotation {
    /// The Manager has answered.
    answered: f64,
    first: f64,
    median: f64,
    last: f64,
    /// Until everybody had it, since the Manager's answer.
    after_answer: f64,
    processor: f64,
}

/// A gateway has got that version.
type Sighting = Result<(String, Instant)>;

impl How {
    fn as_str(self) -> &'static str {
        match self {
            Self::Watches => "watches (HTTP/1.1, mTLS)",
            Self::StateOfTheWorld => "SDS, State of the World",
            Self::Delta => "SDS, Delta",
        }
    }
}

/// Measures, prints and writes all numbers.
pub(crate) async fn run(json: &Path) -> Result<()> {
    let mut stage = Stage::furnish(Options::default()).await?;
    eprintln!("  registering {GATEWAYS} gateways ...");
    let gateways = gateways::register(&stage, GATEWAYS).await?;
    let mut all = Vec::new();
    for how in [How::Watches, How::StateOfTheWorld, How::Delta] {
        // What was freed of the last measurement would look like no memory at all in the next.
        stage.vault.stop();
        stage.vault.resume().await?;
        all.push(measure(how, &stage, &gateways).await?);
    }
    print(&all);
    write_json(json, &all)?;
    println!("All numbers: {}", json.display());
    Ok(())
}

async fn measure(how: How, stage: &Stage, gateways: &[Identity]) -> Result<Figures> {
    let mut rotator = Rotator::find(stage).await?;
    let vault = stage.vault.id().unwrap_or_default();
    process::pin(vault, PROCESSOR)?;
    let resident_alone = process::resident(vault)?;
    eprintln!("  connecting them ...");
    let (tell, mut told) = unbounded_channel();
    let mut open = JoinSet::new();
    for gateway in gateways {
        match how {
            How::Watches => {
                let provider = Provider::new(&stage.vault, Some(gateway))?;
                let connection = provider.connect().await?;
                open.spawn(watch(provider, connection, tell.clone()));
            }
            How::StateOfTheWorld => {
                let stream = subscribe::<StateOfTheWorld>(stage, gateway).await?;
                open.spawn(follow(stream, tell.clone()));
            }
            How::Delta => {
                let stream = subscribe::<Delta>(stage, gateway).await?;
                open.spawn(follow(stream, tell.clone()));
            }
        }
    }
    let (mut version, _) = everybody(&mut told, gateways.len(), "").await?;
    let mut rotations = Vec::with_capacity(ROTATIONS);
    let mut resident = 0;
    for _ in 0..ROTATIONS {
        tokio::time::sleep(QUIET).await;
        resident = process::resident(vault)?;
        let spent = process::processor_time(vault)?;
        let start = Instant::now();
        let (answered, _) = rotator.rotate().await?;
        let seen;
        (version, seen) = everybody(&mut told, gateways.len(), &version).await?;
        tokio::time::sleep(QUIET).await;
        let spent = process::processor_time(vault)? - spent;
        let since = |at: Instant| at.saturating_duration_since(start).as_secs_f64() * 1e3;
        let latest = seen.iter().max().copied().unwrap_or(answered);
        let times = Spread::of(seen.into_iter().map(since));
        let times = times.ok_or(Error::NotStarted("the gateways"))?;
        rotations.push(Rotation {
            answered: since(answered),
            first: times.min,
            median: times.median,
            last: times.max,
            after_answer: latest.saturating_duration_since(answered).as_secs_f64() * 1e3,
            processor: spent as f64 / 1e6,
        });
    }
    Ok(Figures {
        how,
        gateways: gateways.len(),
        resident_alone,
        resident,
        rotations,
    })
}

/// A call that stays open until there is news, one after the other, as the filter makes them.
async fn watch(provider: Provider, mut connection: Connection, tell: UnboundedSender<Sighting>) {
    let mut known = json!({"reference": REFERENCE});
    loop {
        let sighting = news(&provider, &mut connection, &mut known).await;
        let ended = sighting.is_err();
        if let Some(sighting) = sighting.transpose()
            && tell.send(sighting).is_err()
        {
            return;
        }
        if ended {
            return;
        }
    }
}

async fn subscribe<P: Protocol>(stage: &Stage, gateway: &Identity) -> Result<Subscription<P>> {
    let client = Client::new(&stage.vault.ca()?, "sallyport-vault", Some(gateway))?;
    Subscription::open(&client, stage.vault.provider(), RESOURCE).await
}

/// A stream that is told of every change, as Envoy's.
async fn follow<P: Protocol>(mut stream: Subscription<P>, tell: UnboundedSender<Sighting>) {
    loop {
        let sighting = stream.next().await.map(|version| (version, Instant::now()));
        let ended = sighting.is_err();
        if tell.send(sighting).is_err() || ended {
            return;
        }
    }
}

/// The answer to one call; `None` if there was no news.
async fn news(
    provider: &Provider,
    connection: &mut Connection,
    known: &mut Value,
) -> Result<Option<(String, Instant)>> {
    let request = provider.call(known, WAIT)?;
    let reply = connection.send(request).await?.success("the watch")?;
    let at = Instant::now();
    let answer = reply.json()?;
    let revision = answer.pointer("/answers/0/revision").cloned();
    *known = json!({"reference": REFERENCE, "revision": revision});
    let version = answer.pointer("/answers/0/outcome/current/version");
    Ok(version.map(|version| (version.to_string(), at)))
}

/// Waits until each of them has got another version than the one before; gives it, and when each got it.
async fn everybody(
    told: &mut UnboundedReceiver<Sighting>,
    count: usize,
    before: &str,
) -> Result<(String, Vec<Instant>)> {
    at_most("everybody to have the new value", PATIENCE, async {
        let (mut newest, mut seen) = (String::new(), Vec::with_capacity(count));
        while seen.len() < count {
            let sighting = told.recv().await.ok_or(Error::NotStarted("the gateways"))?;
            let (version, at) = sighting?;
            if version != before {
                newest = version;
                seen.push(at);
            }
        }
        Ok((newest, seen))
    })
    .await
}

fn print(all: &[Figures]) {
    println!(
        "\n{:<28}{:>10}{:>10}{:>10}{:>10}{:>10}{:>10}",
        "ms since it was sent, medians", "answered", "first", "median", "last", "worst", "CPU ms"
    );
    for figures in all {
        let spread = |of: fn(&Rotation) -> f64| Spread::of(figures.rotations.iter().map(of));
        let median = |of| spread(of).map_or(f64::NAN, |spread| spread.median);
        println!(
            "{:<28}{:>10.1}{:>10.1}{:>10.1}{:>10.1}{:>10.1}{:>10.1}",
            figures.how.as_str(),
            median(|rotation| rotation.answered),
            median(|rotation| rotation.first),
            median(|rotation| rotation.median),
            median(|rotation| rotation.last),
            spread(|rotation| rotation.last).map_or(f64::NAN, |spread| spread.max),
            median(|rotation| rotation.processor),
        );
        let after = Percentiles::of(figures.rotations.iter().map(|it| it.after_answer));
        println!(
            "  from the Manager's answer until all have it: p50 {:.1} ms, p99 {:.1} ms",
            after.at(50),
            after.at(99)
        );
        println!(
            "  {} gateways, {ROTATIONS} rotations; resident memory of the vault: {} KiB without them, {} KiB with them",
            figures.gateways, figures.resident_alone, figures.resident
        );
    }
}

//! What a worker needs in memory for many contexts and a large revocation list, more than for one small context.

use std::path::Path;
use std::time::Duration;

use http::StatusCode;
use sallyport_tests::demo::{Options, Stage};
use sallyport_tests::envoy::{Envoy, Room};
use sallyport_tests::list_server::ListServer;
use sallyport_tests::wait::{PATIENCE, until};
use sallyport_tests::{Error, Result, files};
use serde::Serialize;

use crate::authorizer::Authorizer;
use crate::backend::Backend;
use crate::process;
use crate::scene::{Parts, Scene, write_json};

/// Contexts besides the one that the clients meet, half of them in each of two filters.
pub(crate) const CONTEXTS: usize = 100;

/// Revoked certificates.
const REVOKED: u64 = 1_000_000;

/// With one worker and with some more.
const WORKERS: [usize; 2] = [1, 3];

/// New connections that are enough to meet every worker.
const CONNECTIONS: usize = 40;

/// Long enough for everything that is read at the start to be let go again.
const SETTLE: Duration = Duration::from_secs(5);

const GROUP: [&str; 2] = ["--group", "payments"];

/// What a gateway needs, in KiB.
#[derive(Debug, Serialize)]
struct Figures {
    contents: &'static str,
    workers: usize,
    /// Resident memory of Envoy.
    resident: u64,
    /// What Envoy's own allocator has given out, without the virtual machines.
    allocated: u64,
    /// What came from the vault.
    received: u64,
    /// The linear memory of each virtual machine: base, main thread, workers.
    linear: Vec<u64>,
}

/// Measures, prints and writes all numbers.
pub(crate) async fn run(json: &Path) -> Result<()> {
    let mut stage = Stage::furnish(Options::default()).await?;
    let backend = Backend::start(stage.genuine()).await?;
    eprintln!("  storing {CONTEXTS} contexts and a list of {REVOKED} revoked certificates ...");
    store(&mut stage).await?;
    let mut all = Vec::new();
    for (contents, scene) in [("one context", Scene::Watched), ("all", Scene::Full)] {
        for workers in WORKERS {
            all.push(measure(&stage, &backend, scene, contents, workers).await?);
        }
    }
    println!(
        "\n{:<14}{:>8}{:>12}{:>12}   linear memories (KiB)",
        "", "workers", "resident", "allocated"
    );
    for figures in &all {
        println!(
            "{:<14}{:>8}{:>12}{:>12}   {:?}",
            figures.contents, figures.workers, figures.resident, figures.allocated, figures.linear
        );
    }
    let [one, more, full_one, full_more] = &all[..] else {
        return Err(Error::NotStarted("the measurement"));
    };
    println!(
        "a further worker, resident: {:.0} KiB with one context, {:.0} KiB with all",
        per_worker(one, more),
        per_worker(full_one, full_more)
    );
    println!(
        "a worker's virtual machine: {} KiB with one context, {} KiB with all",
        more.of_a_worker(),
        full_more.of_a_worker()
    );
    write_json(json, &all)
}

impl Figures {
    /// The linear memory of a worker's virtual machine: there are more of them than of others.
    fn of_a_worker(&self) -> u64 {
        let middle = self.linear.get(self.linear.len() / 2);
        middle.copied().unwrap_or(0)
    }
}

/// Resident memory of one more worker.
fn per_worker(one: &Figures, more: &Figures) -> f64 {
    let workers = more.workers.saturating_sub(one.workers).max(1);
    (more.resident as f64 - one.resident as f64) / workers as f64
}

async fn measure(
    stage: &Stage,
    backend: &Backend,
    scene: Scene,
    contents: &'static str,
    workers: usize,
) -> Result<Figures> {
    let room = Room {
        workers,
        processor: None,
    };
    let parts = Parts {
        stage,
        backend,
        authorizer: &Authorizer::start()?,
        noop: Path::new(""),
    };
    let envoy = scene.open(&parts, room, 1).await?.envoy;
    everybody_decides(stage, &envoy).await?;
    tokio::time::sleep(SETTLE).await;
    let id = envoy.id();
    Ok(Figures {
        contents,
        workers,
        resident: process::resident(id)?,
        allocated: envoy.stat("server.memory_allocated").await? / 1024,
        received: envoy
            .stat("cluster.sallyport_provider.upstream_cx_rx_bytes_total")
            .await?
            / 1024,
        linear: process::linear_memories(id)?,
    })
}

/// Every worker has its material: each of them lets the partner in.
async fn everybody_decides(stage: &Stage, envoy: &Envoy) -> Result<()> {
    let client = stage.client(Some(&stage.clients.partner))?;
    until("every worker to decide", 4 * PATIENCE, async || {
        for _ in 0..CONNECTIONS {
            if client.get(envoy.listener(), "/").await?.status != StatusCode::OK {
                return Ok(None);
            }
        }
        Ok(Some(()))
    })
    .await
}

/// The name of one of the contexts.
pub(crate) fn context(number: usize) -> String {
    format!("context-{number}")
}

async fn store(stage: &mut Stage) -> Result<()> {
    let issuing = stage.clients.authority.clone();
    let file = |name: &str, content: &str| -> Result<String> {
        let path = stage.pki().join(name);
        files::write(&path, content)?;
        Ok(path.to_string_lossy().into_owned())
    };
    let signer = file("issuing.pem", &issuing.certificate())?;
    let server = ListServer::start().await?;
    server.put(issuing.large_crl(1, REVOKED)?);
    let url = server.url();
    let say = async |command: &str| {
        let words: Vec<&str> = command.split(' ').chain(GROUP).collect();
        stage.cli.ok(&words).await
    };
    say(&format!("certificate create issuing --file {signer}")).await?;
    say(&format!(
        "crl-distributor create partners --complete-url {url} --frequency 60 --distributor-certificate issuing"
    ))
    .await?;
    // Too large to be published by hand.
    until("the list", 4 * PATIENCE, async || {
        let lists = say("crl-distributor status partners").await?;
        Ok(lists.contains("Partner issuing CA").then_some(()))
    })
    .await?;
    let mutual = "--truststore partners --require-client-certificate";
    say(&format!(
        "tls-context create checked {mutual} --crl-distributor partners --crl-for-peer-only"
    ))
    .await?;
    for number in 0..CONTEXTS {
        say(&format!("tls-context create {} {mutual}", context(number))).await?;
    }
    Ok(())
}

//! The same load on every scene by turns; ratios are taken round by round, so that a slow moment of
//! the machine hits all of them.

use std::path::Path;
use std::time::Duration;

use sallyport_tests::demo::{Options, Stage};
use sallyport_tests::envoy::{Envoy, Room};
use sallyport_tests::{Error, Result};
use serde::Serialize;

use crate::authorizer::Authorizer;
use crate::backend::Backend;
use crate::scene::{Gateway, Parts, Scene, write_json};
use crate::turn::{Turn, median, ratio, ratio_added};

const ROUNDS: usize = 15;
const TURN: Duration = Duration::from_millis(700);
const CONNECTIONS: usize = 16;

/// Envoy has a processor for itself; client, upstream and vault share the other one.
const ROOM: Room = Room {
    workers: 1,
    processor: Some(0),
};

/// Counters that have to stand still while everything is warm.
const STILL: [&str; 3] = [
    "wasmcustom.sallyport.downstream.verified",
    "wasmcustom.sallyport.upstream.verified",
    "wasmcustom.sallyport.vault.calls",
];

#[derive(Serialize)]
struct Row {
    scene: Scene,
    turns: Vec<Turn>,
}

/// Prints a table and writes all numbers.
pub(crate) async fn run(noop: &Path, json: &Path) -> Result<()> {
    let stage = Stage::furnish(Options::default()).await?;
    let parts = Parts {
        stage: &stage,
        backend: &Backend::start(stage.genuine()).await?,
        authorizer: &Authorizer::start()?,
        noop,
    };
    let mut gateways = Vec::new();
    for scene in Scene::ALL {
        eprintln!("  starting Envoy: {scene} ...");
        gateways.push(scene.open(&parts, ROOM, CONNECTIONS).await?);
    }
    for gateway in &mut gateways {
        turn(gateway, parts.authorizer).await?;
    }
    let mut rows: Vec<Row> = gateways
        .iter()
        .map(|gateway| Row {
            scene: gateway.scene,
            turns: Vec::new(),
        })
        .collect();
    let still = still(&gateways).await?;
    for round in 1..=ROUNDS {
        eprintln!("  round {round} of {ROUNDS} ...");
        // Every other round the other way round: the neighbour of a scene is not always the same.
        let order: Vec<usize> = match round % 2 {
            0 => (0..gateways.len()).rev().collect(),
            _ => (0..gateways.len()).collect(),
        };
        for index in order {
            if let (Some(gateway), Some(row)) = (gateways.get_mut(index), rows.get_mut(index)) {
                row.turns.push(turn(gateway, parts.authorizer).await?);
            }
        }
    }
    let after = self::still(&gateways).await?;
    print(&rows);
    for ((name, before), after) in STILL.iter().zip(still).zip(after) {
        println!("{name}: {} more while measured", after - before);
    }
    write_json(json, &rows)?;
    println!("All numbers: {}", json.display());
    Ok(())
}

async fn turn(gateway: &mut Gateway, authorizer: &Authorizer) -> Result<Turn> {
    let asked = (gateway.scene == Scene::ExtAuthz).then(|| authorizer.id());
    Turn::of(&mut gateway.hammer, gateway.envoy.id(), asked, TURN).await
}

async fn still(gateways: &[Gateway]) -> Result<Vec<u64>> {
    let sallyport = gateways
        .iter()
        .find(|gateway| gateway.scene == Scene::Sallyport);
    let envoy: &Envoy = &sallyport.ok_or(Error::NotStarted("the filter"))?.envoy;
    let mut values = Vec::new();
    for name in STILL {
        values.push(envoy.stat(name).await?);
    }
    Ok(values)
}

fn print(rows: &[Row]) {
    println!(
        "\n{:<22}{:>10}{:>10}{:>10}{:>10}   {:<28}{:<28}",
        "medians",
        "req/s",
        "CPU us",
        "p50 us",
        "p99 us",
        "CPU : no-op (quartiles)",
        "req/s : no-op (quartiles)"
    );
    let Some(noop) = rows.iter().find(|row| row.scene == Scene::Noop) else {
        return;
    };
    for Row { scene, turns } in rows {
        println!(
            "{:<22}{:>10.0}{:>10.1}{:>10.0}{:>10.0}   {:<28}{:<28}",
            scene.to_string(),
            median(turns, |turn| turn.throughput),
            median(turns, |turn| turn.processor),
            median(turns, |turn| turn.p50),
            median(turns, |turn| turn.p99),
            ratio(turns, &noop.turns, |turn| turn.processor),
            ratio(turns, &noop.turns, |turn| turn.throughput),
        );
    }
    let of = |scene| rows.iter().find(|row| row.scene == scene);
    if let (Some(told), Some(ours)) = (of(Scene::SallyportResponses), of(Scene::Sallyport)) {
        println!(
            "sallyport, responses : sallyport, CPU of Envoy: {}",
            ratio(&told.turns, &ours.turns, |turn| turn.processor),
        );
    }
    let bare = of(Scene::Bare);
    if let (Some(ours), Some(peer), Some(bare)) = (of(Scene::Sallyport), of(Scene::ExtAuthz), bare)
    {
        println!(
            "sallyport : ext_authz, CPU of Envoy: {}; of Envoy and the service it asks ({:.1} us): {}",
            ratio(&ours.turns, &peer.turns, |turn| turn.processor),
            median(&peer.turns, |turn| turn.asked),
            ratio(&ours.turns, &peer.turns, |turn| turn.processor + turn.asked),
        );
        println!(
            "sallyport : ext_authz, CPU of Envoy that each adds to the bare gateway: {}; req/s: {}",
            ratio_added(&ours.turns, &peer.turns, &bare.turns, |turn| turn.processor),
            ratio(&ours.turns, &peer.turns, |turn| turn.throughput),
        );
    }
}

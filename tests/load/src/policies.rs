//! What each message policy costs: the same load by turns on gateways that differ in one policy, with
//! short and with long bodies, beside the filter without any and Envoy's own signer.

use std::path::Path;
use std::time::Duration;

use sallyport_tests::Result;
use sallyport_tests::demo::{Options, Stage};
use sallyport_tests::envoy::{Envoy, Room};
use serde::Serialize;

use crate::authorizer::Authorizer;
use crate::backend::Backend;
use crate::hammer::{Hammer, Target};
use crate::protection::Protection;
use crate::scene::{Parts, Scene, write_json};
use crate::turn::{Turn, median, ratio};

const ROUNDS: usize = 10;
const TURN: Duration = Duration::from_millis(250);
const CONNECTIONS: usize = 8;

/// Bytes of a body.
const BODIES: [usize; 2] = [1024, 64 * 1024];

/// Envoy has a processor for itself; client, upstream and vault share the other one.
const ROOM: Room = Room {
    workers: 1,
    processor: Some(0),
};

#[derive(Serialize)]
struct Row {
    scene: Scene,
    body: usize,
    turns: Vec<Turn>,
}

/// A gateway with connections for one size of bodies.
struct Cell {
    envoy: u32,
    hammer: Hammer,
}

/// Prints a table for each size and writes all numbers: of all policies, or of those with one of these words in
/// their names.
pub(crate) async fn run(json: &Path, only: &[&str]) -> Result<()> {
    let stage = Stage::furnish(Options::default()).await?;
    Protection::store_secrets(&stage).await?;
    let parts = Parts {
        stage: &stage,
        backend: &Backend::start(stage.genuine()).await?,
        authorizer: &Authorizer::start()?,
        noop: Path::new(""),
    };
    let scenes = Protection::ALL.map(Scene::Message);
    let others = [
        Scene::Bare,
        Scene::AwsRequestSigning,
        Scene::CheckedAwsRequestSigning,
    ];
    let mut scenes = [&others[..], &scenes].concat();
    scenes.retain(|scene| {
        let name = scene.to_string();
        only.is_empty()
            || name.contains("peers only")
            || only.iter().any(|word| name.contains(word))
    });
    let mut envoys: Vec<Envoy> = Vec::new();
    let (mut cells, mut rows) = (Vec::new(), Vec::new());
    for scene in scenes {
        eprintln!("  starting Envoy: {scene} ...");
        let envoy = scene.start(&parts, ROOM).await?;
        for body in BODIES {
            let protection = match scene {
                Scene::Message(protection) => protection,
                _ => Protection::None,
            };
            let target = Target {
                request: protection.request(&stage, body)?,
                ..Target::gateway(&stage, envoy.listener())?
            };
            let envoy = envoy.id();
            let hammer = Hammer::lift(&target, CONNECTIONS).await?;
            cells.push(Cell { envoy, hammer });
            let turns = Vec::new();
            rows.push(Row { scene, body, turns });
        }
        envoys.push(envoy);
    }
    // The first time everybody gets warm.
    for round in 0..=ROUNDS {
        eprintln!("  round {round} of {ROUNDS} ...");
        let mut order: Vec<usize> = (0..cells.len()).collect();
        if round % 2 == 0 {
            order.reverse();
        }
        for index in order {
            if let (Some(cell), Some(row)) = (cells.get_mut(index), rows.get_mut(index)) {
                let turn = Turn::of(&mut cell.hammer, cell.envoy, None, TURN).await;
                let turn =
                    turn.inspect_err(|_| eprintln!("  {}, bodies of {}", row.scene, row.body))?;
                if round > 0 {
                    row.turns.push(turn);
                }
            }
        }
    }
    for body in BODIES {
        print(&rows, body);
    }
    write_json(json, &rows)?;
    println!("All numbers: {}", json.display());
    Ok(())
}

fn print(rows: &[Row], body: usize) {
    println!(
        "\n{:<22}{:>10}{:>10}{:>10}   {:<30}req/s : peers only",
        format!("bodies of {body}"),
        "req/s",
        "CPU us",
        "p50 us",
        "CPU : peers only (quartiles)"
    );
    let of = |scene| {
        rows.iter()
            .find(|row| row.body == body && row.scene == scene)
    };
    for Row { scene, turns, .. } in rows.iter().filter(|row| row.body == body) {
        let beside = match scene {
            Scene::Message(protection) => protection.beside(),
            _ => Protection::None,
        };
        let Some(peers) = of(Scene::Message(beside)) else {
            continue;
        };
        println!(
            "{:<22}{:>10.0}{:>10.1}{:>10.0}   {:<30}{}",
            scene.to_string(),
            median(turns, |turn| turn.throughput),
            median(turns, |turn| turn.processor),
            median(turns, |turn| turn.p50),
            ratio(turns, &peers.turns, |turn| turn.processor),
            ratio(turns, &peers.turns, |turn| turn.throughput),
        );
    }
    let ours = of(Scene::Message(Protection::SignSigV4));
    for scene in [Scene::AwsRequestSigning, Scene::CheckedAwsRequestSigning] {
        if let (Some(ours), Some(peer)) = (ours, of(scene)) {
            println!(
                "sign sigV4 : {scene}, CPU of Envoy: {}, req/s: {}",
                ratio(&ours.turns, &peer.turns, |turn| turn.processor),
                ratio(&ours.turns, &peer.turns, |turn| turn.throughput),
            );
        }
    }
}

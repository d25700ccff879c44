//! Authorised reads of one secret: the Provider beside OpenBao, by turns, each with its own
//! processor, TLS and an audit log.

use std::path::Path;
use std::time::Duration;

use rustls::ALL_VERSIONS;
use sallyport_tests::demo::{Options, Stage};
use sallyport_tests::pki::Identity;
use sallyport_tests::{Result, files, tls};
use serde::Serialize;
use serde_json::{Value, json};

use crate::hammer::{Hammer, Target};
use crate::openbao::{OpenBao, Token};
use crate::process;
use crate::scene::write_json;
use crate::turn::{Turn, median, ratio};

const ROUNDS: usize = 11;
const TURN: Duration = Duration::from_millis(700);

/// The servers' processor; client and everything else have the other one.
const PROCESSOR: usize = 0;

/// A way to ask, and what it showed.
struct Row {
    what: String,
    server: u32,
    target: Target,
    connections: usize,
    turns: Vec<Turn>,
}

impl Row {
    /// On connections of its own: servers close those that rest while the others have their turns.
    async fn turn(&mut self) -> Result<Turn> {
        let mut hammer = Hammer::lift(&self.target, self.connections).await?;
        Turn::of(&mut hammer, self.server, None, TURN).await
    }
}

#[derive(Serialize)]
struct Measured<'a> {
    what: &'a str,
    turns: &'a [Turn],
}

/// Prints a table and writes all numbers.
pub(crate) async fn run(bao: &Path, json: &Path) -> Result<()> {
    let stage = Stage::furnish(Options::default()).await?;
    let openbao = OpenBao::start(bao).await?;
    let vault = stage.vault.id().unwrap_or_default();
    for server in [vault, openbao.id()] {
        process::pin(server, PROCESSOR)?;
    }
    let revision = revision(&stage).await?;
    let mut rows = Vec::new();
    for connections in [16, 1] {
        let mut add = |what: &str, server, target| {
            rows.push(Row {
                what: format!("{what}, {connections} at a time"),
                server,
                target,
                connections,
                turns: Vec::new(),
            });
        };
        let fairest = openbao.read(Token::Fairest).await?;
        add("OpenBao, fairest token", openbao.id(), fairest);
        let as_created = openbao.read(Token::AsCreated).await?;
        add("OpenBao, token as created", openbao.id(), as_created);
        add("sallyport resolve", vault, resolve(&stage, None)?);
        let unchanged = resolve(&stage, Some(&revision))?;
        add("sallyport, unchanged (no record)", vault, unchanged);
    }
    for row in &mut rows {
        row.turn().await?;
    }
    for round in 1..=ROUNDS {
        eprintln!("  round {round} of {ROUNDS} ...");
        for row in &mut rows {
            let turn = row.turn().await?;
            row.turns.push(turn);
        }
        rows.reverse();
    }
    if ROUNDS % 2 == 1 {
        rows.reverse();
    }
    print(&rows);
    println!(
        "resident memory: sallyport {} KiB, OpenBao {} KiB",
        process::resident(vault)?,
        process::resident(openbao.id())?
    );
    let results: Vec<_> = rows
        .iter()
        .map(|row| Measured {
            what: &row.what,
            turns: &row.turns,
        })
        .collect();
    write_json(json, &results)?;
    println!("All numbers: {}", json.display());
    Ok(())
}

fn print(rows: &[Row]) {
    println!(
        "\n{:<46}{:>10}{:>10}{:>10}{:>10}   {:<24}",
        "medians", "req/s", "CPU us", "p50 us", "p99 us", "CPU : OpenBao, fairest"
    );
    for (at, row) in rows.iter().enumerate() {
        let Some(peer) = rows.get(at / 4 * 4) else {
            continue;
        };
        let turns = &row.turns;
        println!(
            "{:<46}{:>10.0}{:>10.1}{:>10.0}{:>10.0}   {:<24}",
            row.what,
            median(turns, |turn| turn.throughput),
            median(turns, |turn| turn.processor),
            median(turns, |turn| turn.p50),
            median(turns, |turn| turn.p99),
            ratio(turns, &peer.turns, |turn| turn.processor),
        );
    }
}

/// One reference, as the gateway `edge` asks for it.
fn resolve(stage: &Stage, revision: Option<&Value>) -> Result<Target> {
    let account = stage.vault.account();
    let mut known = json!({"reference": "secret://payments/sharedSecrets/backend"});
    if let (Some(revision), Some(known)) = (revision, known.as_object_mut()) {
        known.insert("revision".to_owned(), revision.clone());
    }
    let body = json!({
        "scope": {"organization": account.organization.id, "environment": account.environment.id},
        "references": [known],
        "wait": 0,
    })
    .to_string();
    Ok(Target {
        peer: stage.vault.provider(),
        name: "sallyport-vault",
        tls: tls::client(&stage.vault.ca()?, Some(&edge(stage)?), ALL_VERSIONS)?,
        request: format!(
            "POST /provider/v1/resolve HTTP/1.1\r\nhost: sallyport-vault\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        )
        .into_bytes(),
    })
}

/// What the vault calls the newest version.
async fn revision(stage: &Stage) -> Result<Value> {
    let provider = sallyport_tests::provider::Provider::new(&stage.vault, Some(&edge(stage)?))?;
    let answer = provider
        .resolve("secret://payments/sharedSecrets/backend")
        .await?;
    let answer = answer.success("resolve")?.json()?;
    Ok(answer
        .pointer("/answers/0/revision")
        .cloned()
        .unwrap_or_default())
}

fn edge(stage: &Stage) -> Result<Identity> {
    let chain = files::read(&stage.edge.join("gateway.pem"))?;
    Ok(Identity {
        certificate: chain.clone(),
        chain,
        key: files::read(&stage.edge.join("gateway.key"))?,
        serial: Vec::new(),
    })
}

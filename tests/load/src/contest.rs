//! Servers beside each other, by turns.

use std::path::Path;
use std::time::Duration;

use sallyport_tests::Result;
use serde::Serialize;

use crate::hammer::{Hammer, Target};
use crate::scene::write_json;
use crate::turn::{Turn, median, ratio};

const ROUNDS: usize = 11;
const TURN: Duration = Duration::from_millis(700);

/// All that are measured.
pub(crate) struct Contest {
    rows: Vec<Row>,
    /// So many rows belong together; the first of them is what the others are compared with.
    together: usize,
}

/// A way to ask, and what it showed.
struct Row {
    what: String,
    server: u32,
    target: Target,
    connections: usize,
    turns: Vec<Turn>,
}

#[derive(Serialize)]
struct Measured<'a> {
    what: &'a str,
    turns: &'a [Turn],
}

impl Contest {
    pub(crate) const fn new(together: usize) -> Self {
        Self {
            rows: Vec::new(),
            together,
        }
    }

    /// Requests to a server, on so many connections.
    pub(crate) fn add(&mut self, what: &str, server: u32, target: Target, connections: usize) {
        self.rows.push(Row {
            what: format!("{what}, {connections} at a time"),
            server,
            target,
            connections,
            turns: Vec::new(),
        });
    }

    /// One turn each that does not count, then round by round, there and back.
    pub(crate) async fn run(&mut self) -> Result<()> {
        for row in &mut self.rows {
            row.turn().await?;
        }
        for round in 1..=ROUNDS {
            eprintln!("  round {round} of {ROUNDS} ...");
            for row in &mut self.rows {
                let turn = row.turn().await?;
                row.turns.push(turn);
            }
            self.rows.reverse();
        }
        if ROUNDS % 2 == 1 {
            self.rows.reverse();
        }
        Ok(())
    }

    /// A table; the last column is one figure beside that of the first row.
    pub(crate) fn print(&self, compared: &str, of: fn(&Turn) -> f64) {
        println!(
            "\n{:<46}{:>10}{:>10}{:>10}{:>10}   {:<24}",
            "medians", "req/s", "CPU us", "p50 us", "p99 us", compared
        );
        for rows in self.rows.chunks(self.together) {
            let peer = rows.first().map_or(&[][..], |row| &row.turns);
            for Row { what, turns, .. } in rows {
                println!(
                    "{what:<46}{:>10.0}{:>10.1}{:>10.0}{:>10.0}   {:<24}",
                    median(turns, |turn| turn.throughput),
                    median(turns, |turn| turn.processor),
                    median(turns, |turn| turn.p50),
                    median(turns, |turn| turn.p99),
                    ratio(turns, peer, of),
                );
            }
        }
    }

    /// All numbers.
    pub(crate) fn write(&self, json: &Path) -> Result<()> {
        let rows = self.rows.iter();
        let measured = rows.map(|Row { what, turns, .. }| Measured { what, turns });
        write_json(json, &measured.collect::<Vec<_>>())?;
        println!("All numbers: {}", json.display());
        Ok(())
    }
}

impl Row {
    /// On connections of its own: servers close those that rest while the others have their turns.
    async fn turn(&mut self) -> Result<Turn> {
        let mut hammer = Hammer::lift(&self.target, self.connections).await?;
        Turn::of(&mut hammer, self.server, None, TURN).await
    }
}

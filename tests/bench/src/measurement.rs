//! How it is measured: rounds in which every case has its turn, so that a slow moment of the machine
//! hits all of them; per round the mean over some milliseconds. Few
//! of so short turns are interrupted on a machine that has other work, and quartiles leave them out.

use serde::{Deserialize, Serialize};

use crate::Case;

/// Stands before the JSON in the line that the plugin logs.
pub const MARKER: &str = "bench-result: ";

/// How long a case runs in one round, in nanoseconds.
const TURN: u64 = 10_000_000;

/// Rounds of one run.
pub const ROUNDS: usize = 15;

/// Where something was measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Place {
    /// As part of a native program.
    Native,
    /// In Envoy's WebAssembly engine, our own code only.
    Wasm,
    /// The same with Envoy verifying signatures.
    WasmHost,
}

/// One case in one place.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Measurement {
    /// The name of the case.
    pub case: String,
    /// Where.
    pub place: Place,
    /// Nanoseconds it takes once, one number per round.
    pub nanoseconds: Vec<f64>,
}

/// How some numbers lie.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Spread {
    /// The smallest.
    pub min: f64,
    /// A quarter is smaller.
    pub lower: f64,
    /// Half are smaller.
    pub median: f64,
    /// Three quarters are smaller.
    pub upper: f64,
    /// The greatest.
    pub max: f64,
}

/// Cases in one or more places, measured in turns.
pub struct Rounds {
    cases: Vec<(Case, u64)>,
    measurements: Vec<Measurement>,
}

impl Rounds {
    /// Runs every case once, to warm up and to find out how often it fits into a turn. `now` gives
    /// nanoseconds. `None` if a case fails.
    pub fn new(cases: Vec<(Place, Case)>, now: impl Fn() -> u64) -> Option<Self> {
        let mut rounds = Self {
            cases: Vec::new(),
            measurements: Vec::new(),
        };
        for (place, case) in cases {
            let mut times = 1;
            // Engines compile what is hot: what it takes is known after some turns only.
            let mut spent = turn(&case, times, &now)?;
            while spent < TURN / 2 && times < 1 << 24 {
                times *= 2;
                spent = turn(&case, times, &now)?;
            }
            rounds.measurements.push(Measurement {
                case: case.name.clone(),
                place,
                nanoseconds: Vec::new(),
            });
            rounds.cases.push((case, times));
        }
        Some(rounds)
    }

    /// One turn for each case. `None` if one fails.
    pub fn round(&mut self, now: impl Fn() -> u64) -> Option<()> {
        for ((case, times), measurement) in self.cases.iter().zip(&mut self.measurements) {
            let spent = turn(case, *times, &now)?;
            measurement.nanoseconds.push(spent as f64 / *times as f64);
        }
        Some(())
    }

    /// What was measured so far.
    pub fn measurements(&self) -> &[Measurement] {
        &self.measurements
    }
}

fn turn(case: &Case, times: u64, now: impl Fn() -> u64) -> Option<u64> {
    let start = now();
    let good = (0..times).all(|_| std::hint::black_box((case.work)()));
    let spent = now().saturating_sub(start);
    good.then_some(spent)
}

impl Spread {
    /// `None` of no numbers.
    pub fn of(numbers: impl IntoIterator<Item = f64>) -> Option<Self> {
        let mut numbers: Vec<f64> = numbers.into_iter().collect();
        numbers.sort_by(f64::total_cmp);
        let at = |quarters: usize| {
            let last = numbers.len().checked_sub(1)?;
            numbers.get(last * quarters / 4).copied()
        };
        Some(Self {
            min: at(0)?,
            lower: at(1)?,
            median: at(2)?,
            upper: at(3)?,
            max: at(4)?,
        })
    }
}

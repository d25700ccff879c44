//! The table, and the same as JSON.

use std::fmt;

use sallyport_bench::{Measurement, Place, Spread};
use serde::Serialize;

/// Everything that was measured.
#[derive(Serialize)]
pub(crate) struct Report {
    /// Of the machine.
    cores: usize,
    architecture: &'static str,
    times: Vec<Time>,
    ratios: Vec<Ratio>,
}

#[derive(Serialize)]
struct Time {
    #[serde(flatten)]
    measurement: Measurement,
    spread: Spread,
}

/// How much longer one place takes than another, round by round.
#[derive(Serialize)]
struct Ratio {
    case: String,
    slower: Place,
    faster: Place,
    spread: Spread,
}

impl Report {
    pub(crate) fn of(measurements: Vec<Measurement>) -> Self {
        let mut ratios = Vec::new();
        for (slower, faster) in [
            (Place::Wasm, Place::Native),
            (Place::Wasm, Place::WasmHost),
            (Place::WasmHost, Place::Native),
        ] {
            ratios.extend(measurements.iter().filter_map(|one| {
                let is_other =
                    |other: &&Measurement| other.case == one.case && other.place == faster;
                let other = measurements.iter().find(is_other)?;
                let pairs = one.nanoseconds.iter().zip(&other.nanoseconds);
                (one.place == slower).then_some(Ratio {
                    case: one.case.clone(),
                    slower,
                    faster,
                    spread: Spread::of(pairs.map(|(slow, fast)| slow / fast))?,
                })
            }));
        }
        let time = |measurement: Measurement| {
            let spread = Spread::of(measurement.nanoseconds.iter().copied())?;
            Some(Time {
                measurement,
                spread,
            })
        };
        Self {
            cores: std::thread::available_parallelism().map_or(0, usize::from),
            architecture: std::env::consts::ARCH,
            times: measurements.into_iter().filter_map(time).collect(),
            ratios,
        }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (cores, architecture) = (self.cores, self.architecture);
        writeln!(f, "\n{cores} cores, {architecture}")?;
        let head = columns(["min", "quarter", "median", "3 quarters", "max"]);
        writeln!(f, "\n{:<32}  {:<26}{head}  rounds", "microseconds", "where")?;
        for time in &self.times {
            let Measurement {
                case,
                place,
                nanoseconds,
            } = &time.measurement;
            let place = name(*place);
            let spread = columns(numbers(time.spread).map(|time| format!("{:.2}", time / 1000.0)));
            writeln!(f, "{case:<32}  {place:<26}{spread}{:>8}", nanoseconds.len())?;
        }
        writeln!(f, "\n{:<32}  {:<26}{head}", "times as long", "as where")?;
        for ratio in &self.ratios {
            let case = &ratio.case;
            let places = format!("{} : {}", name(ratio.slower), name(ratio.faster));
            let spread = columns(numbers(ratio.spread).map(|ratio| format!("{ratio:.2}")));
            writeln!(f, "{case:<32}  {places:<26}{spread}")?;
        }
        Ok(())
    }
}

fn numbers(spread: Spread) -> [f64; 5] {
    let Spread {
        min,
        lower,
        median,
        upper,
        max,
    } = spread;
    [min, lower, median, upper, max]
}

fn columns(cells: [impl fmt::Display; 5]) -> String {
    cells.map(|cell| format!("{cell:>11}")).concat()
}

const fn name(place: Place) -> &'static str {
    match place {
        Place::Native => "native",
        Place::Wasm => "wasm",
        Place::WasmHost => "wasm + Envoy",
    }
}

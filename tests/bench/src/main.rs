//! What `make bench` starts: measures natively and in Envoy by turns, prints a table, writes JSON.

#![forbid(unsafe_code)]

mod envoy;
mod report;

use std::error::Error;
use std::path::Path;
use std::process::ExitCode;
use std::time::Instant;

use sallyport_bench::{Measurement, Place, ROUNDS, Rounds, cases};
use sallyport_filter_core::Signatures;

use envoy::Envoy;
use report::Report;

/// Runs of Envoy, each with native rounds before it.
const RUNS: usize = 5;

fn main() -> ExitCode {
    match bench() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("The benchmark could not go on: {error}");
            ExitCode::FAILURE
        }
    }
}

fn bench() -> Result<(), Box<dyn Error>> {
    let [envoy, plugin, json] =
        <[String; 3]>::try_from(std::env::args().skip(1).collect::<Vec<_>>())
            .map_err(|_| "usage: bench <Envoy> <plugin.wasm> <result.json>")?;
    let epoch = Instant::now();
    let now = || u64::try_from(epoch.elapsed().as_nanos()).unwrap_or(u64::MAX);

    let own = cases(&Signatures::own()).ok_or("the certificates cannot be used")?;
    let own = own.into_iter().map(|case| (Place::Native, case)).collect();
    let mut native = Rounds::new(own, now).ok_or("a case failed")?;
    let mut in_envoy = Vec::new();
    for run in 1..=RUNS {
        eprintln!("  run {run} of {RUNS}: native, then in Envoy ...");
        for _ in 0..ROUNDS {
            native.round(now).ok_or("a case failed")?;
        }
        let mut envoy = Envoy::start(Path::new(&envoy), Path::new(&plugin))?;
        add(&mut in_envoy, envoy.result()?);
    }
    let report = Report::of([native.measurements(), &in_envoy].concat());
    print!("{report}");
    std::fs::write(&json, serde_json::to_string_pretty(&report)?)?;
    println!("\nAll numbers: {json}");
    Ok(())
}

/// Appends what another run measured.
fn add(all: &mut Vec<Measurement>, run: Vec<Measurement>) {
    for more in run {
        let known = all
            .iter_mut()
            .find(|known| known.case == more.case && known.place == more.place);
        match known {
            Some(known) => known.nanoseconds.extend(more.nanoseconds),
            None => all.push(more),
        }
    }
}

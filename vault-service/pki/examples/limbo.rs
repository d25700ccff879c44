//! Runs a file of x509-limbo and compares the verdicts.
//!
//!     cargo run --release -p sallyport-pki --example limbo -- [--profile P] FILE.json
//!
//! Prints one JSON line per case (`id`, `expected`, `actual`, `reason`, `us`) and then a summary:
//! cases that agree, dangerous ones (accepted, to be refused), those refused although they are to be
//! accepted (`compat`), and skipped ones. The format is that of
//! <https://github.com/C2SP/x509-limbo>. Builds for wasm32-wasip1 as well.

#![forbid(unsafe_code)]

#[path = "../tests/native/limbo_case/mod.rs"]
mod limbo_case;

use std::error::Error;
use std::fs;
use std::process::ExitCode;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use limbo_case::{Case, Verdict};
use sallyport_pki::{Profile, UnixTime};
use serde::{Deserialize, Serialize};

#[derive(Deserialize)]
struct Suite {
    testcases: Vec<Case>,
}

#[derive(Serialize)]
struct Line<'a> {
    id: &'a str,
    expected: Verdict,
    actual: Verdict,
    /// Code of the refusal, `null` if accepted.
    reason: Option<&'a str>,
    /// Microseconds, reading the certificates included.
    us: u128,
}

#[derive(Default, Serialize)]
struct Summary {
    profile: String,
    cases: usize,
    agree: usize,
    dangerous: usize,
    compat: usize,
    /// Every case is run.
    skipped: usize,
    slowest_us: u128,
}

const USAGE: &str = "usage: limbo [--profile rfc5280|balanced|strict] FILE.json";

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("limbo: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<(), Box<dyn Error>> {
    let Some((profile, file)) = arguments()? else {
        println!("{USAGE}");
        return Ok(());
    };
    let text = fs::read_to_string(&file).map_err(|error| format!("{file}: {error}"))?;
    let suite: Suite = serde_json::from_str(&text).map_err(|error| format!("{file}: {error}"))?;
    let now = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs();
    let now = UnixTime(i64::try_from(now)?);
    let mut summary = Summary {
        profile: profile.to_string(),
        ..Summary::default()
    };
    for case in &suite.testcases {
        let start = Instant::now();
        let outcome = case.run(profile, now);
        let us = start.elapsed().as_micros();
        let line = Line {
            id: &case.id,
            expected: case.expected_result,
            actual: Verdict::of(&outcome),
            reason: outcome.as_ref().err().map(String::as_str),
            us,
        };
        summary.cases += 1;
        summary.slowest_us = summary.slowest_us.max(us);
        match (line.expected, line.actual) {
            (Verdict::Failure, Verdict::Success) => summary.dangerous += 1,
            (Verdict::Success, Verdict::Failure) => summary.compat += 1,
            _ => summary.agree += 1,
        }
        println!("{}", serde_json::to_string(&line)?);
    }
    println!("{}", serde_json::to_string(&summary)?);
    Ok(())
}

/// Profile and file, `None` if help is asked for.
fn arguments() -> Result<Option<(Profile, String)>, Box<dyn Error>> {
    let mut profile = Profile::default();
    let mut file = None;
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--help" | "-h" => return Ok(None),
            "--profile" => profile = arguments.next().ok_or(USAGE)?.parse()?,
            option if option.starts_with('-') => return Err(USAGE.into()),
            _ if file.is_some() => return Err(USAGE.into()),
            _ => file = Some(argument),
        }
    }
    Ok(Some((profile, file.ok_or(USAGE)?)))
}

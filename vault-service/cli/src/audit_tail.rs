//! `audit tail`.

use std::thread;
use std::time::Duration;

use clap::{Args, value_parser};
use serde_json::Value;

use crate::audit::{COLUMNS, Log};
use crate::error::Error;
use crate::output::Output;

/// How often it is asked for what follows.
const PERIOD: Duration = Duration::from_secs(1);

/// Most entries of one answer of the vault.
const PAGE: usize = 1000;

/// What is printed.
#[derive(Args)]
pub(crate) struct Tail {
    /// Read the log of the organization [default: the log of the environment]
    #[arg(long)]
    organization: bool,
    /// Go on with what follows, until interrupted
    #[arg(short, long)]
    follow: bool,
    /// How many of the newest entries to begin with, 1 to 1000
    #[arg(short = 'n', long, value_name = "N", default_value_t = 10, value_parser = value_parser!(u16).range(1..=1000))]
    lines: u16,
}

/// Prints entries, each on a line of its own.
pub(crate) fn tail(wanted: &Tail, output: Output) -> Result<(), Error> {
    let mut log = Log::open(wanted.organization)?;
    let mut path = log.path(format_args!("?limit={}", wanted.lines));
    let mut last = 0;
    loop {
        let entries = log.client().list(&path)?;
        for entry in &entries {
            if !output.line(entry, &COLUMNS)? {
                return Ok(());
            }
        }
        if !wanted.follow {
            return Ok(());
        }
        let newest = entries.last().and_then(|entry| entry.get("seq"));
        last = newest.and_then(Value::as_u64).unwrap_or(last);
        path = log.path(format_args!("?after={last}&limit={PAGE}"));
        if entries.len() < PAGE {
            thread::sleep(PERIOD);
        }
    }
}

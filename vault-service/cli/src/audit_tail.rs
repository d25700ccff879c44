//! `audit tail`.

use std::thread;
use std::time::Duration;

use clap::{Args, value_parser};
use serde_json::Value;

use crate::audit::{COLUMNS, Log};
use crate::error::Error;
use crate::output::{Output, printable, warn};

/// How often it is asked for what follows.
const PERIOD: Duration = Duration::from_secs(1);

/// Longest pause while the vault does not answer.
const MAX_PAUSE: Duration = Duration::from_secs(30);

/// Most entries of one answer of the vault.
const PAGE: usize = 1000;

/// What is printed.
#[derive(Args)]
pub(crate) struct Tail {
    /// Read the log of the organization [default: the log of the environment]
    #[arg(long)]
    organization: bool,
    /// Go on with what follows, until interrupted; while the vault is away it is asked again, ever
    /// more rarely, up to every 30 seconds
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
    let mut last = None;
    let mut pause = PERIOD;
    loop {
        let entries = match log.client().list(&path) {
            Ok(entries) => entries,
            // The first answer shows that all is well but for the vault.
            Err(error) if last.is_some() && error.may_pass() => {
                warn(&format!(
                    "warning: {}; asked again in {} s",
                    printable(&error.to_string()),
                    pause.as_secs()
                ));
                thread::sleep(pause);
                pause = longer(pause);
                continue;
            }
            Err(error) => return Err(error),
        };
        pause = PERIOD;
        for entry in &entries {
            if !output.line(entry, &COLUMNS)? {
                return Ok(());
            }
        }
        if !wanted.follow {
            return Ok(());
        }
        let newest = entries.last().and_then(|entry| entry.get("seq"));
        let after = newest.and_then(Value::as_u64).or(last).unwrap_or(0);
        last = Some(after);
        path = log.path(format_args!("?after={after}&limit={PAGE}"));
        if entries.len() < PAGE {
            thread::sleep(PERIOD);
        }
    }
}

/// The pause after one that was in vain.
fn longer(pause: Duration) -> Duration {
    pause.saturating_mul(2).min(MAX_PAUSE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_and_have_a_bound() {
        let pauses = std::iter::successors(Some(PERIOD), |pause| Some(longer(*pause)));
        let seconds: Vec<u64> = pauses.take(8).map(|pause| pause.as_secs()).collect();
        assert_eq!(seconds, [1, 2, 4, 8, 16, 30, 30, 30]);
    }
}

//! `audit search`.

use clap::builder::PossibleValuesParser;
use clap::{Args, value_parser};
use serde_json::Value;

use crate::audit::{COLUMNS, Log};
use crate::error::Error;
use crate::moment::{Moment, Time, first_moment, last_moment};
use crate::output::{Output, warn};

/// Most entries of one answer of the vault.
const PAGE: u32 = 1000;

/// From and until.
type Period = (Option<String>, Option<String>);

/// What is looked for.
#[derive(Args)]
pub(crate) struct Search {
    /// Search the log of the organization [default: the log of the environment]
    #[arg(long)]
    organization: bool,
    /// Who: a name as it was then, or an id
    #[arg(long, value_name = "NAME")]
    actor: Option<String>,
    /// What: an operation, or how several begin: `secret.*` for what left the vault, `sharedSecrets.*`
    /// for writes
    #[arg(long, value_name = "OPERATION")]
    operation: Option<String>,
    /// On what: a part of it; `sharedSecrets/backend` finds reads and writes, a whole reference
    /// reads only
    #[arg(long, visible_alias = "reference", value_name = "TEXT")]
    object: Option<String>,
    /// On or in which secret group
    #[arg(long, value_name = "NAME")]
    group: Option<String>,
    /// With which outcome
    #[arg(long, value_parser = PossibleValuesParser::new(["allowed", "refused", "failed", "begun"]))]
    outcome: Option<String>,
    /// Of which trace: a whole traceparent, or its second part, 32 hexadecimal digits
    #[arg(long, value_name = "TRACE", value_parser = trace_id)]
    trace: Option<String>,
    /// Not before: so long ago (15m, 2h, 7d), today or yesterday, a day (2026-11-23), or a moment
    /// (2026-11-23T21:50:00Z); days are those of UTC
    #[arg(long, value_name = "TIME")]
    since: Option<Time>,
    /// Not after: the same; of a day all
    #[arg(long, value_name = "TIME")]
    until: Option<Time>,
    /// Only entries with a greater sequence number (column SEQ)
    #[arg(long, value_name = "SEQ")]
    after: Option<u64>,
    /// How many entries at most
    #[arg(long, value_name = "N", default_value_t = 100, value_parser = value_parser!(u32).range(1..=1_000_000))]
    limit: u32,
}

/// Asks page by page until there are enough, or no more.
pub(crate) fn search(wanted: &Search, output: Output) -> Result<(), Error> {
    let period = wanted.period()?;
    let mut log = Log::open(wanted.organization)?;
    let mut found: Vec<Value> = Vec::new();
    let mut after = wanted.after;
    loop {
        let missing = usize::try_from(wanted.limit)
            .unwrap_or(usize::MAX)
            .saturating_sub(found.len());
        let limit = u32::try_from(missing).unwrap_or(PAGE).min(PAGE);
        let path = log.path(format_args!(
            "/search?{}",
            wanted.query(&period, after, limit)?
        ));
        let mut page = log.client().get(&path)?;
        if let Some(Value::Array(entries)) = page.get_mut("entries").map(Value::take) {
            found.extend(entries);
        }
        let enough = found.len() >= usize::try_from(wanted.limit).unwrap_or(usize::MAX);
        match page.get("next").and_then(Value::as_u64) {
            Some(next) if enough => {
                warn(&format!("there may be more: go on with --after {next}"));
                break;
            }
            Some(next) if !enough && after.is_none_or(|after| next > after) => after = Some(next),
            _ => break,
        }
    }
    output.items(&found, &COLUMNS, "No audit entries that pass.")
}

impl Search {
    /// From when until when, as the vault reads it: the clock is looked at once for all pages.
    fn period(&self) -> Result<Period, Error> {
        let written = |flag, time: Option<&Time>| {
            let time = time.map(|time| time.written(flag, || Moment::now(flag)));
            time.transpose()
        };
        let period = (
            written("--since", self.since.as_ref())?,
            written("--until", self.until.as_ref())?,
        );
        let (since, until) = &period;
        let since = since.as_deref().and_then(first_moment);
        let until = until.as_deref().and_then(last_moment);
        if since.zip(until).is_some_and(|(since, until)| since > until) {
            return Err(Error::Flag {
                flag: "--since",
                reason: "is after --until".into(),
            });
        }
        Ok(period)
    }

    fn query(
        &self,
        (since, until): &Period,
        after: Option<u64>,
        limit: u32,
    ) -> Result<String, Error> {
        let (after, limit) = (after.map(|seq| seq.to_string()), limit.to_string());
        let parameters = [
            ("actor", self.actor.as_ref()),
            ("operation", self.operation.as_ref()),
            ("object", self.object.as_ref()),
            ("group", self.group.as_ref()),
            ("outcome", self.outcome.as_ref()),
            ("trace", self.trace.as_ref()),
            ("since", since.as_ref()),
            ("until", until.as_ref()),
            ("after", after.as_ref()),
            ("limit", Some(&limit)),
        ];
        serde_urlencoded::to_string(parameters).map_err(Error::Query)
    }
}

/// The trace of a traceparent (W3C Trace Context, section 3.2); anything else is for the vault to judge.
fn trace_id(text: &str) -> Result<String, String> {
    let parts: Vec<&str> = text.split('-').collect();
    let [version, trace, parent, flags] = parts.as_slice() else {
        return Ok(text.to_owned());
    };
    let lengths = [(version, 2), (trace, 32), (parent, 16), (flags, 2)];
    let is_hexadecimal = |part: &str| part.bytes().all(|byte| byte.is_ascii_hexdigit());
    match lengths
        .iter()
        .all(|(part, length)| part.len() == *length && is_hexadecimal(part))
    {
        true => Ok((*trace).to_owned()),
        false => Err("a traceparent is like \
                      00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
            .to_owned()),
    }
}

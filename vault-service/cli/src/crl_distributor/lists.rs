//! `crl-distributor publish`, `fetch` and `status`: the revocation lists themselves.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use serde_json::Value;

use super::CrlDistributor;
use crate::arguments::Existing;
use crate::collection::GroupCollection;
use crate::error::Error;
use crate::kind::Kind as _;
use crate::life_cycle::{self, Verb};
use crate::output::{Output, text_of};
use crate::private_file;
use crate::request::{Body, Fields, Request};
use crate::writing::Writing;

/// As large as the vault takes one.
const MAX_CRL: u64 = 16 * 1024 * 1024;

const CONTENT_TYPE: &str = "application/octet-stream";

/// The verbs of CRL distributors.
#[derive(Subcommand)]
pub(crate) enum Command {
    #[command(flatten)]
    Secret(Verb<CrlDistributor>),
    /// Put a CRL into force: the vault verifies it, and gateways use it within a second
    #[command(
        after_help = "Example:\n  sallyport crl-distributor publish partner-crl --group payments \\\n      --file ca.crl"
    )]
    Publish(Publish),
    /// Fetch the lists now instead of when they are due; exits with 1 if one is not taken
    #[command(
        after_help = "Example:\n  sallyport crl-distributor fetch partner-crl --group payments"
    )]
    Fetch(Fetch),
    /// Show which lists are in force, until when, and what came of fetching them
    #[command(
        after_help = "Example:\n  sallyport crl-distributor status partner-crl --group payments"
    )]
    Status(Existing),
}

/// `publish`.
#[derive(Args)]
pub(crate) struct Publish {
    #[command(flatten)]
    existing: Existing,
    /// CRL, complete or delta, in DER or PEM; at most 16 MiB
    #[arg(long)]
    file: PathBuf,
    #[command(flatten)]
    writing: Writing,
}

/// `fetch`.
#[derive(Args)]
pub(crate) struct Fetch {
    #[command(flatten)]
    existing: Existing,
    #[command(flatten)]
    writing: Writing,
}

/// Runs a verb.
pub(crate) fn run(command: Command, output: Output) -> Result<(), Error> {
    match command {
        Command::Secret(verb) => life_cycle::run(verb, output),
        Command::Publish(publish) => publish.run(output),
        Command::Fetch(fetch) => fetch.run(output),
        Command::Status(existing) => status(&existing, output),
    }
}

impl Publish {
    fn run(self, output: Output) -> Result<(), Error> {
        let bytes = private_file::read(&self.file, MAX_CRL)?;
        let Existing { name, at } = self.existing;
        let mut place = GroupCollection::open(&at, CrlDistributor::COLLECTION)?;
        let id = place.find(&name)?;
        let body = Body::File(CONTENT_TYPE, bytes);
        let request = Request::put(place.own_item(id, "lists"), body);
        let Some(answer) = self.writing.send(&mut place.session, &request, output)? else {
            return Ok(());
        };
        let field = |field: &str| answer.get(field).map_or_else(String::new, text_of);
        let (outcome, edition) = (field("outcome"), field("edition"));
        let dropped = match field("dropped").as_str() {
            "0" | "" => String::new(),
            dropped => format!("; {dropped} certificates are listed no longer"),
        };
        output.done(
            &answer,
            &format!(
                "The list of {name} ({id}) was {outcome}: edition {edition} is in force{dropped}"
            ),
        )
    }
}

impl Fetch {
    fn run(self, output: Output) -> Result<(), Error> {
        let Existing { name, at } = self.existing;
        let mut place = GroupCollection::open(&at, CrlDistributor::COLLECTION)?;
        let id = place.find(&name)?;
        let request = Request::post(place.own_item(id, "lists/fetch"), Fields::default());
        let Some(answer) = self.writing.send(&mut place.session, &request, output)? else {
            return Ok(());
        };
        let failed = lists_fetched(&answer)
            .find(|(_, list)| list.get("failures").is_some_and(|count| *count != 0));
        match failed {
            None => show(&answer, output),
            Some((_, list)) => Err(Error::NotFetched {
                reason: list.get("reason").map_or_else(String::new, text_of),
            }),
        }
    }
}

fn status(existing: &Existing, output: Output) -> Result<(), Error> {
    let mut place = GroupCollection::open(&existing.at, CrlDistributor::COLLECTION)?;
    let id = place.find(&existing.name)?;
    let path = place.own_item(id, "lists");
    show(&place.session.client.get(&path)?, output)
}

fn show(answer: &Value, output: Output) -> Result<(), Error> {
    let lists = answer.get("lists").and_then(Value::as_array);
    let rows: Vec<Vec<String>> = lists.into_iter().flatten().map(row).collect();
    let header = [
        "SIGNER",
        "NUMBER",
        "ENTRIES",
        "DELTA",
        "THIS UPDATE",
        "NEXT UPDATE",
    ];
    let empty =
        "Nothing is in force: with unknown = deny, contexts that refer to it refuse everybody";
    output.rows(answer, &header, &rows, empty)?;
    let moment = |name: &str| answer.get("fetching")?.get(name)?.as_str();
    let next = match (moment("underWaySince"), moment("nextFetch")) {
        (Some(since), _) => format!("under way since {since}"),
        (None, Some(next)) => next.to_owned(),
        (None, None) => return Ok(()),
    };
    let fetched: Vec<Vec<String>> = lists_fetched(answer)
        .map(|(name, list)| {
            let fields = ["lastSuccess", "lastFailure", "failures", "reason"];
            let cells = fields.map(|field| cell(list, field));
            std::iter::once(name.to_owned())
                .chain([next.clone()])
                .chain(cells)
                .collect()
        })
        .collect();
    let header = [
        "FETCHED",
        "NEXT FETCH",
        "LAST SUCCESS",
        "LAST FAILURE",
        "FAILURES",
        "REASON",
    ];
    output.more_rows(&header, &fetched)
}

/// The lists that are fetched, by name.
fn lists_fetched(answer: &Value) -> impl Iterator<Item = (&'static str, &Value)> {
    ["complete", "delta"].into_iter().filter_map(|name| {
        let list = answer.get("fetching")?.get(name)?;
        (!list.is_null()).then_some((name, list))
    })
}

fn cell(list: &Value, field: &str) -> String {
    match list.get(field) {
        None | Some(Value::Null) => "-".to_owned(),
        Some(value) => text_of(value),
    }
}

fn row(list: &Value) -> Vec<String> {
    let fields = [
        "number",
        "entries",
        "deltaEntries",
        "thisUpdate",
        "nextUpdate",
    ];
    let text = |field: &str| cell(list, field);
    let signer = match list.get("signer") {
        Some(Value::String(subject)) => subject.clone(),
        _ => text("signerSpkiSha256"),
    };
    std::iter::once(signer).chain(fields.map(text)).collect()
}

//! `audit list`.

use clap::{Subcommand, value_parser};

use crate::error::Error;
use crate::output::Output;
use crate::session::Session;

/// The verbs.
#[derive(Subcommand)]
pub(crate) enum Command {
    /// List audit entries, oldest first: the newest ones, or those after a sequence number
    #[command(after_help = "Example:\n  sallyport audit list --limit 20\n  \
                      sallyport audit list --after 4711 -o json")]
    List {
        /// How many entries at most, 1 to 1000
        #[arg(long, value_name = "N", default_value_t = 100, value_parser = value_parser!(u16).range(1..=1000))]
        limit: u16,
        /// Only entries with a greater sequence number (column SEQ), to read on from the last one
        #[arg(long, value_name = "SEQ")]
        after: Option<u64>,
    },
}

/// Runs a verb.
pub(crate) fn run(command: Command, output: Output) -> Result<(), Error> {
    let Command::List { limit, after } = command;
    let mut session = Session::open()?;
    let after = after.map_or_else(String::new, |seq| format!("after={seq}&"));
    let path = session.own(format_args!("/audit?{after}limit={limit}"));
    let answer = session.client.list(&path)?;
    output.items(
        &answer,
        &[
            ("SEQ", "/seq"),
            ("TIME", "/time"),
            ("KIND", "/actorKind"),
            ("ACTOR", "/actor"),
            ("OPERATION", "/operation"),
            ("OBJECT", "/object"),
            ("OUTCOME", "/outcome"),
            ("REASON", "/reason"),
        ],
        "No audit entries.",
    )
}

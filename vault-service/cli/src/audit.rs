//! `audit list` and `audit verify`.

use clap::{Subcommand, value_parser};

use crate::audit_file::{Verify, verify};
use crate::error::Error;
use crate::output::Output;
use crate::session::{OrganizationSession, Session};

/// The verbs.
#[derive(Subcommand)]
pub(crate) enum Command {
    /// Prove that a copy of the whole audit log is complete and unchanged, without the vault
    #[command(
        after_help = "The first broken line is named, with what is wrong: edited, removed, \
                      reordered or truncated.\n\nExample:\n  \
                      sallyport-vault export-audit --data-dir DIR > audit.jsonl\n  \
                      sallyport audit verify audit.jsonl --public-key audit.pem"
    )]
    Verify(Verify),
    /// List audit entries, oldest first: the newest ones, or those after a sequence number
    #[command(after_help = "Example:\n  sallyport audit list --limit 20\n  \
                      sallyport audit list --after 4711 -o json\n  \
                      sallyport audit list --organization")]
    List {
        /// Read the log of the organization: logins, users, apps, permissions, environments
        /// [default: the log of the environment]
        #[arg(long)]
        organization: bool,
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
    let (organization, limit, after) = match command {
        Command::Verify(wanted) => return verify(&wanted, output),
        Command::List {
            organization,
            limit,
            after,
        } => (organization, limit, after),
    };
    let after = after.map_or_else(String::new, |seq| format!("after={seq}&"));
    let page = format!("/audit?{after}limit={limit}");
    let answer = if organization {
        let mut session = OrganizationSession::open()?;
        let path = session.of_organization(page);
        session.client.list(&path)?
    } else {
        let mut session = Session::open()?;
        let path = session.own(page);
        session.client.list(&path)?
    };
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

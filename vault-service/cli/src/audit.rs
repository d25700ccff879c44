//! `audit list`, `audit tail`, `audit search` and `audit verify`.

use std::fmt::Display;

use clap::{Subcommand, value_parser};

use crate::audit_file::{Verify, verify};
use crate::audit_search::{Search, search};
use crate::audit_tail::{Tail, tail};
use crate::client::Client;
use crate::error::Error;
use crate::output::{Column, Output};
use crate::session::{OrganizationSession, Session};

/// How entries are shown.
pub(crate) const COLUMNS: [Column; 9] = [
    ("SEQ", "/seq"),
    ("TIME", "/time"),
    ("KIND", "/actorKind"),
    ("ACTOR", "/actor"),
    ("OPERATION", "/operation"),
    ("OBJECT", "/object"),
    ("OUTCOME", "/outcome"),
    ("REASON", "/reason"),
    ("TRACE", "/traceId"),
];

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
    /// Find audit entries, oldest first, that pass every filter given
    #[command(after_help = "Example:\n  \
                      sallyport audit search --object sharedSecrets/backend --group payments\n  \
                      sallyport audit search --operation 'secret.*' --outcome refused --since 2h\n  \
                      sallyport audit search --actor edge-1 --group payments --limit 1000 -o json\n  \
                      sallyport audit search --trace 4bf92f3577b34da6a3ce929d0e0e4736\n  \
                      sallyport audit search --organization --operation token.create")]
    Search(Search),
    /// Print the newest audit entries, one per line, and with -f those that follow
    #[command(after_help = "Example:\n  sallyport audit tail -n 50\n  \
                      sallyport audit tail -f -o json | jq .object")]
    Tail(Tail),
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
        Command::Search(wanted) => return search(&wanted, output),
        Command::Tail(wanted) => return tail(&wanted, output),
        Command::List {
            organization,
            limit,
            after,
        } => (organization, limit, after),
    };
    let after = after.map_or_else(String::new, |seq| format!("after={seq}&"));
    let mut log = Log::open(organization)?;
    let path = log.path(format_args!("?{after}limit={limit}"));
    let answer = log.client().list(&path)?;
    output.items(&answer, &COLUMNS, "No audit entries.")
}

/// Whose log is read.
pub(crate) enum Log {
    Organization(OrganizationSession),
    Environment(Session),
}

impl Log {
    /// That of the organization, or that of the environment.
    pub(crate) fn open(organization: bool) -> Result<Self, Error> {
        Ok(match organization {
            true => Self::Organization(OrganizationSession::open()?),
            false => Self::Environment(Session::open()?),
        })
    }

    /// A path below that of the log.
    pub(crate) fn path(&self, rest: impl Display) -> String {
        let rest = format!("/audit{rest}");
        match self {
            Self::Organization(session) => session.of_organization(rest),
            Self::Environment(session) => session.own(rest),
        }
    }

    /// The vault.
    pub(crate) fn client(&mut self) -> &mut Client {
        match self {
            Self::Organization(session) => &mut session.client,
            Self::Environment(session) => &mut session.client,
        }
    }
}

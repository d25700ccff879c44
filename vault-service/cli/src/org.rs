//! `org`: organizations and the business groups below them.

use clap::Subcommand;
use sallyport_model::PlaceName;

use crate::error::Error;
use crate::names;
use crate::output::Output;
use crate::request::{Fields, Request};
use crate::session::OrganizationSession;
use crate::storing::created;
use crate::writing::Writing;

const WHAT: &str = "organization";
const ORGANIZATIONS: &str = "/api/v1/organizations";

/// The verbs.
#[derive(Subcommand)]
pub(crate) enum Command {
    /// Create a business group below the organization in use
    #[command(after_help = "Example:\n  sallyport org create Retail")]
    Create {
        /// 1 to 64 letters, digits, single spaces and - _ .
        name: PlaceName,
        #[command(flatten)]
        writing: Writing,
    },
    /// List the organizations you belong to
    #[command(after_help = "Example:\n  sallyport org list")]
    List,
    /// Show an organization
    #[command(after_help = "Example:\n  sallyport org show Retail")]
    Show {
        /// Name or id [default: the one in use]
        name: Option<String>,
    },
}

/// Runs a verb.
pub(crate) fn run(command: Command, output: Output) -> Result<(), Error> {
    let mut session = OrganizationSession::open()?;
    match command {
        Command::Create { name, writing } => {
            let path = session.of_organization("/organizations");
            let request = Request::post(path, Fields::default().plain("name", name.as_str()));
            match writing.send(&mut session, &request, output)? {
                Some(answer) => created(&request.path, WHAT, name.as_str(), &answer, output),
                None => Ok(()),
            }
        }
        Command::List => {
            let answer = session.client.list(ORGANIZATIONS)?;
            output.items(
                &answer,
                &[("NAME", "/name"), ("ID", "/id"), ("PARENT", "/parent")],
                "You belong to no organization.",
            )
        }
        Command::Show { name } => {
            let path = match name {
                Some(wanted) => {
                    let id = names::find(&mut session, WHAT, &wanted, ORGANIZATIONS)?;
                    format!("{ORGANIZATIONS}/{id}")
                }
                None => session.of_organization(""),
            };
            output.record(&session.client.get(&path)?)
        }
    }
}

//! `env`: environments of an organization, and which one is in use.

use clap::Subcommand;
use sallyport_model::PlaceName;
use serde_json::json;

use crate::error::Error;
use crate::names;
use crate::output::Output;
use crate::profile::Profile;
use crate::request::{Fields, Request};
use crate::session::{self, OrganizationSession};
use crate::storing::created;
use crate::writing::Writing;

const WHAT: &str = "environment";

/// The verbs.
#[derive(Subcommand)]
pub(crate) enum Command {
    /// Create an environment in the organization in use
    #[command(after_help = "Example:\n  sallyport env create sandbox")]
    Create {
        /// 1 to 64 letters, digits, single spaces and - _ .
        name: PlaceName,
        /// Mark it as a production environment
        #[arg(long)]
        production: bool,
        #[command(flatten)]
        writing: Writing,
    },
    /// List the environments of the organization
    #[command(after_help = "Example:\n  sallyport env list")]
    List,
    /// Show an environment
    #[command(after_help = "Example:\n  sallyport env show sandbox")]
    Show {
        /// Name or id [default: the one in use]
        name: Option<String>,
    },
    /// Work in another environment from now on: changes the profile
    #[command(after_help = "Example:\n  sallyport env use sandbox")]
    Use {
        /// Name or id
        name: String,
        /// Organization, by name or id [default: the one in use]
        #[arg(long, value_name = "NAME")]
        organization: Option<String>,
    },
}

/// Runs a verb.
pub(crate) fn run(command: Command, output: Output) -> Result<(), Error> {
    let mut session = OrganizationSession::open()?;
    let environments = session.of_organization("/environments");
    match command {
        Command::Create {
            name,
            production,
            writing,
        } => {
            let fields = Fields::default()
                .plain("name", name.as_str())
                .plain("production", production);
            let request = Request::post(environments, fields);
            match writing.send(&mut session, &request, output)? {
                Some(answer) => created(&request.path, WHAT, name.as_str(), &answer, output),
                None => Ok(()),
            }
        }
        Command::List => {
            let answer = session.client.list(&environments)?;
            output.items(
                &answer,
                &[
                    ("NAME", "/name"),
                    ("PRODUCTION", "/production"),
                    ("ID", "/id"),
                ],
                "No environments. Create one: sallyport env create NAME",
            )
        }
        Command::Show { name } => {
            let path = match name {
                Some(wanted) => {
                    let id = names::find(&mut session, WHAT, &wanted, &environments)?;
                    format!("{environments}/{id}")
                }
                None => {
                    let id = session.environment()?;
                    format!("{environments}/{id}")
                }
            };
            output.record(&session.client.get(&path)?)
        }
        Command::Use { name, organization } => {
            use_it(&mut session, &name, organization.as_deref(), output)
        }
    }
}

fn use_it(
    session: &mut OrganizationSession,
    name: &str,
    organization: Option<&str>,
    output: Output,
) -> Result<(), Error> {
    let path = Profile::location()?;
    let organization = match organization {
        Some(wanted) => session::organization(&mut session.client, Some(wanted))?.0,
        None => session.id(),
    };
    let (environment, named) = session::environment(&mut session.client, organization, Some(name))?;
    // Read after the calls: they may have renewed the token in it.
    let Some(mut profile) = Profile::load(&path)? else {
        return Err(Error::NotLoggedIn { path });
    };
    profile.organization = organization;
    profile.environment = Some(environment);
    profile.save(&path)?;
    output.done(
        &json!({"id": environment, "name": named.name, "organization": organization}),
        &format!("Using environment {named}; profile {}", path.display()),
    )
}

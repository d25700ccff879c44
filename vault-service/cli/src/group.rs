//! `group`: what is encrypted, granted and locked together.

use clap::{Args, Subcommand};
use sallyport_model::GroupName;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::edit_session::{self, Edit};
use crate::error::Error;
use crate::life_cycle::with;
use crate::names;
use crate::output::Output;
use crate::request::{Fields, Request};
use crate::rollout;
use crate::session::{self, Session};
use crate::storing::created;
use crate::writing::{Destroying, Writing};

const WHAT: &str = "secret group";

/// The verbs.
#[derive(Subcommand)]
pub(crate) enum Command {
    /// Create an empty secret group with its own encryption key
    #[command(after_help = "Example:\n  sallyport group create payments")]
    Create {
        /// 3 to 35 letters, digits and dashes; starts with a letter, does not end with a dash
        name: GroupName,
        /// Let gateways with a read grant fetch its keys and certificates as files: private keys
        /// may leave the vault
        #[arg(long)]
        downloadable: bool,
        #[command(flatten)]
        writing: Writing,
    },
    /// List the secret groups of the environment
    #[command(after_help = "Example:\n  sallyport group list -o json")]
    List {
        /// Only those that are downloadable, or only those that are not
        #[arg(long, value_name = "true|false")]
        downloadable: Option<bool>,
    },
    /// Show one secret group
    #[command(after_help = "Example:\n  sallyport group show payments")]
    Show {
        /// Name or id
        name: String,
    },
    /// Change the name of a secret group, or whether it is downloadable
    #[command(after_help = "Example:\n  sallyport group update payments --name payments-eu")]
    Update(Update),
    /// Delete a secret group and every secret in it; there is no way back
    #[command(after_help = "Example:\n  sallyport group delete payments --yes")]
    Delete {
        /// Name or id
        name: String,
        #[command(flatten)]
        destroying: Destroying,
    },
    /// Copy a secret group with all its secrets, also into another environment
    ///
    /// Of each secret the current version is copied; pending and previous ones are not.
    #[command(
        after_help = "Example:\n  sallyport group clone payments payments-test --environment sandbox"
    )]
    Clone(Clone),
    /// Edit session: change several secrets and publish all of it at once
    ///
    /// While a session is open the group is locked: others cannot change it, and gateways keep
    /// getting what was published last.
    #[command(subcommand)]
    Edit(Edit),
}

/// `group update`.
#[derive(Args)]
#[group(id = "changes", args = ["to", "downloadable"], required = true, multiple = true)]
pub(crate) struct Update {
    /// Name or id
    name: String,
    /// The new name; references by name must follow
    #[arg(long = "name", id = "to", value_name = "NAME")]
    to: Option<GroupName>,
    /// Whether gateways with a read grant may fetch its keys and certificates as files: private
    /// keys may leave the vault then
    #[arg(long, value_name = "true|false")]
    downloadable: Option<bool>,
    #[command(flatten)]
    writing: Writing,
}

/// `group clone`.
#[derive(Args)]
pub(crate) struct Clone {
    /// Name or id
    name: String,
    /// Name of the copy
    copy: GroupName,
    /// Environment of the copy, by name or id [default: the same]
    #[arg(long, value_name = "NAME")]
    environment: Option<String>,
    /// Whether the copy is downloadable [default: as the original]
    #[arg(long, value_name = "true|false")]
    downloadable: Option<bool>,
    #[command(flatten)]
    writing: Writing,
}

/// Runs a verb.
pub(crate) fn run(command: Command, output: Output) -> Result<(), Error> {
    let mut session = Session::open()?;
    match command {
        Command::Create {
            name,
            downloadable,
            writing,
        } => create(&mut session, &name, downloadable, writing, output),
        Command::List { downloadable } => list(&mut session, downloadable, output),
        Command::Show { name } => {
            let id = find(&mut session, &name)?;
            let path = item(&session, id);
            output.record(&session.client.get(&path)?)
        }
        Command::Update(update) => update.run(&mut session, output),
        Command::Delete { name, destroying } => delete(&mut session, &name, destroying, output),
        Command::Clone(clone) => clone.run(&mut session, output),
        Command::Edit(edit) => edit_session::run(&edit, &mut session, output),
    }
}

/// The id of a group, by name or id.
pub(crate) fn find(session: &mut Session, wanted: &str) -> Result<Uuid, Error> {
    let list = groups(session);
    names::find(session, WHAT, wanted, &list)
}

fn create(
    session: &mut Session,
    name: &GroupName,
    downloadable: bool,
    writing: Writing,
    output: Output,
) -> Result<(), Error> {
    let fields = Fields::default()
        .plain("name", name.as_str())
        .plain("downloadable", downloadable);
    let request = Request::post(groups(session), fields);
    match writing.send(session, &request, output)? {
        Some(answer) => created(&request.path, WHAT, name.as_str(), &answer, output),
        None => Ok(()),
    }
}

fn list(session: &mut Session, downloadable: Option<bool>, output: Output) -> Result<(), Error> {
    let mut path = groups(session);
    if let Some(downloadable) = downloadable {
        path.push_str(&format!("?downloadable={downloadable}"));
    }
    let answer = session.client.list(&path)?;
    output.items(
        &answer,
        &[
            ("NAME", "/name"),
            ("ID", "/meta/id"),
            ("MODIFIED", "/meta/modifiedAt"),
            ("BY", "/meta/modifiedBy"),
            ("LOCKED BY", "/meta/lockedBy"),
        ],
        "No secret groups. Create one: sallyport group create NAME",
    )
}

impl Update {
    fn run(self, session: &mut Session, output: Output) -> Result<(), Error> {
        let id = find(session, &self.name)?;
        let fields = Fields::default()
            .optional("name", self.to.as_ref().map(GroupName::as_str))
            .optional("downloadable", self.downloadable);
        let request = Request::patch(item(session, id), fields);
        let Some(answer) = self.writing.send(session, &request, output)? else {
            return Ok(());
        };
        let name = self.to.map_or(self.name, String::from);
        output.done(
            &with(&answer, &json!({"id": id, "name": name})),
            &format!("Updated {WHAT} {name} ({id})"),
        )
    }
}

fn delete(
    session: &mut Session,
    name: &str,
    destroying: Destroying,
    output: Output,
) -> Result<(), Error> {
    let id = find(session, name)?;
    let request = Request::delete(item(session, id));
    let question = format!("Delete {WHAT} {name} ({id}) and every secret in it?");
    rollout::warn_of_readers(session, id);
    match destroying.send(session, &request, &question, output)? {
        Some(_) => output.done(
            &json!({"id": id, "name": name}),
            &format!("Deleted {WHAT} {name} and every secret in it"),
        ),
        None => Ok(()),
    }
}

impl Clone {
    fn run(self, session: &mut Session, output: Output) -> Result<(), Error> {
        let id = find(session, &self.name)?;
        let organization = session.id();
        let environment = match &self.environment {
            Some(wanted) => {
                let found = session::environment(&mut session.client, organization, Some(wanted))?;
                Some(found.0.to_string())
            }
            None => None,
        };
        let copy = self.copy.as_str();
        let fields = Fields::default()
            .plain("name", copy)
            .optional("environment", environment)
            .optional("downloadable", self.downloadable);
        let path = session.own(format_args!("/secretGroups/{id}/clone"));
        let request = Request::post(path, fields);
        let Some(answer) = self.writing.send(session, &request, output)? else {
            return Ok(());
        };
        let new = answer.get("id").unwrap_or(&Value::Null);
        let count = answer.get("secrets").and_then(Value::as_u64).unwrap_or(0);
        let sentence = format!("Cloned {WHAT} {} as {copy} (secrets: {count})", self.name);
        output.done(
            &json!({"id": new, "name": copy, "secrets": answer.get("secrets")}),
            &sentence,
        )
    }
}

fn groups(session: &Session) -> String {
    session.manager("/secretGroups")
}

/// The path of a group.
pub(crate) fn item(session: &Session, id: Uuid) -> String {
    session.manager(format_args!("/secretGroups/{id}"))
}

//! `group create|list|show|delete`.

use clap::Subcommand;
use sallyport_model::GroupName;
use serde_json::{Value, json};
use ureq::http::Method;
use uuid::Uuid;

use crate::client::{Body, to_json};
use crate::collection::created;
use crate::error::Error;
use crate::names::{Named, pick};
use crate::output::{Output, text_of};
use crate::session::Session;

const WHAT: &str = "secret group";

/// The verbs.
#[derive(Subcommand)]
pub(crate) enum Command {
    /// Create an empty secret group with its own encryption key
    #[command(after_help = "Example:\n  sallyport group create payments")]
    Create {
        /// 3 to 35 letters, digits and dashes; starts with a letter, does not end with a dash
        name: GroupName,
    },
    /// List the secret groups of the environment
    #[command(after_help = "Example:\n  sallyport group list -o json")]
    List,
    /// Show one secret group
    #[command(after_help = "Example:\n  sallyport group show payments")]
    Show {
        /// Name or id
        name: String,
    },
    /// Delete a secret group and every secret in it; there is no way back
    #[command(after_help = "Example:\n  sallyport group delete payments")]
    Delete {
        /// Name or id
        name: String,
    },
}

/// Runs a verb.
pub(crate) fn run(command: Command, output: Output) -> Result<(), Error> {
    let mut session = Session::open()?;
    match command {
        Command::Create { name } => create(&mut session, &name, output),
        Command::List => list(&mut session, output),
        Command::Show { name } => {
            let id = find(&mut session, &name)?;
            let path = item(&session, id);
            output.record(&session.client.get(&path)?)
        }
        Command::Delete { name } => delete(&mut session, &name, output),
    }
}

/// The id of a group, by name or id.
pub(crate) fn find(session: &mut Session, wanted: &str) -> Result<Uuid, Error> {
    match wanted.parse() {
        Ok(id) => Ok(id),
        Err(_) => {
            let list = session.client.list(&groups(session))?;
            Ok(pick(WHAT, wanted, Named::all(&list))?.id)
        }
    }
}

fn create(session: &mut Session, name: &GroupName, output: Output) -> Result<(), Error> {
    let path = groups(session);
    let body = Body::Json(to_json(&json!({"name": name, "downloadable": false}))?);
    let answer = session.client.call(&Method::POST, &path, &body)?;
    created(&path, WHAT, name.as_str(), &answer, output)
}

fn list(session: &mut Session, output: Output) -> Result<(), Error> {
    let answer = session.client.list(&groups(session))?;
    let rows: Vec<Vec<String>> = answer
        .iter()
        .map(|group| {
            ["/name", "/meta/id", "/meta/modifiedAt", "/meta/modifiedBy"]
                .map(|pointer| text_of(group.pointer(pointer).unwrap_or(&Value::Null)))
                .to_vec()
        })
        .collect();
    output.list(
        &answer,
        &["NAME", "ID", "MODIFIED", "BY"],
        &rows,
        "No secret groups. Create one: sallyport group create NAME",
    )
}

fn delete(session: &mut Session, name: &str, output: Output) -> Result<(), Error> {
    let id = find(session, name)?;
    let path = item(session, id);
    session.client.call(&Method::DELETE, &path, &Body::Empty)?;
    output.done(
        &json!({"id": id, "name": name}),
        &format!("Deleted {WHAT} {name} and every secret in it"),
    )
}

fn groups(session: &Session) -> String {
    session.manager("/secretGroups")
}

fn item(session: &Session, id: Uuid) -> String {
    session.manager(format_args!("/secretGroups/{id}"))
}

//! `app`: connected apps, programs that log in with a client id and a secret.

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use sallyport_model::SecretString;
use serde::Deserialize;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::error::Error;
use crate::names;
use crate::output::Output;
use crate::private_file::{PRIVATE, Staged};
use crate::request::{Body, Fields, Request, parse};
use crate::session::OrganizationSession;
use crate::writing::{Destroying, Writing};

const WHAT: &str = "connected app";

/// The verbs.
#[derive(Subcommand)]
pub(crate) enum Command {
    /// Create a connected app; its client secret is shown once, or written to a file
    #[command(after_help = "Example:\n  sallyport app create ci --out ci.secret\n  \
                      sallyport login ... --client-id ID --client-secret-file ci.secret")]
    Create {
        /// The name
        name: String,
        /// Let the app do everything in the organization and those below it
        #[arg(long)]
        administrator: bool,
        #[command(flatten)]
        out: Out,
        #[command(flatten)]
        writing: Writing,
    },
    /// List the connected apps of the organization
    #[command(after_help = "Example:\n  sallyport app list")]
    List,
    /// Give a connected app a new client secret; the old one is refused from now on
    #[command(after_help = "Example:\n  sallyport app renew-secret ci --out ci.secret")]
    RenewSecret {
        /// Name or id
        name: String,
        #[command(flatten)]
        out: Out,
        #[command(flatten)]
        destroying: Destroying,
    },
    /// Delete a connected app with all permissions and grants
    #[command(after_help = "Example:\n  sallyport app delete ci --yes")]
    Delete {
        /// Name or id
        name: String,
        #[command(flatten)]
        destroying: Destroying,
    },
}

/// Where the client secret goes.
#[derive(Args)]
pub(crate) struct Out {
    /// Write the client secret to this new file (0600) instead of printing it
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

/// What the vault says once.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Made {
    client_id: String,
    client_secret: SecretString,
}

/// Runs a verb.
pub(crate) fn run(command: Command, output: Output) -> Result<(), Error> {
    let mut session = OrganizationSession::open()?;
    match command {
        Command::Create {
            name,
            administrator,
            out,
            writing,
        } => {
            let fields = Fields::default()
                .plain("name", name.as_str())
                .plain("administrator", administrator);
            let request = Request::post(apps(&session), fields);
            let file = out.prepare(writing)?;
            match writing.send(&mut session, &request, output)? {
                Some(answer) => out.report(file, &request.path, &answer, &name, "Created", output),
                None => Ok(()),
            }
        }
        Command::List => list(&mut session, output),
        Command::RenewSecret {
            name,
            out,
            destroying,
        } => {
            let id = find(&mut session, &name)?;
            let path = format!("{}/{id}/secret", apps(&session));
            let request = Request::post(path, Body::Empty);
            let file = out.prepare(destroying.writing)?;
            let question = format!("Replace the client secret of {WHAT} {name} ({id})?");
            match destroying.send(&mut session, &request, &question, output)? {
                Some(answer) => out.report(
                    file,
                    &request.path,
                    &answer,
                    &name,
                    "Renewed the secret of",
                    output,
                ),
                None => Ok(()),
            }
        }
        Command::Delete { name, destroying } => {
            let id = find(&mut session, &name)?;
            let request = Request::delete(format!("{}/{id}", apps(&session)));
            let question = format!("Delete {WHAT} {name} ({id})?");
            match destroying.send(&mut session, &request, &question, output)? {
                Some(_) => output.done(
                    &json!({"id": id, "name": name}),
                    &format!("Deleted {WHAT} {name}"),
                ),
                None => Ok(()),
            }
        }
    }
}

/// The id of a connected app, by name or id.
pub(crate) fn find(session: &mut OrganizationSession, wanted: &str) -> Result<Uuid, Error> {
    let list = apps(session);
    names::find(session, WHAT, wanted, &list)
}

impl Out {
    /// Makes sure the secret can be kept before the vault makes one.
    fn prepare(&self, writing: Writing) -> Result<Option<Staged>, Error> {
        let Some(path) = &self.out else {
            return Ok(None);
        };
        if path.exists() {
            return Err(Error::FileExists { path: path.clone() });
        }
        if writing.dry_run {
            return Ok(None);
        }
        Staged::write(path, b"", PRIVATE).map(Some)
    }

    fn report(
        &self,
        file: Option<Staged>,
        path: &str,
        answer: &Value,
        name: &str,
        done: &str,
        output: Output,
    ) -> Result<(), Error> {
        let Made {
            client_id,
            client_secret,
        } = parse(path, answer)?;
        let id = answer.get("id").and_then(Value::as_str);
        let id = id.unwrap_or(&client_id);
        if let (Some(file), Some(to)) = (file, &self.out) {
            file.fill(client_secret.expose().as_bytes())?;
            let to: &Path = to;
            return output.done(
                &json!({"id": id, "name": name, "clientId": client_id, "clientSecretFile": to}),
                &format!(
                    "{done} {WHAT} {name}, client id {client_id}, client secret in {}",
                    to.display()
                ),
            );
        }
        // The one secret this command prints: there is no other moment to see it.
        let secret = client_secret.expose();
        output.done(
            &json!({"id": id, "name": name, "clientId": client_id, "clientSecret": secret}),
            &format!(
                "{done} {WHAT} {name}, client id {client_id}, client secret (shown this once) {secret}"
            ),
        )
    }
}

fn list(session: &mut OrganizationSession, output: Output) -> Result<(), Error> {
    let answer = session.client.list(&apps(session))?;
    output.items(
        &answer,
        &[
            ("NAME", "/name"),
            ("ADMINISTRATOR", "/administrator"),
            ("CREATED", "/createdAt"),
            ("ID", "/id"),
        ],
        "No connected apps. Create one: sallyport app create NAME",
    )
}

fn apps(session: &OrganizationSession) -> String {
    session.of_organization("/connectedApps")
}

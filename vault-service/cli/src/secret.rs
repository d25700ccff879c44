//! `secret create|list|show|rotate`: user name and password.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use sallyport_model::{Collection, SecretName, SecretString};
use serde::{Deserialize, Serialize};

use crate::arguments::{Existing, InGroup};
use crate::client::{Body, parse, to_json};
use crate::collection::{self, GroupCollection};
use crate::error::Error;
use crate::names::Named;
use crate::output::Output;
use crate::profile::exposed;
use crate::secret_input::{self, Prompt, Wanted};
use crate::session::Session;

const COLLECTION: Collection = Collection::SharedSecrets;

/// The verbs.
#[derive(Subcommand)]
pub(crate) enum Command {
    /// Store a user name and a password
    #[command(
        after_help = "Example:\n  sallyport secret create backend --group payments --username app \\\n      \
                      --password-file pw.txt\n  \
                      openssl rand -hex 24 | sallyport secret create backend --group payments \\\n      \
                      --username app --password-file -"
    )]
    Create(Create),
    /// List the shared secrets of a group; values never come back
    #[command(after_help = "Example:\n  sallyport secret list --group payments")]
    List(InGroup),
    /// Show a shared secret without its password
    #[command(after_help = "Example:\n  sallyport secret show backend --group payments")]
    Show(Existing),
    /// Store a new password; gateways use it within a second, without a restart
    ///
    /// The user name (unless --username is given) and the expiration date stay.
    #[command(
        after_help = "Example:\n  sallyport secret rotate backend --group payments --password-file -"
    )]
    Rotate(Rotate),
}

/// `secret create`.
#[derive(Args)]
pub(crate) struct Create {
    /// 1 to 128 characters
    name: SecretName,
    #[command(flatten)]
    at: InGroup,
    /// The user name; not secret, `show` prints it
    #[arg(long)]
    username: String,
    #[command(flatten)]
    password: Password,
}

/// `secret rotate`.
#[derive(Args)]
pub(crate) struct Rotate {
    #[command(flatten)]
    existing: Existing,
    /// A new user name [default: the one it has]
    #[arg(long)]
    username: Option<String>,
    #[command(flatten)]
    password: Password,
}

#[derive(Args)]
struct Password {
    /// File with the password, `-` for stdin; one newline at its end is dropped [default: a prompt]
    #[arg(long, value_name = "FILE")]
    password_file: Option<PathBuf>,
}

/// The body of POST and PUT, in the order the Anypoint CLI writes it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct UsernamePassword<'a> {
    r#type: &'static str,
    name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    expiration_date: Option<&'a str>,
    username: &'a str,
    #[serde(serialize_with = "exposed")]
    password: &'a SecretString,
}

/// What a rotation keeps.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Details {
    name: String,
    username: String,
    expiration_date: Option<String>,
}

/// Runs a verb.
pub(crate) fn run(command: Command, output: Output) -> Result<(), Error> {
    match command {
        Command::Create(create) => create.run(output),
        Command::List(at) => collection::list(&at, COLLECTION, output),
        Command::Show(existing) => collection::show(&existing, COLLECTION, output),
        Command::Rotate(rotate) => rotate.run(output),
    }
}

impl Create {
    fn run(self, output: Output) -> Result<(), Error> {
        let mut session = Session::open()?;
        let secrets = GroupCollection::open(&mut session, &self.at, COLLECTION)?;
        let body = to_json(&UsernamePassword {
            r#type: "UsernamePassword",
            name: self.name.as_str(),
            expiration_date: None,
            username: &self.username,
            password: &self.password.read()?,
        })?;
        let name = self.name.as_str();
        secrets.create(&mut session, name, "", &Body::Json(body), output)
    }
}

impl Rotate {
    fn run(self, output: Output) -> Result<(), Error> {
        let mut session = Session::open()?;
        let secrets = GroupCollection::open(&mut session, &self.existing.at, COLLECTION)?;
        let id = secrets.find(&mut session, &self.existing.name)?;
        let current: Details = parse(&secrets.item(id), &secrets.one(&mut session, id)?)?;
        let body = to_json(&UsernamePassword {
            r#type: "UsernamePassword",
            name: &current.name,
            expiration_date: current.expiration_date.as_deref(),
            username: self.username.as_deref().unwrap_or(&current.username),
            password: &self.password.read()?,
        })?;
        let named = Named {
            id,
            name: current.name,
        };
        secrets.replace(&mut session, &named, "", &Body::Json(body), output)
    }
}

impl Password {
    fn read(&self) -> Result<SecretString, Error> {
        secret_input::read(
            self.password_file.as_ref(),
            Wanted {
                what: "password",
                option: "--password-file",
                prompt: Prompt::Twice,
            },
        )
    }
}

//! `login`, `logout`, `whoami`.

use std::fs;
use std::io;
use std::path::{self, Path, PathBuf};

use clap::Args;
use serde_json::{Value, json};

use crate::client::Client;
use crate::error::Error;
use crate::identity::{Credentials, Identity};
use crate::names::Named;
use crate::output::{Output, text_of};
use crate::profile::{Overrides, Profile, parse_url};
use crate::secret_input::{self, LineEnd, Prompt, SHORT, Wanted};
use crate::session::{self, OrganizationSession};

/// Who one is at the vault.
pub(crate) const ME: &str = "/api/v1/me";

/// Log in as a user or a connected app and remember the vault in the profile
///
/// Of a connected app the profile (mode 0600, its directory 0700) keeps the client secret, so that
/// tokens can be renewed without asking. Of a user it keeps the token but not the password: when
/// the token ends, log in again. `sallyport logout` removes it. The CA file stays where it is: the
/// profile keeps its path. The server's certificate is always verified against it.
#[derive(Args)]
#[command(
    after_help = "Example:\n  sallyport login --url https://vault.example:8443 --ca-file ca.pem \\\n      \
                  --client-id ID --client-secret-file secret.txt\n  \
                  sallyport login --url https://vault.example:8443 --ca-file ca.pem --username ada\n  \
                  pass show vault | sallyport login ... --client-secret-file -"
)]
pub(crate) struct Login {
    /// Address of the vault's public door: https://host[:port]
    #[arg(long, env = "SALLYPORT_URL")]
    url: String,

    /// PEM file with the CA of the vault's certificate; nothing else is trusted
    #[arg(long, env = "SALLYPORT_CA_FILE", value_name = "FILE")]
    ca_file: PathBuf,

    /// Client id of the connected app
    #[arg(
        long,
        env = "SALLYPORT_CLIENT_ID",
        value_name = "ID",
        required_unless_present = "username"
    )]
    client_id: Option<String>,

    /// File with the client secret, `-` for stdin [default: SALLYPORT_CLIENT_SECRET, or a prompt]
    #[arg(long, value_name = "FILE")]
    client_secret_file: Option<PathBuf>,

    /// Log in as this user instead of a connected app
    #[arg(long, value_name = "NAME")]
    username: Option<String>,

    /// File with the user's password, `-` for stdin [default: a prompt]
    #[arg(long, value_name = "FILE", requires = "username")]
    password_file: Option<PathBuf>,

    /// Organization, by name or id [default: your own, not a business group below it]
    #[arg(long, env = "SALLYPORT_ORGANIZATION", value_name = "NAME")]
    organization: Option<String>,

    /// Environment, by name or id [default: the only one, or none if there is none yet]
    #[arg(long, env = "SALLYPORT_ENVIRONMENT", value_name = "NAME")]
    environment: Option<String>,
}

/// A client secret may be in the environment, too.
pub(crate) const CLIENT_SECRET_FILE: &str = "--client-secret-file";

const CLIENT_SECRET: Wanted = Wanted {
    what: "client secret",
    option: CLIENT_SECRET_FILE,
    prompt: Prompt::Once,
    line_end: LineEnd::Dropped,
    limit: SHORT,
};

const PASSWORD: Wanted = Wanted {
    what: "password",
    option: "--password-file",
    ..CLIENT_SECRET
};

/// Nothing is written before the vault has accepted all of it.
pub(crate) fn login(login: Login, output: Output) -> Result<(), Error> {
    let file = Profile::location()?;
    let url = parse_url(&login.url)?;
    let ca_file = path::absolute(&login.ca_file).map_err(|source| Error::Read {
        path: login.ca_file.clone(),
        source,
    })?;
    let mut client = login.connect(&url, &ca_file)?;
    let identity = client.identity().clone();
    let (organization, organization_name) =
        session::organization(&mut client, login.organization.as_deref())?;
    let environment =
        match session::environment(&mut client, organization, login.environment.as_deref()) {
            // A new business group: its first environment is made after the login.
            Err(Error::NoneThere { .. }) => None,
            found => Some(found?),
        };
    Profile {
        url: url.clone(),
        ca_file,
        identity,
        organization,
        environment: environment.as_ref().map(|(id, _)| *id),
        token: client.token().cloned(),
    }
    .save(&file)?;
    let environment = environment.map(|(_, Named { id, name })| json!({"id": id, "name": name}));
    let place = match environment.as_ref().and_then(|named| named.get("name")) {
        Some(name) => format!("environment {}", text_of(name)),
        None => "which has no environment you may see".to_owned(),
    };
    output.done(
        &json!({
            "url": url,
            "organization": {"id": organization, "name": organization_name.name},
            "environment": environment,
            "profile": file,
        }),
        &format!(
            "Logged in to {url}, organization {}, {place}; profile {}",
            organization_name.name,
            file.display()
        ),
    )
}

impl Login {
    fn connect(&self, url: &str, ca_file: &Path) -> Result<Client, Error> {
        if let Some(username) = &self.username {
            let identity = Identity::User {
                username: username.clone(),
            };
            let mut client = Client::new(url.to_owned(), ca_file, identity)?;
            let password = secret_input::read(self.password_file.as_ref(), PASSWORD)?;
            client.log_in(&Credentials::User(username, &password))?;
            return Ok(client);
        }
        let from_environment = Overrides::from_environment().client_secret;
        let client_secret = match (&self.client_secret_file, from_environment) {
            (None, Some(secret)) => secret,
            (source, _) => secret_input::read(source.as_ref(), CLIENT_SECRET)?,
        };
        let identity = Identity::App {
            // clap demands one of the two.
            client_id: self.client_id.clone().unwrap_or_default(),
            client_secret,
        };
        Client::new(url.to_owned(), ca_file, identity)
    }
}

/// Removes the profile; a missing one is as good.
pub(crate) fn logout(output: Output) -> Result<(), Error> {
    let file = Profile::location()?;
    let done = match fs::remove_file(&file) {
        Ok(()) => "Logged out",
        Err(source) if source.kind() == io::ErrorKind::NotFound => "You were not logged in",
        Err(source) => return Err(Error::Write { path: file, source }),
    };
    output.done(
        &json!({ "profile": file }),
        &format!("{done}: no profile at {}", file.display()),
    )
}

/// Asks the vault, so that it also shows whether the login still holds.
pub(crate) fn whoami(output: Output) -> Result<(), Error> {
    let mut session = OrganizationSession::open()?;
    let in_use = session.environment_if_any()?;
    let mut me = session.client.get(ME)?;
    let id = session.id();
    let environments = session::environments(&mut session.client, id)?;
    let organization = session::organization(&mut session.client, Some(&id.to_string()))?.1;
    let find = |id: &str| {
        let known = environments.iter().find(|named| named.id.to_string() == id);
        known.cloned()
    };
    let environment = |id: &str| find(id).map_or_else(|| id.to_owned(), |named| named.to_string());
    let in_use = in_use.map(|id| id.to_string());
    let text = |pointer: &str| text_of(me.pointer(pointer).unwrap_or(&Value::Null));
    let held = me.get("permissions").and_then(Value::as_array);
    let permissions: Vec<String> = held
        .into_iter()
        .flatten()
        .map(|held| {
            let word = text_of(held.get("permission").unwrap_or(&Value::Null));
            let place = held.get("environment").and_then(Value::as_str);
            format!("{word} in {}", place.map_or("all".to_owned(), environment))
        })
        .collect();
    let people = json!({
        "vault": session.client.url(),
        "name": format!("{} ({} {})", text("/name"), text("/kind"), text("/id")),
        "organization": organization.to_string(),
        "environment": in_use.as_deref().map(environment),
        "administrator": me.get("administrator"),
        "permissions": permissions,
    });
    let name = in_use.as_deref().and_then(find).map(|named| named.name);
    if let Some(members) = me.as_object_mut() {
        let in_use = json!({
            "organization": {"id": organization.id, "name": organization.name},
            "environment": in_use.map(|id| json!({"id": id, "name": name})),
        });
        members.insert("vault".to_owned(), session.client.url().into());
        // The organization the vault names is the actor's own.
        members.insert("inUse".to_owned(), in_use);
    }
    output.summary(&me, &people)
}

//! `login`, `logout`, `whoami`.

use std::fs;
use std::io;
use std::path::{self, PathBuf};

use clap::Args;
use serde_json::json;

use crate::client::Client;
use crate::error::Error;
use crate::names::Named;
use crate::output::Output;
use crate::profile::{Overrides, Profile, parse_url};
use crate::secret_input::{self, Prompt, Wanted};
use crate::session::{self, Session};

/// Log in as a connected app and remember the vault in the profile
///
/// The profile (mode 0600, its directory 0700) keeps the client secret, so that tokens can be
/// renewed without asking; `sallyport logout` removes it. The CA file stays where it is: the
/// profile keeps its path. The server's certificate is always verified against it.
#[derive(Args)]
#[command(
    after_help = "Example:\n  sallyport login --url https://vault.example:8443 --ca-file ca.pem \\\n      \
                  --client-id ID --client-secret-file secret.txt\n  \
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
    #[arg(long, env = "SALLYPORT_CLIENT_ID", value_name = "ID")]
    client_id: String,

    /// File with the client secret, `-` for stdin [default: SALLYPORT_CLIENT_SECRET, or a prompt]
    #[arg(long, value_name = "FILE")]
    client_secret_file: Option<PathBuf>,

    /// Organization, by name or id [default: the only one]
    #[arg(long, env = "SALLYPORT_ORGANIZATION", value_name = "NAME")]
    organization: Option<String>,

    /// Environment, by name or id [default: the only one]
    #[arg(long, env = "SALLYPORT_ENVIRONMENT", value_name = "NAME")]
    environment: Option<String>,
}

const CLIENT_SECRET: Wanted = Wanted {
    what: "client secret",
    option: "--client-secret-file",
    prompt: Prompt::Once,
};

/// Nothing is written before the vault has accepted all of it.
pub(crate) fn login(login: Login, output: Output) -> Result<(), Error> {
    let file = Profile::location()?;
    let url = parse_url(&login.url)?;
    let ca_file = path::absolute(&login.ca_file).map_err(|source| Error::Read {
        path: login.ca_file.clone(),
        source,
    })?;
    let from_environment = Overrides::from_environment().client_secret;
    let client_secret = match (&login.client_secret_file, from_environment) {
        (None, Some(secret)) => secret,
        (source, _) => secret_input::read(source.as_ref(), CLIENT_SECRET)?,
    };
    let mut client = Client::new(
        url.clone(),
        &ca_file,
        login.client_id.clone(),
        client_secret.clone(),
    )?;
    let (organization, organization_name) =
        session::organization(&mut client, login.organization.as_deref())?;
    let (environment, environment_name) =
        session::environment(&mut client, organization, login.environment.as_deref())?;
    Profile {
        url: url.clone(),
        ca_file,
        client_id: login.client_id,
        client_secret,
        organization,
        environment,
        token: client.token().cloned(),
    }
    .save(&file)?;
    output.done(
        &json!({
            "url": url,
            "organization": {"id": organization, "name": organization_name.name},
            "environment": {"id": environment, "name": environment_name.name},
            "profile": file,
        }),
        &format!(
            "Logged in to {url}, organization {}, environment {}; profile {}",
            organization_name.name,
            environment_name.name,
            file.display()
        ),
    )
}

/// Removes the profile; a missing one is as good.
pub(crate) fn logout(output: Output) -> Result<(), Error> {
    let file = Profile::location()?;
    match fs::remove_file(&file) {
        Err(source) if source.kind() != io::ErrorKind::NotFound => {
            return Err(Error::Write { path: file, source });
        }
        _ => {}
    }
    output.done(
        &json!({ "profile": file }),
        &format!("Logged out: no profile at {}", file.display()),
    )
}

/// Asks the vault, so that it also shows whether the login still holds.
pub(crate) fn whoami(output: Output) -> Result<(), Error> {
    let mut session = Session::open()?;
    let scope = session.scope();
    let me = session.client.get(session::ME)?;
    let environments = session::environments(&mut session.client, scope.organization)?;
    let organizations = session::organizations_of(&me);
    let describe = |all: Vec<Named>, id: String| {
        all.iter()
            .find(|named| named.id.to_string() == id)
            .map_or(id, ToString::to_string)
    };
    let client = |member: &str| me.pointer(member).and_then(|value| value.as_str());
    let people = json!({
        "vault": session.client.url(),
        "client": format!(
            "{} ({})",
            client("/client/name").unwrap_or("-"),
            client("/client/client_id").unwrap_or("-")
        ),
        "organization": describe(organizations, scope.organization.to_string()),
        "environment": describe(environments, scope.environment.to_string()),
    });
    output.summary(&me, &people)
}

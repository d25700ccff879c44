//! `gateway create|renew|list|delete`: identities that may read values.

use std::path::{Path, PathBuf};

use clap::Subcommand;
use serde::Deserialize;
use serde_json::{Value, json};
use ureq::http::Method;
use uuid::Uuid;

use crate::client::{Body, parse, to_json};
use crate::error::Error;
use crate::gateway_files::{ExistingKey, GatewayFiles};
use crate::names::{Named, pick};
use crate::output::{Output, text_of};
use crate::session::Session;

const WHAT: &str = "gateway";

/// The verbs.
#[derive(Subcommand)]
pub(crate) enum Command {
    /// Register a gateway and make its key and certificate
    ///
    /// The ECDSA P-256 key is made here and never leaves this machine. DIR gets gateway.key (0600),
    /// gateway.pem and ca.pem: what Envoy needs to talk to the vault's internal door.
    #[command(after_help = "Example:\n  sallyport gateway create edge-1 --out edge-1/")]
    Create {
        /// Name of the gateway
        name: String,
        /// Directory for the files; made (0700) if it is missing
        #[arg(long, value_name = "DIR")]
        out: PathBuf,
        /// Replace a key that is there
        #[arg(long)]
        force: bool,
    },
    /// Fetch a new certificate before the old one ends
    ///
    /// The key in DIR is used again; with --force, or if there is none, a new one is made.
    #[command(after_help = "Example:\n  sallyport gateway renew edge-1 --out edge-1/")]
    Renew {
        /// Name or id
        name: String,
        /// Directory with the files of the gateway
        #[arg(long, value_name = "DIR")]
        out: PathBuf,
        /// Replace the key by a new one
        #[arg(long)]
        force: bool,
    },
    /// List the gateways of the environment and when their certificates end
    #[command(after_help = "Example:\n  sallyport gateway list")]
    List,
    /// Remove a gateway and its grants; it is refused from now on
    #[command(after_help = "Example:\n  sallyport gateway delete edge-1")]
    Delete {
        /// Name or id
        name: String,
    },
}

/// The answer to a registration and to a renewal.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Issued {
    id: Uuid,
    name: String,
    identity: String,
    certificate: String,
    ca: String,
    not_after: Value,
}

/// Runs a verb.
pub(crate) fn run(command: Command, output: Output) -> Result<(), Error> {
    let mut session = Session::open()?;
    match command {
        Command::Create { name, out, force } => create(&mut session, &name, &out, force, output),
        Command::Renew { name, out, force } => renew(&mut session, &name, &out, force, output),
        Command::List => list(&mut session, output),
        Command::Delete { name } => delete(&mut session, &name, output),
    }
}

/// The id of a gateway, by name or id.
pub(crate) fn find(session: &mut Session, wanted: &str) -> Result<Uuid, Error> {
    match wanted.parse() {
        Ok(id) => Ok(id),
        Err(_) => Ok(find_named(session, wanted)?.id),
    }
}

fn find_named(session: &mut Session, wanted: &str) -> Result<Named, Error> {
    let list = session.client.list(&session.own("/gateways"))?;
    pick(WHAT, wanted, Named::all(&list))
}

fn create(
    session: &mut Session,
    name: &str,
    out: &Path,
    force: bool,
    output: Output,
) -> Result<(), Error> {
    let files = GatewayFiles::open(out)?;
    let key = files.prepare_key(if force {
        ExistingKey::Replace
    } else {
        ExistingKey::Refuse
    })?;
    let path = session.own("/gateways");
    let body = json!({"name": name, "csr": key.signing_request(name)?});
    let body = Body::Json(to_json(&body)?);
    let answer = session.client.call(&Method::POST, &path, &body)?;
    let issued: Issued = parse(&path, &answer)?;
    files.store(key, &issued.certificate, &issued.ca)?;
    report(&issued, &files, "Registered", output)
}

fn renew(
    session: &mut Session,
    name: &str,
    out: &Path,
    force: bool,
    output: Output,
) -> Result<(), Error> {
    let named = find_named(session, name)?;
    let files = GatewayFiles::open(out)?;
    let key = files.prepare_key(if force {
        ExistingKey::Replace
    } else {
        ExistingKey::Keep
    })?;
    let path = session.own(format_args!("/gateways/{}/certificate", named.id));
    let body = Body::Json(to_json(&json!({"csr": key.signing_request(&named.name)?}))?);
    let answer = session.client.call(&Method::POST, &path, &body)?;
    let issued: Issued = parse(&path, &answer)?;
    files.store(key, &issued.certificate, &issued.ca)?;
    report(&issued, &files, "Renewed", output)
}

fn report(issued: &Issued, files: &GatewayFiles, done: &str, output: Output) -> Result<(), Error> {
    let Issued {
        id,
        name,
        identity,
        not_after,
        ..
    } = issued;
    output.done(
        &json!({
            "id": id,
            "name": name,
            "identity": identity,
            "notAfter": not_after,
            "key": files.key(),
            "certificate": files.certificate(),
            "ca": files.ca(),
        }),
        &format!(
            "{done} {WHAT} {name} ({id}), valid until {}: {}, {}, {}",
            text_of(not_after),
            files.key().display(),
            files.certificate().display(),
            files.ca().display()
        ),
    )
}

fn list(session: &mut Session, output: Output) -> Result<(), Error> {
    let answer = session.client.list(&session.own("/gateways"))?;
    let rows: Vec<Vec<String>> = answer
        .iter()
        .map(|gateway| {
            ["name", "id", "createdAt", "notAfter"]
                .map(|member| text_of(gateway.get(member).unwrap_or(&Value::Null)))
                .to_vec()
        })
        .collect();
    output.list(
        &answer,
        &["NAME", "ID", "CREATED", "CERTIFICATE ENDS"],
        &rows,
        "No gateways. Register one: sallyport gateway create NAME --out DIR",
    )
}

fn delete(session: &mut Session, name: &str, output: Output) -> Result<(), Error> {
    let id = find(session, name)?;
    let path = session.own(format_args!("/gateways/{id}"));
    session.client.call(&Method::DELETE, &path, &Body::Empty)?;
    output.done(
        &json!({"id": id, "name": name}),
        &format!("Deleted {WHAT} {name}"),
    )
}

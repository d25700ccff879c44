//! `gateway create|join-token|enroll|renew|list|delete|download`: identities that may read values.

use std::path::{Path, PathBuf};

use clap::Subcommand;
use serde::Deserialize;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::download::{self, Download};
use crate::enrolment::{Enroll, JoinToken, Renewal, When};
use crate::error::Error;
use crate::gateway_files::{ExistingKey, GatewayFiles};
use crate::internal_door::AsGateway;
use crate::names;
use crate::output::{Output, text_of};
use crate::request::{Fields, Request, parse};
use crate::session::Session;
use crate::upload_file::UploadFile;
use crate::writing::{Destroying, Writing};

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
        #[command(flatten)]
        writing: Writing,
    },
    /// Register a gateway whose certificates another CA signs, by the name that they have
    ///
    /// The vault's settings have to name the CA (gateway_cas). The gateway may read nothing until it is
    /// granted.
    #[command(
        after_help = "Examples:\n  sallyport gateway register edge-1 --spiffe-id spiffe://example.org/edge-1\n  \
                      sallyport gateway register edge-2 --subject-of edge-2.pem"
    )]
    Register {
        /// Name of the gateway
        name: String,
        /// The SPIFFE ID that is the only URI name of its certificates
        #[arg(long, value_name = "ID", required_unless_present = "subject_of")]
        spiffe_id: Option<String>,
        /// A certificate (PEM) of it without URI names: the subject has to be the same, byte for byte, in
        /// all of its certificates
        #[arg(long, value_name = "FILE", conflicts_with = "spiffe_id")]
        subject_of: Option<PathBuf>,
        #[command(flatten)]
        writing: Writing,
    },
    /// Make a token with which a gateway fetches its first certificate by itself
    ///
    /// It is good for once. Whoever has it is the gateway: bring it there on a way you trust.
    #[command(after_help = "Example:\n  sallyport gateway join-token edge-1 --out edge-1.token")]
    JoinToken(JoinToken),
    /// Fetch the first certificate of this gateway with a join token; no login is needed
    ///
    /// The ECDSA P-256 key is made here. DIR gets gateway.key (0600), gateway.pem and ca.pem. The
    /// certificate is short-lived: see `gateway renew --watch`.
    #[command(
        after_help = "Example:\n  sallyport gateway enroll --url https://vault.example:8443 --ca-file ca.pem \\\n      \
                      --token-file edge-1.token --dir edge-1/"
    )]
    Enroll(Enroll),
    /// Fetch a new certificate before the old one ends
    ///
    /// With NAME as an administrator, and the certificate lives for months. Without it as the gateway,
    /// with the certificate it has: at --provider-url, without a login.
    ///
    /// The key in DIR is used again; with --force, or if there is none, a new one is made.
    #[command(
        after_help = "Examples:\n  sallyport gateway renew edge-1 --out edge-1/\n  \
                      sallyport gateway renew --out edge-1/ --provider-url https://vault.example:8444 --watch"
    )]
    Renew {
        /// Name or id
        name: Option<String>,
        /// Address of the vault's internal door
        #[arg(long, env = "SALLYPORT_PROVIDER_URL", value_name = "URL")]
        provider_url: Option<String>,
        /// Only if a third of its lifetime or less is left: for a timer
        #[arg(long, conflicts_with_all = ["name", "watch", "dry_run"])]
        when_due: bool,
        /// Stay, and renew it whenever that is the case
        #[arg(long, conflicts_with_all = ["name", "dry_run"])]
        watch: bool,
        /// Directory with the files of the gateway
        #[arg(long, value_name = "DIR")]
        out: PathBuf,
        /// Replace the key by a new one
        #[arg(long)]
        force: bool,
        #[command(flatten)]
        writing: Writing,
    },
    /// List the gateways of the environment and when their certificates end
    #[command(after_help = "Example:\n  sallyport gateway list")]
    List,
    /// Fetch a keystore, truststore or certificate as a file, with the gateway's own certificate
    ///
    /// For services that are no Envoy: a Java service that wants a .p12, say. The gateway needs a
    /// read grant, and the group must be downloadable. No login is needed; the vault logs it.
    #[command(
        after_help = "Example:\n  sallyport gateway download secret://payments/keystores/edge \\\n    \
                      --provider-url https://vault.example:8444 --gateway edge-1/ \\\n    \
                      --format pkcs12 --passphrase-file edge.pass --out edge.p12"
    )]
    Download(Box<Download>),
    /// Remove a gateway and its grants; it is refused from now on
    #[command(after_help = "Example:\n  sallyport gateway delete edge-1 --yes")]
    Delete {
        /// Name or id
        name: String,
        #[command(flatten)]
        destroying: Destroying,
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
    match command {
        Command::Create {
            name,
            out,
            force,
            writing,
        } => {
            let existing = if force {
                ExistingKey::Replace
            } else {
                ExistingKey::Refuse
            };
            let mut session = Session::open()?;
            let path = session.own("/gateways");
            let issuing = Issuing {
                path,
                name: Some(&name),
                done: "Registered",
            };
            issuing.run(&mut session, &name, &out, existing, writing, output)
        }
        Command::Register {
            name,
            spiffe_id,
            subject_of,
            writing,
        } => {
            let certificate = subject_of.as_deref().map(UploadFile::certificate_text);
            let certificate = certificate.transpose()?;
            let fields = Fields::default()
                .plain("name", json!(name))
                .optional("spiffeId", spiffe_id)
                .optional("certificate", certificate);
            register(&name, fields, writing, output)
        }
        Command::JoinToken(join_token) => join_token.run(output),
        Command::Enroll(enroll) => enroll.run(output),
        Command::Renew {
            name,
            provider_url,
            when_due,
            watch,
            out,
            force,
            writing,
        } => {
            let existing = if force {
                ExistingKey::Replace
            } else {
                ExistingKey::Keep
            };
            let Some(name) = name else {
                let renewal = Renewal {
                    gateway: AsGateway {
                        provider_url: provider_url.ok_or(Error::Flag {
                            flag: "--provider-url",
                            reason: "is needed, or NAME to renew it as an administrator".into(),
                        })?,
                        gateway: out,
                    },
                    key: existing,
                    when: match (watch, when_due) {
                        (true, _) => When::Always,
                        (false, true) => When::Due,
                        (false, false) => When::Now,
                    },
                };
                return renewal.run(output);
            };
            let mut session = Session::open()?;
            let list = session.own("/gateways");
            let named = names::find_named(&mut session, WHAT, &name, &list)?;
            let issuing = Issuing {
                path: format!("{list}/{}/certificate", named.id),
                name: None,
                done: "Renewed",
            };
            issuing.run(&mut session, &named.name, &out, existing, writing, output)
        }
        Command::List => list(&mut Session::open()?, output),
        Command::Download(download) => download::run(&download, output),
        Command::Delete { name, destroying } => {
            delete(&mut Session::open()?, &name, destroying, output)
        }
    }
}

fn register(name: &str, fields: Fields, writing: Writing, output: Output) -> Result<(), Error> {
    let mut session = Session::open()?;
    let request = Request::post(session.own("/gateways/external"), fields);
    let Some(answer) = writing.send(&mut session, &request, output)? else {
        return Ok(());
    };
    let identity = answer.get("identity").map(text_of).unwrap_or_default();
    output.done(&answer, &format!("Registered gateway {name} as {identity}"))
}

/// The id of a gateway, by name or id.
pub(crate) fn find(session: &mut Session, wanted: &str) -> Result<Uuid, Error> {
    let list = session.own("/gateways");
    names::find(session, WHAT, wanted, &list)
}

/// A request for a certificate.
struct Issuing<'a> {
    path: String,
    /// The name of a new gateway.
    name: Option<&'a str>,
    done: &'static str,
}

impl Issuing<'_> {
    fn run(
        self,
        session: &mut Session,
        common_name: &str,
        out: &Path,
        existing: ExistingKey,
        writing: Writing,
        output: Output,
    ) -> Result<(), Error> {
        let Self { path, name, done } = self;
        let fields = Fields::default().optional("name", name);
        if writing.dry_run {
            GatewayFiles::check(out, existing)?;
            let request = Request::post(path, fields.plain("csr", "(made when it is sent)"));
            return writing.send(session, &request, output).map(drop);
        }
        let files = GatewayFiles::open(out)?;
        let key = files.prepare_key(existing)?;
        let csr = key.signing_request(common_name)?;
        let request = Request::post(path, fields.plain("csr", csr));
        let Some(answer) = writing.send(session, &request, output)? else {
            return Ok(());
        };
        let issued: Issued = parse(&request.path, &answer)?;
        files.store(key, &issued.certificate, &issued.ca)?;
        report(&issued, &files, done, output)
    }
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
    let path = session.own("/gateways");
    let answer = session.client.list(&path)?;
    output.items(
        &answer,
        &[
            ("NAME", "/name"),
            ("ID", "/id"),
            ("CREATED", "/createdAt"),
            ("CERTIFICATE ENDS", "/notAfter"),
        ],
        "No gateways. Register one: sallyport gateway create NAME --out DIR",
    )
}

fn delete(
    session: &mut Session,
    name: &str,
    destroying: Destroying,
    output: Output,
) -> Result<(), Error> {
    let id = find(session, name)?;
    let request = Request::delete(session.own(format_args!("/gateways/{id}")));
    let question = format!("Delete {WHAT} {name} ({id}) and its grants?");
    match destroying.send(session, &request, &question, output)? {
        Some(_) => output.done(
            &json!({"id": id, "name": name}),
            &format!("Deleted {WHAT} {name}"),
        ),
        None => Ok(()),
    }
}

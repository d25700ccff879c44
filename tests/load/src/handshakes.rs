//! How soon a change in the vault is in force for new connections to an Envoy that has its TLS over SDS.

use std::net::SocketAddr;
use std::path::Path;
use std::time::Instant;

use http::Method;
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject as _;
use sallyport_tests::client::Client;
use sallyport_tests::demo::{Options, Stage};
use sallyport_tests::envoy::Envoy;
use sallyport_tests::manager::Manager;
use sallyport_tests::multipart::Form;
use sallyport_tests::pki::Identity;
use sallyport_tests::wait::PATIENCE;
use sallyport_tests::{Error, Result, files};
use serde::Serialize;

use crate::percentiles::Percentiles;
use crate::rotator::id_of;
use crate::scene::write_json;

/// Changes of each kind.
const CHANGES: usize = 100;

/// New connections one after the other that have to meet the change for it to be everywhere: Envoy's
/// two workers take turns.
const ENOUGH: usize = 12;

const CONFIGURATION: &str = include_str!("../handshakes.yaml");

/// What is there before; the demo has stored the rest.
const STORE: [&str; 6] = [
    "certificate create issuing --group payments --file issuing.pem",
    "crl-distributor create lists --group payments --frequency 1000 --complete-url http://127.0.0.1:9/ca.crl --distributor-certificate issuing",
    "crl-distributor publish lists --group payments --file first.crl",
    "tls-context create inbound --group payments --keystore gateway --truststore partners --require-client-certificate",
    "tls-context create listed --group payments --keystore gateway --truststore partners --require-client-certificate --crl-distributor lists --crl-for-peer-only",
    "tls-context create pinned --group payments --target security-fabric --keystore gateway --truststore partners --tls-version TLSv1.2 --tls-version TLSv1.3 --mutual-authentication --checking-strength lax --verification-depth 2 --pinset partners",
];

/// What is changed, to and fro.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
enum Kind {
    /// The listener's certificate and key.
    Certificate,
    /// Whose clients are trusted.
    Authorities,
    /// Which of them.
    Pins,
    /// Who of them is revoked.
    RevocationList,
}

/// Milliseconds since the Manager's answer.
#[derive(Serialize)]
struct Figures {
    kind: Kind,
    /// The first connection that met the change began.
    first_new: Vec<f64>,
    /// The last one that did not began; 0 if there was none.
    last_old: Vec<f64>,
}

/// What is asked of a new connection.
enum Probe {
    /// That certificate is shown.
    Shows(CertificateDer<'static>),
    /// The client is let in, or is not.
    LetsIn(Box<Identity>, bool),
}

impl Kind {
    const ALL: [Self; 4] = [
        Self::Certificate,
        Self::Authorities,
        Self::Pins,
        Self::RevocationList,
    ];

    const fn as_str(self) -> &'static str {
        match self {
            Self::Certificate => "the listener's certificate",
            Self::Authorities => "trusted authorities",
            Self::Pins => "pins",
            Self::RevocationList => "a revocation list",
        }
    }

    /// The TLS context that the listener is of.
    const fn context(self) -> &'static str {
        match self {
            Self::Certificate | Self::Authorities => "inbound",
            Self::Pins => "pinned",
            Self::RevocationList => "listed",
        }
    }
}

/// Measures, prints and writes all numbers.
pub(crate) async fn run(json: &Path) -> Result<()> {
    let stage = Stage::furnish(Options::default()).await?;
    let (pki, clients) = (stage.pki(), &stage.clients);
    files::write(&pki.join("issuing.pem"), &clients.authority.certificate())?;
    files::write(&pki.join("first.crl"), &clients.authority.crl(1, &[])?)?;
    for command in STORE {
        let words: Vec<&str> = command.split(' ').collect();
        stage.cli.ok(&words).await?;
    }
    let changes = Changes::find(&stage).await?;
    let mut all = Vec::new();
    for kind in Kind::ALL {
        eprintln!("  {}: {CHANGES} changes ...", kind.as_str());
        all.push(measure(kind, &stage, &changes).await?);
    }
    print(&all);
    write_json(json, &all)
}

async fn measure(kind: Kind, stage: &Stage, changes: &Changes<'_>) -> Result<Figures> {
    let given = [("CONTEXT", kind.context().to_owned())];
    let configuration = stage.fill(CONFIGURATION, &given)?;
    let directory = stage.scratch().directory(kind.context())?;
    let mut envoy = Envoy::start(&directory, &configuration).await?;
    let (mut first_new, mut last_old) = (Vec::new(), Vec::new());
    for turn in 0..CHANGES {
        let probe = changes.write(kind, turn).await?;
        let answered = Instant::now();
        let since = |at: Instant| at.saturating_duration_since(answered).as_secs_f64() * 1e3;
        let (mut first, mut last, mut met) = (None, answered, 0);
        while met < ENOUGH {
            let at = Instant::now();
            match probe.is_met(stage, envoy.listener()).await? {
                true => {
                    first.get_or_insert(at);
                    met += 1;
                }
                false => (last, met) = (at, 0),
            }
            if answered.elapsed() > PATIENCE {
                return Err(Error::NotStarted("the change"));
            }
        }
        first_new.push(since(first.unwrap_or(answered)));
        last_old.push(since(last));
    }
    envoy.still_runs()?;
    Ok(Figures {
        kind,
        first_new,
        last_old,
    })
}

/// The administrator, and what is written in turns.
struct Changes<'a> {
    stage: &'a Stage,
    manager: Manager,
    group: String,
    other: Identity,
    trusted: [String; 2],
}

impl<'a> Changes<'a> {
    async fn find(stage: &'a Stage) -> Result<Self> {
        let manager = Manager::login(&stage.vault).await?;
        let read = |name: &str| files::read(&stage.pki().join(name));
        let partners = read("partner-ca.pem")?;
        Ok(Self {
            group: id_of(&manager, "secretGroups", "payments").await?,
            manager,
            other: stage.gateway_ca().server("gateway.test")?,
            trusted: [format!("{partners}{}", read("internal-ca.pem")?), partners],
            stage,
        })
    }

    /// Writes one of two versions in turns; what a new connection has to meet then.
    async fn write(&self, kind: Kind, turn: usize) -> Result<Probe> {
        let clients = &self.stage.clients;
        let first = turn.is_multiple_of(2);
        let lets_in =
            |client: &Identity, is_let_in| Probe::LetsIn(Box::new(client.clone()), is_let_in);
        match kind {
            Kind::Certificate => {
                let next = if first {
                    &self.other
                } else {
                    self.stage.server()
                };
                let form = Form::default().text("name", "gateway").text("type", "PEM");
                let form = form
                    .file("certificate", &next.certificate)
                    .file("key", &next.key);
                self.put("keystores", "gateway", form).await?;
                let shown = CertificateDer::from_pem_slice(next.certificate.as_bytes());
                Ok(Probe::Shows(shown.map_err(Error::Pem)?))
            }
            Kind::Authorities => {
                let [both, partners] = &self.trusted;
                let trusted = if first { both } else { partners };
                let form = Form::default().text("name", "partners").text("type", "PEM");
                self.put("truststores", "partners", form.file("trustStore", trusted))
                    .await?;
                Ok(lets_in(&clients.colleague, first))
            }
            Kind::Pins => {
                let pinned = if first {
                    &clients.unpinned
                } else {
                    &clients.partner
                };
                let form = Form::default().text("name", "partners");
                let form = form.file("certificatePinset", &pinned.certificate);
                self.put("certificatePinsets", "partners", form).await?;
                Ok(lets_in(&clients.partner, !first))
            }
            Kind::RevocationList => {
                let revoked: &[&Identity] = if first { &[&clients.partner] } else { &[] };
                let crl = clients.authority.crl(turn as u64 + 2, revoked)?;
                self.publish(crl).await?;
                Ok(lets_in(&clients.partner, !first))
            }
        }
    }

    async fn put(&self, collection: &str, name: &str, form: Form) -> Result<()> {
        let place = format!("secretGroups/{}/{collection}", self.group);
        let id = id_of(&self.manager, &place, name).await?;
        let path = self.manager.path(&format!("{place}/{id}"));
        let reply = self.manager.form(Method::PUT, &path, form).await?;
        reply.success(&path).map(drop)
    }

    async fn publish(&self, crl: String) -> Result<()> {
        let place = format!("secretGroups/{}/crlDistributorConfigs", self.group);
        let id = id_of(&self.manager, &place, "lists").await?;
        let path = self.manager.own_path(&format!("{place}/{id}/lists"));
        let kind = Some("application/octet-stream");
        let reply = self.manager.send(Method::PUT, &path, kind, crl).await?;
        reply.success(&path).map(drop)
    }
}

impl Probe {
    /// Whether one new connection is as the change has it. Its client is new: no session is resumed.
    async fn is_met(&self, stage: &Stage, peer: SocketAddr) -> Result<bool> {
        match self {
            Self::Shows(wanted) => {
                let client = stage.client(Some(&stage.clients.partner))?;
                let stream = client.tls(peer).await?;
                let (_, session) = stream.get_ref();
                let shown = session.peer_certificates().and_then(<[_]>::first);
                Ok(shown == Some(wanted))
            }
            Self::LetsIn(identity, is_let_in) => {
                let client: Client = stage.client(Some(identity))?;
                // With TLS 1.3 a client hears of a refusal when it reads.
                let answered = client.get(peer, "/").await.is_ok();
                Ok(answered == *is_let_in)
            }
        }
    }
}

fn print(all: &[Figures]) {
    println!("\n{CHANGES} changes of each kind, two workers, over DELTA_GRPC");
    println!(
        "{:<30}{:<24}{:<24}",
        "ms after the Manager's answer", "first new connection", "last old connection"
    );
    println!("{:<30}{:<24}{:<24}", "", "p50, p99, max", "p50, p99, max");
    for figures in all {
        let [first, last] = [&figures.first_new, &figures.last_old].map(|all| {
            let all = Percentiles::of(all.iter().copied());
            format!("{:.1}, {:.1}, {:.1}", all.at(50), all.at(99), all.at(100))
        });
        println!("{:<30}{first:<24}{last:<24}", figures.kind.as_str());
    }
}

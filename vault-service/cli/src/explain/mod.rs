//! `explain`: what a gateway's filter would say of a certificate, check by check.

mod material;

use std::path::{Path, PathBuf};

use clap::{ArgGroup, Args, ValueEnum};
use sallyport_filter_core::decide::{Checks, Explanation, Policy, Verdict, explain};
use sallyport_filter_core::{DownstreamFacts, Facts, UpstreamFacts, forwarded_client_certificate};
use sallyport_model::{Reference, TlsVersion};
use sallyport_pki::{
    AllowedNames, NamePattern, SIGNATURE_ALGORITHMS, UnixTime, certificates_from_pem,
};
use serde_json::json;

use crate::error::Error;
use crate::internal_door::AsGateway;
use crate::moment::Moment;
use crate::output::Output;
use crate::private_file;
use material::Material;

const MAX_PEM: u64 = 1024 * 1024;

/// Explain what a gateway's filter would decide about a certificate
///
/// Runs the filter's own code and prints every check with its outcome and what it found. The TLS
/// context comes from the vault as a gateway gets it, or a truststore from a file. Ends with 5 if the
/// peer would be denied.
#[derive(Args)]
#[command(
    group = ArgGroup::new("policy").args(["context", "truststore"]).required(true),
    after_help = "Examples:\n  sallyport explain --cert client.pem --chain intermediates.pem \\\n    \
                  --context secret://payments/tlsContexts/inbound \\\n    \
                  --provider-url https://vault.example:8444 --gateway edge-1/\n  \
                  sallyport explain --cert client.pem --truststore partner-ca.pem --at 2027-01-01T00:00:00Z"
)]
pub(crate) struct Explain {
    /// The peer's certificate, PEM
    #[arg(long, value_name = "FILE")]
    cert: PathBuf,

    /// What a client presents with it, PEM, concatenated. Of a server Envoy shows no chain
    #[arg(long, value_name = "FILE")]
    chain: Option<PathBuf>,

    /// The TLS context, like `secret://payments/tlsContexts/inbound`
    #[arg(long, value_name = "REFERENCE")]
    context: Option<Reference>,

    /// Instead of a context: CA certificates, PEM
    #[arg(long, value_name = "FILE")]
    truststore: Option<PathBuf>,

    /// A pinset that the filter's configuration names as well
    #[arg(long, value_name = "REFERENCE", requires = "context")]
    pinset: Option<Reference>,

    /// Whether the peer is a client or a server
    #[arg(long, value_enum, default_value = "client")]
    peer: PeerKind,

    /// The name of the server that is called (`serverName` of the filter's configuration)
    #[arg(long, value_name = "NAME")]
    server_name: Option<String>,

    /// A name that may come in (`peerNames`), like dns:*.partner.example; repeat it for more
    #[arg(long = "peer-name", value_name = "PATTERN")]
    peer_names: Vec<NamePattern>,

    /// Version of TLS that the connection would have
    #[arg(long, value_name = "VERSION", default_value = "TLSv1.3")]
    tls_version: TlsVersion,

    /// When, like 2027-01-01T00:00:00Z [default: now]
    #[arg(long, value_name = "TIME")]
    at: Option<Moment>,

    /// For a context: address of the vault's internal door, like https://vault.example:8444
    #[arg(long, env = "SALLYPORT_PROVIDER_URL", value_name = "URL")]
    provider_url: Option<String>,

    /// For a context: directory with gateway.key, gateway.pem and ca.pem, as `gateway create` made it
    #[arg(long, value_name = "DIR")]
    gateway: Option<PathBuf>,
}

/// Which side of the gateway the peer is on.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum PeerKind {
    /// It connects to the gateway.
    Client,
    /// The gateway connects to it.
    Server,
}

/// Explains, and fails if the peer is denied.
pub(crate) fn run(wanted: Explain, output: Output) -> Result<(), Error> {
    wanted.check_side()?;
    let facts = wanted.facts()?;
    let names = wanted.allowed_names()?;
    let material = match (&wanted.context, &wanted.truststore) {
        (Some(context), _) => {
            Material::fetch(&wanted.as_gateway()?, context, wanted.pinset.as_ref())?
        }
        (None, Some(truststore)) => Material::of_truststore(truststore)?,
        (None, None) => return Err(missing("--truststore", "or --context is needed")),
    };
    let policy = Policy {
        context: &material.context,
        pins: material.pins.as_ref(),
        server_name: wanted.server_name.as_deref(),
        peer_names: names.as_ref(),
        observed: Checks::default(),
        algorithms: SIGNATURE_ALGORITHMS,
    };
    let at = wanted.at.map_or_else(|| Moment::now("--at"), Ok)?;
    report(&explain(&policy, &facts, at.0), output)
}

impl Explain {
    /// What belongs to the other side would be ignored.
    fn check_side(&self) -> Result<(), Error> {
        match self.peer {
            PeerKind::Client if self.server_name.is_some() => {
                Err(missing("--server-name", "goes with --peer server"))
            }
            PeerKind::Server if self.chain.is_some() => Err(missing(
                "--chain",
                "goes with --peer client: Envoy shows a filter no chain of a server",
            )),
            _ => Ok(()),
        }
    }

    fn facts(&self) -> Result<Facts, Error> {
        let certificate = read(&self.cert)?;
        let tls_version = Some(self.tls_version.as_str().into());
        Ok(match self.peer {
            PeerKind::Client => {
                let chain = self.chain.as_deref().map(read_chain).transpose()?;
                let presented = format!("{certificate}{}", chain.unwrap_or_default());
                let header = forwarded_client_certificate(&certificate, &presented);
                Facts::Downstream(DownstreamFacts {
                    mtls: Some(true),
                    tls_version,
                    peer_certificate: Some(certificate.into_bytes()),
                    forwarded_client_certificate: Some(header.into_bytes()),
                })
            }
            PeerKind::Server => Facts::Upstream(UpstreamFacts {
                ready: true,
                tls_version,
                peer_certificate: Some(certificate.into_bytes()),
            }),
        })
    }

    fn as_gateway(&self) -> Result<AsGateway, Error> {
        match (&self.provider_url, &self.gateway) {
            (Some(provider_url), Some(gateway)) => Ok(AsGateway {
                provider_url: provider_url.clone(),
                gateway: gateway.clone(),
            }),
            (None, _) => Err(missing("--provider-url", "is needed for a --context")),
            (_, None) => Err(missing("--gateway", "is needed for a --context")),
        }
    }

    fn allowed_names(&self) -> Result<Option<AllowedNames>, Error> {
        if self.peer_names.is_empty() {
            return Ok(None);
        }
        let names = AllowedNames::new(self.peer_names.clone()).map_err(|error| Error::Flag {
            flag: "--peer-name",
            reason: error.to_string().into(),
        })?;
        Ok(Some(names))
    }
}

fn missing(flag: &'static str, reason: &'static str) -> Error {
    Error::Flag {
        flag,
        reason: reason.into(),
    }
}

fn read_chain(path: &Path) -> Result<String, Error> {
    let pem = read(path)?;
    certificates_from_pem(pem.as_bytes()).map_err(|error| Error::FileSyntax {
        path: path.to_owned(),
        reason: error.to_string(),
    })?;
    Ok(pem)
}

fn read(path: &Path) -> Result<String, Error> {
    let bytes = private_file::read(path, MAX_PEM)?;
    String::from_utf8(bytes.to_vec()).map_err(|_| Error::FileSyntax {
        path: path.to_owned(),
        reason: "it is not PEM".to_owned(),
    })
}

fn report(explanation: &Explanation, output: Output) -> Result<(), Error> {
    let checks = &explanation.checks;
    let mut rows: Vec<Vec<String>> = checks
        .iter()
        .map(|one| {
            let evidence = one.evidence.clone().unwrap_or_default();
            vec![
                words(one.check.as_str()),
                words(one.outcome.as_str()),
                evidence,
            ]
        })
        .collect();
    let (verdict, evidence) = match &explanation.verdict {
        Verdict::Allow { from, until, .. } => ("allowed", validity(*from, *until)),
        Verdict::Deny(denial) => ("denied", denial.reason.message().to_owned()),
    };
    rows.push(vec!["verdict".to_owned(), verdict.to_owned(), evidence]);
    let (from, until, reason) = match &explanation.verdict {
        Verdict::Allow { from, until, .. } => (bound(*from), bound(*until), None),
        Verdict::Deny(denial) => (None, None, Some(denial.reason.code())),
    };
    let checks: Vec<_> = checks
        .iter()
        .map(|one| {
            json!({
                "check": one.check.as_str(),
                "outcome": one.outcome.as_str(),
                "evidence": one.evidence,
            })
        })
        .collect();
    let whole = json!({
        "verdict": verdict,
        "reason": reason,
        "from": from,
        "until": until,
        "checks": checks,
    });
    output.rows(&whole, &["CHECK", "OUTCOME", "EVIDENCE"], &rows, "")?;
    match reason {
        None => Ok(()),
        Some(reason) => Err(Error::Denied { reason }),
    }
}

fn words(name: &str) -> String {
    name.replace('_', " ")
}

fn validity(from: UnixTime, until: UnixTime) -> String {
    match (bound(from), bound(until)) {
        (Some(from), Some(until)) => format!("the same comes out from {from} until {until}"),
        (None, Some(until)) => format!("the same comes out until {until}"),
        (Some(from), None) => format!("the same comes out from {from}"),
        (None, None) => "at any time".to_owned(),
    }
}

/// A moment for people, none if there is no bound.
fn bound(at: UnixTime) -> Option<String> {
    let unbounded = at.0 == i64::MIN || at.0 == i64::MAX;
    (!unbounded).then(|| at.to_string())
}

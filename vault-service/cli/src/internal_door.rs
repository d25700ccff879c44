//! The vault's internal door, entered as a gateway: with the gateway's own certificate, no login.

use std::path::PathBuf;

use clap::Args;
use sallyport_model::{GatewayIdentity, Scope};
use sallyport_pki::certificates_from_pem;
use ureq::Agent;
use ureq::http::{HeaderMap, Method, header};
use ureq::tls::{ClientCert, PrivateKey};
use zeroize::Zeroizing;

use crate::agent;
use crate::error::Error;
use crate::gateway_files::GatewayFiles;
use crate::private_file;
use crate::profile::parse_url;
use crate::refusal::Refusal;

/// Largest answer that is taken.
const MAX_ANSWER: u64 = 64 * 1024 * 1024;
const MAX_PEM: u64 = 64 * 1024;

/// As whom, and where.
#[derive(Args)]
pub(crate) struct AsGateway {
    /// Address of the vault's internal door, like https://vault.example:8444
    #[arg(long, env = "SALLYPORT_PROVIDER_URL", value_name = "URL")]
    pub(crate) provider_url: String,

    /// Directory with gateway.key, gateway.pem and ca.pem, as `gateway create` made it
    #[arg(long, value_name = "DIR")]
    pub(crate) gateway: PathBuf,
}

/// A gateway in front of the door.
pub(crate) struct InternalDoor {
    agent: Agent,
    url: String,
    /// Where the gateway belongs.
    pub(crate) scope: Scope,
}

/// A good answer.
pub(crate) struct Answer {
    pub(crate) headers: HeaderMap,
    pub(crate) body: Zeroizing<Vec<u8>>,
}

impl AsGateway {
    /// Reads the gateway's files; nothing is sent yet.
    pub(crate) fn open(&self) -> Result<InternalDoor, Error> {
        let url = parse_url(&self.provider_url)?;
        let files = GatewayFiles::at(&self.gateway);
        Ok(InternalDoor {
            agent: agent::build(&files.ca(), Some(identity(&files)?))?,
            url,
            scope: scope(&files)?,
        })
    }
}

impl InternalDoor {
    /// Asks with a JSON body. What is repeated behind this door does no harm.
    pub(crate) fn post(&self, path: &str, json: &[u8]) -> Result<Answer, Error> {
        post((&self.agent, &self.url), path, json).map_err(Error::of_shown_certificate)
    }
}

/// Asks at an address with a JSON body and without a login.
pub(crate) fn post((agent, url): (&Agent, &str), path: &str, json: &[u8]) -> Result<Answer, Error> {
    let failed = |error| agent::failure(url, (&Method::POST, path), true, error);
    let mut response = agent
        .post(format!("{url}{path}"))
        .header(header::CONTENT_TYPE, "application/json")
        .send(json)
        .map_err(failed)?;
    let status = response.status();
    let headers = response.headers().clone();
    let body = response.body_mut().with_config().limit(MAX_ANSWER);
    let body = Zeroizing::new(body.read_to_vec().map_err(failed)?);
    if status.is_success() {
        return Ok(Answer { headers, body });
    }
    let text = String::from_utf8_lossy(&body);
    Err(Error::Refused(Box::new(
        Refusal::from_body(status.as_u16(), &text).of_a_gateway(),
    )))
}

/// The certificate and key of the gateway, for the TLS handshake.
fn identity(files: &GatewayFiles) -> Result<ClientCert, Error> {
    let chain = agent::certificates(&files.certificate())?;
    let path = files.key();
    let pem = private_file::read(&path, MAX_PEM)?;
    let key = PrivateKey::from_pem(&pem).map_err(|_| Error::FileSyntax {
        path,
        reason: "it holds no private key in PEM".to_owned(),
    })?;
    Ok(ClientCert::new_with_certs(&chain, key))
}

fn scope(files: &GatewayFiles) -> Result<Scope, Error> {
    let path = files.certificate();
    let pem = private_file::read(&path, MAX_PEM)?;
    let certificates = certificates_from_pem(&pem).unwrap_or_default();
    let names = certificates
        .first()
        .map_or(&[][..], |leaf| leaf.uri_names());
    let identity = match names {
        [name] => name.parse::<GatewayIdentity>().ok(),
        _ => None,
    };
    identity
        .map(|identity| identity.scope)
        .ok_or_else(|| Error::FileSyntax {
            path,
            reason: "it is not the certificate of a gateway of ours".to_owned(),
        })
}

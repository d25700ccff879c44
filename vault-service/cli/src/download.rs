//! `gateway download`: a stored certificate file, fetched as the gateway that may have it.

use std::path::PathBuf;

use clap::Args;
use clap::builder::PossibleValuesParser;
use sallyport_model::{DOWNLOAD_PATH, DownloadFormat, SecretString, VERSION_HEADER};
use serde_json::json;
use ureq::http::{Method, header};
use ureq::tls::{ClientCert, PrivateKey};
use zeroize::Zeroizing;

use crate::agent;
use crate::error::Error;
use crate::gateway_files::GatewayFiles;
use crate::output::Output;
use crate::private_file::{self, PRIVATE};
use crate::profile::parse_url;
use crate::refusal::Refusal;
use crate::request::{Fields, to_json};
use crate::secret_input::{self, LineEnd, Prompt, Wanted};

/// Largest file that is taken.
const MAX_FILE: u64 = 16 * 1024 * 1024;
const MAX_KEY: u64 = 64 * 1024;

const PASSPHRASE: Wanted = Wanted {
    what: "passphrase for the file",
    option: "--passphrase-file",
    prompt: Prompt::Twice,
    line_end: LineEnd::Dropped,
};

/// What to fetch, as whom, and where to put it.
#[derive(Args)]
pub(crate) struct Download {
    /// The keystore, truststore or certificate, like `secret://payments/keystores/edge`
    reference: String,

    /// Address of the vault's internal door, like https://vault.example:8443
    #[arg(long, env = "SALLYPORT_PROVIDER_URL", value_name = "URL")]
    provider_url: String,

    /// Directory with gateway.key, gateway.pem and ca.pem, as `gateway create` made it
    #[arg(long, value_name = "DIR")]
    gateway: PathBuf,

    /// Format of the file
    #[arg(long, default_value = DownloadFormat::Pem.as_str(),
          value_parser = PossibleValuesParser::new(DownloadFormat::ALL.map(DownloadFormat::as_str)))]
    format: String,

    /// File with the passphrase the new file is encrypted with, `-` for stdin; pkcs12 asks for it,
    /// a private key in pem is not encrypted without it
    #[arg(long, value_name = "FILE")]
    passphrase_file: Option<PathBuf>,

    /// The file to write (0600); one that exists is replaced
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
}

/// Fetches and writes the file.
pub(crate) fn run(download: &Download, output: Output) -> Result<(), Error> {
    let Download {
        reference,
        gateway,
        format,
        out,
        ..
    } = download;
    let url = parse_url(&download.provider_url)?;
    let files = GatewayFiles::at(gateway);
    let agent = agent::build(&files.ca(), Some(identity(&files)?))?;
    let fields = Fields::default()
        .plain("reference", reference.as_str())
        .plain("format", format.as_str());
    let fields = match download.passphrase()? {
        Some(passphrase) => fields.secret("passphrase", passphrase),
        None => fields,
    };
    let call = (&Method::POST, DOWNLOAD_PATH);
    // Reading changes nothing, whatever the method is.
    let failed = |error| agent::failure(&url, call, true, error);
    let mut response = agent
        .post(format!("{url}{DOWNLOAD_PATH}"))
        .header(header::CONTENT_TYPE, "application/json")
        .send(to_json(&fields)?.as_slice())
        .map_err(failed)?;
    let status = response.status();
    let version = response.headers().get(VERSION_HEADER).cloned();
    let file = response.body_mut().with_config().limit(MAX_FILE);
    let file = Zeroizing::new(file.read_to_vec().map_err(failed)?);
    if !status.is_success() {
        let body = String::from_utf8_lossy(&file);
        let refusal = Refusal::from_body(status.as_u16(), &body);
        return Err(Error::Refused(Box::new(refusal)));
    }
    let version: u64 = version
        .and_then(|version| version.to_str().ok()?.parse().ok())
        .ok_or_else(|| {
            let reason = format!("it has no {VERSION_HEADER}");
            Error::nonsense(call.0, call.1, &reason)
        })?;
    private_file::replace(out, &file, PRIVATE)?;
    output.done(
        &json!({ "reference": reference, "version": version, "format": format, "file": out }),
        &format!(
            "Wrote version {version} of {reference} to {}",
            out.display()
        ),
    )
}

impl Download {
    fn passphrase(&self) -> Result<Option<SecretString>, Error> {
        let wanted = self.passphrase_file.is_some() || self.format != DownloadFormat::Pem.as_str();
        wanted
            .then(|| secret_input::read(self.passphrase_file.as_ref(), PASSPHRASE))
            .transpose()
    }
}

/// The certificate and key of the gateway, for the TLS handshake.
fn identity(files: &GatewayFiles) -> Result<ClientCert, Error> {
    let chain = agent::certificates(&files.certificate())?;
    let path = files.key();
    let pem = private_file::read(&path, MAX_KEY)?;
    let key = PrivateKey::from_pem(&pem).map_err(|_| Error::FileSyntax {
        path,
        reason: "it holds no private key in PEM".to_owned(),
    })?;
    Ok(ClientCert::new_with_certs(&chain, key))
}

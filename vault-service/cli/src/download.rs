//! `gateway download`: a stored certificate file, fetched as the gateway that may have it.

use std::path::PathBuf;

use clap::Args;
use clap::builder::PossibleValuesParser;
use sallyport_model::{DOWNLOAD_PATH, DownloadFormat, SecretString, VERSION_HEADER};
use serde_json::json;
use ureq::http::Method;

use crate::error::Error;
use crate::internal_door::AsGateway;
use crate::output::Output;
use crate::private_file::{self, PRIVATE};
use crate::request::{Fields, to_json};
use crate::secret_input::{self, LineEnd, Prompt, SHORT, Wanted};

const PASSPHRASE: Wanted = Wanted {
    what: "passphrase for the file",
    option: "--passphrase-file",
    prompt: Prompt::Twice,
    line_end: LineEnd::Dropped,
    limit: SHORT,
};

/// What to fetch, as whom, and where to put it.
#[derive(Args)]
pub(crate) struct Download {
    /// The keystore, truststore or certificate, like `secret://payments/keystores/edge`
    reference: String,

    #[command(flatten)]
    gateway: AsGateway,

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
        format,
        out,
        ..
    } = download;
    // The vault logs a key that is fetched: it must not be lost for want of a place.
    private_file::check_writable(out)?;
    let door = download.gateway.open()?;
    let fields = Fields::default()
        .plain("reference", reference.as_str())
        .plain("format", format.as_str());
    let fields = match download.passphrase()? {
        Some(passphrase) => fields.secret("passphrase", passphrase),
        None => fields,
    };
    let answer = door.post(DOWNLOAD_PATH, &to_json(&fields)?)?;
    let version: u64 = answer
        .headers
        .get(VERSION_HEADER)
        .and_then(|version| version.to_str().ok()?.parse().ok())
        .ok_or_else(|| {
            let reason = format!("it has no {VERSION_HEADER}");
            Error::nonsense(&Method::POST, DOWNLOAD_PATH, &reason)
        })?;
    private_file::replace(out, &answer.body, PRIVATE)?;
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

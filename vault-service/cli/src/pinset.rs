//! `pinset create|replace|list|show`: certificates a peer's chain must contain one of.

use std::path::PathBuf;

use clap::Subcommand;
use sallyport_model::{Collection, SecretName};

use crate::arguments::{Existing, InGroup};
use crate::client::{Body, Content, FormPart};
use crate::collection::{self, GroupCollection};
use crate::error::Error;
use crate::output::Output;
use crate::pem_file::PemFile;
use crate::session::Session;

const COLLECTION: Collection = Collection::CertificatePinsets;

/// The verbs.
#[derive(Subcommand)]
pub(crate) enum Command {
    /// Store the certificates to pin
    #[command(
        after_help = "Example:\n  sallyport pinset create partners --group payments --file partners.pem"
    )]
    Create {
        /// 1 to 128 characters
        name: SecretName,
        #[command(flatten)]
        at: InGroup,
        /// Certificates, PEM, concatenated; at most 1 MiB
        #[arg(long)]
        file: PathBuf,
    },
    /// Pin these certificates instead of the old ones
    #[command(
        after_help = "Example:\n  sallyport pinset replace partners --group payments --file partners.pem"
    )]
    Replace {
        #[command(flatten)]
        existing: Existing,
        /// Certificates, PEM, concatenated; at most 1 MiB
        #[arg(long)]
        file: PathBuf,
    },
    /// List the certificate pinsets of a group
    #[command(after_help = "Example:\n  sallyport pinset list --group payments")]
    List(InGroup),
    /// Show the certificates of a pinset
    #[command(after_help = "Example:\n  sallyport pinset show partners --group payments")]
    Show(Existing),
}

/// Runs a verb.
pub(crate) fn run(command: Command, output: Output) -> Result<(), Error> {
    match command {
        Command::Create { name, at, file } => {
            let file = PemFile::read(&file)?;
            let mut session = Session::open()?;
            let pinsets = GroupCollection::open(&mut session, &at, COLLECTION)?;
            let form = form(name.as_str(), &file);
            pinsets.create(&mut session, name.as_str(), "", &form, output)
        }
        Command::Replace { existing, file } => {
            let file = PemFile::read(&file)?;
            let mut session = Session::open()?;
            let pinsets = GroupCollection::open(&mut session, &existing.at, COLLECTION)?;
            let named = pinsets.pick(&mut session, &existing.name)?;
            let form = form(&named.name, &file);
            pinsets.replace(&mut session, &named, "", &form, output)
        }
        Command::List(at) => collection::list(&at, COLLECTION, output),
        Command::Show(existing) => collection::show(&existing, COLLECTION, output),
    }
}

/// Pinsets have no `type` part.
fn form<'a>(name: &'a str, file: &'a PemFile) -> Body<'a> {
    Body::Form(vec![
        FormPart {
            name: "name",
            content: Content::Text(name),
        },
        file.part("certificatePinset"),
    ])
}

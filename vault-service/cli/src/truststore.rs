//! `truststore create|replace|list|show`: the CA certificates a peer must chain to.

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

const COLLECTION: Collection = Collection::Truststores;

/// The verbs.
#[derive(Subcommand)]
pub(crate) enum Command {
    /// Store CA certificates to trust
    #[command(
        after_help = "Example:\n  sallyport truststore create partner-ca --group payments --file ca.pem"
    )]
    Create {
        /// 1 to 128 characters
        name: SecretName,
        #[command(flatten)]
        at: InGroup,
        /// CA certificates, PEM, concatenated; at most 1 MiB
        #[arg(long)]
        file: PathBuf,
    },
    /// Trust these CA certificates instead of the old ones
    #[command(
        after_help = "Example:\n  sallyport truststore replace partner-ca --group payments --file ca.pem"
    )]
    Replace {
        #[command(flatten)]
        existing: Existing,
        /// CA certificates, PEM, concatenated; at most 1 MiB
        #[arg(long)]
        file: PathBuf,
    },
    /// List the truststores of a group
    #[command(after_help = "Example:\n  sallyport truststore list --group payments")]
    List(InGroup),
    /// Show the certificates of a truststore
    #[command(after_help = "Example:\n  sallyport truststore show partner-ca --group payments")]
    Show(Existing),
}

/// Runs a verb.
pub(crate) fn run(command: Command, output: Output) -> Result<(), Error> {
    match command {
        Command::Create { name, at, file } => {
            let file = PemFile::read(&file)?;
            let mut session = Session::open()?;
            let truststores = GroupCollection::open(&mut session, &at, COLLECTION)?;
            let form = form(name.as_str(), &file);
            truststores.create(&mut session, name.as_str(), "", &form, output)
        }
        Command::Replace { existing, file } => {
            let file = PemFile::read(&file)?;
            let mut session = Session::open()?;
            let truststores = GroupCollection::open(&mut session, &existing.at, COLLECTION)?;
            let named = truststores.pick(&mut session, &existing.name)?;
            let form = form(&named.name, &file);
            truststores.replace(&mut session, &named, "", &form, output)
        }
        Command::List(at) => collection::list(&at, COLLECTION, output),
        Command::Show(existing) => collection::show(&existing, COLLECTION, output),
    }
}

fn form<'a>(name: &'a str, file: &'a PemFile) -> Body<'a> {
    let text = |name, text| FormPart {
        name,
        content: Content::Text(text),
    };
    Body::Form(vec![
        text("type", "PEM"),
        text("name", name),
        file.part("trustStore"),
    ])
}

//! `keystore create|replace|list|show`: PEM certificate chain and private key.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use sallyport_model::{Collection, SecretName, SecretString};

use crate::arguments::{Existing, InGroup};
use crate::client::{Body, Content, FormPart};
use crate::collection::{self, GroupCollection};
use crate::error::Error;
use crate::output::Output;
use crate::pem_file::PemFile;
use crate::secret_input::{self, Prompt, Wanted};
use crate::session::Session;

const COLLECTION: Collection = Collection::Keystores;

/// The verbs.
#[derive(Subcommand)]
pub(crate) enum Command {
    /// Store a certificate and its private key
    #[command(
        after_help = "Example:\n  sallyport keystore create edge --group payments \\\n      \
                      --certificate edge.pem --key edge.key --ca-path intermediates.pem"
    )]
    Create {
        /// 1 to 128 characters
        name: SecretName,
        #[command(flatten)]
        at: InGroup,
        #[command(flatten)]
        files: Files,
    },
    /// Put a new certificate and key in the place of the old ones
    #[command(
        after_help = "Example:\n  sallyport keystore replace edge --group payments \\\n      \
                      --certificate edge.pem --key edge.key"
    )]
    Replace {
        #[command(flatten)]
        existing: Existing,
        #[command(flatten)]
        files: Files,
    },
    /// List the keystores of a group
    #[command(after_help = "Example:\n  sallyport keystore list --group payments")]
    List(InGroup),
    /// Show the certificates of a keystore; the key never comes back
    #[command(after_help = "Example:\n  sallyport keystore show edge --group payments")]
    Show(Existing),
}

/// What goes into a keystore; files of at most 1 MiB, all PEM.
#[derive(Args)]
pub(crate) struct Files {
    /// The certificate, PEM
    #[arg(long, value_name = "FILE")]
    certificate: PathBuf,

    /// Its private key, PEM: PKCS#8 (also encrypted), PKCS#1 or SEC1
    #[arg(long, value_name = "FILE")]
    key: PathBuf,

    /// The CA certificates above it, PEM, concatenated, without the certificate itself
    #[arg(long, value_name = "FILE")]
    ca_path: Option<PathBuf>,

    /// File with the passphrase of an encrypted key, `-` for stdin; one newline at its end is
    /// dropped [default: a prompt, if the key is encrypted]
    #[arg(long, value_name = "FILE")]
    key_passphrase_file: Option<PathBuf>,

    /// Store the certificate even if it has expired
    #[arg(long)]
    allow_expired: bool,
}

/// The files, read.
struct Upload {
    certificate: PemFile,
    key: PemFile,
    ca_path: Option<PemFile>,
    passphrase: Option<SecretString>,
}

/// Runs a verb.
pub(crate) fn run(command: Command, output: Output) -> Result<(), Error> {
    match command {
        Command::Create { name, at, files } => {
            let upload = files.read()?;
            let mut session = Session::open()?;
            let keystores = GroupCollection::open(&mut session, &at, COLLECTION)?;
            let form = upload.form(name.as_str());
            keystores.create(&mut session, name.as_str(), files.query(), &form, output)
        }
        Command::Replace { existing, files } => {
            let upload = files.read()?;
            let mut session = Session::open()?;
            let keystores = GroupCollection::open(&mut session, &existing.at, COLLECTION)?;
            let named = keystores.pick(&mut session, &existing.name)?;
            let form = upload.form(&named.name);
            keystores.replace(&mut session, &named, files.query(), &form, output)
        }
        Command::List(at) => collection::list(&at, COLLECTION, output),
        Command::Show(existing) => collection::show(&existing, COLLECTION, output),
    }
}

impl Files {
    fn read(&self) -> Result<Upload, Error> {
        let key = PemFile::read(&self.key)?;
        let passphrase_wanted = self.key_passphrase_file.is_some() || key.is_encrypted_key();
        Ok(Upload {
            certificate: PemFile::read(&self.certificate)?,
            ca_path: self
                .ca_path
                .as_ref()
                .map(|path| PemFile::read(path))
                .transpose()?,
            passphrase: passphrase_wanted
                .then(|| self.read_passphrase())
                .transpose()?,
            key,
        })
    }

    fn read_passphrase(&self) -> Result<SecretString, Error> {
        secret_input::read(
            self.key_passphrase_file.as_ref(),
            Wanted {
                what: "passphrase of the key",
                option: "--key-passphrase-file",
                prompt: Prompt::Once,
            },
        )
    }

    const fn query(&self) -> &'static str {
        if self.allow_expired {
            "?allowExpiredCert=true"
        } else {
            ""
        }
    }
}

impl Upload {
    /// Part names of the Anypoint CLI.
    fn form<'a>(&'a self, name: &'a str) -> Body<'a> {
        let text = |name, text| FormPart {
            name,
            content: Content::Text(text),
        };
        let mut parts = vec![
            text("type", "PEM"),
            text("name", name),
            self.certificate.part("certificate"),
            self.key.part("key"),
        ];
        parts.extend(self.ca_path.as_ref().map(|file| file.part("capath")));
        parts.extend(
            self.passphrase
                .as_ref()
                .map(|passphrase| text("keyPassphrase", passphrase.expose())),
        );
        Body::Form(parts)
    }
}

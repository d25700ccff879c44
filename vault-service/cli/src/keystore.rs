//! `keystore`: certificate chain and private key, as PEM files or in one store.

use std::path::{Path, PathBuf};

use clap::{ArgGroup, Args};
use sallyport_model::{Collection, SecretString, StoreType};

use crate::collection::GroupCollection;
use crate::error::Error;
use crate::kind::{AllowExpired, Kind, Upload, Words};
use crate::request::{Body, Part};
use crate::secret_input::{self, LineEnd, Prompt, SHORT, Wanted, check_one_stdin};
use crate::store_type::{self, Algorithm};
use crate::truststore::STORE_PASSPHRASE;
use crate::upload_file::{PemLabel, UploadFile};

const KEY_PASSPHRASE: Wanted = Wanted {
    what: "passphrase of the key",
    option: "--key-passphrase-file",
    prompt: Prompt::Once,
    line_end: LineEnd::Dropped,
    limit: SHORT,
};

/// The kind.
pub(crate) struct Keystore;

/// What goes into a keystore; files of at most 1 MiB.
#[derive(Args)]
#[command(group = ArgGroup::new("material").args(["certificate", "keystore"]).required(true))]
pub(crate) struct Content {
    /// The certificate, PEM
    #[arg(long, value_name = "FILE", requires = "key")]
    certificate: Option<PathBuf>,

    /// Its private key, PEM: PKCS#8 (also encrypted), PKCS#1 or SEC1
    #[arg(long, value_name = "FILE", requires = "certificate")]
    key: Option<PathBuf>,

    /// The CA certificates above it, PEM, concatenated, without the certificate itself
    #[arg(long, value_name = "FILE", requires = "certificate")]
    ca_path: Option<PathBuf>,

    /// Instead of PEM files: a JKS, JCEKS or PKCS#12 store
    #[arg(long, value_name = "FILE", requires = "alias")]
    keystore: Option<PathBuf>,

    /// Format of the store [default: what its first bytes say]
    #[arg(long, value_parser = store_type::parser(), ignore_case = true)]
    r#type: Option<StoreType>,

    /// Entry of the store that has the key
    #[arg(long, requires = "keystore")]
    alias: Option<String>,

    /// File with the passphrase of the store, `-` for stdin [default: a prompt]
    #[arg(long, value_name = "FILE", requires = "keystore")]
    store_passphrase_file: Option<PathBuf>,

    /// File with the passphrase of the key, `-` for stdin; one newline at its end is dropped
    /// [default: in a store the same as the store's; else a prompt, if the key is encrypted]
    #[arg(long, value_name = "FILE")]
    key_passphrase_file: Option<PathBuf>,

    /// Key manager algorithm of the store
    #[arg(long, value_enum, ignore_case = true, requires = "keystore")]
    algorithm: Option<Algorithm>,

    #[command(flatten)]
    expired: AllowExpired,
}

/// The files, read.
pub(crate) struct Material {
    source: Source,
    expired: AllowExpired,
}

enum Source {
    Pem {
        certificate: UploadFile,
        key: UploadFile,
        ca_path: Option<UploadFile>,
        passphrase: Option<SecretString>,
    },
    Store {
        file: UploadFile,
        store_type: StoreType,
        store_passphrase: SecretString,
        key_passphrase: SecretString,
        alias: String,
        algorithm: Option<Algorithm>,
    },
}

impl Kind for Keystore {
    const COLLECTION: Collection = Collection::Keystores;
    const WORDS: Words = Words {
        noun: "keystore",
        plural: "keystores",
        example: "edge",
        content: "--certificate edge.pem --key edge.key --ca-path intermediates.pem",
        types: store_type::WORDS,
    };
    type Content = Content;
    type Material = Material;

    fn read(content: Content) -> Result<Material, Error> {
        check_one_stdin(&[
            content.store_passphrase_file.as_ref(),
            content.key_passphrase_file.as_ref(),
        ])?;
        let expired = content.expired;
        let source = match (&content.certificate, &content.key, &content.keystore) {
            (Some(certificate), Some(key), _) => content.read_pem(certificate, key)?,
            (_, _, Some(keystore)) => content.read_store(keystore)?,
            _ => return Err(wrong_type("needs a --keystore, or --certificate and --key")),
        };
        Ok(Material { source, expired })
    }

    /// Part names of the Anypoint CLI.
    fn upload(material: Material, _: &mut GroupCollection, name: &str) -> Result<Upload, Error> {
        let head = |store_type: StoreType| {
            vec![
                Part::text("type", store_type.as_str().to_owned()),
                Part::text("name", name.to_owned()),
            ]
        };
        let parts = match material.source {
            Source::Pem {
                certificate,
                key,
                ca_path,
                passphrase,
            } => {
                let mut parts = head(StoreType::Pem);
                parts.extend([certificate.part("certificate"), key.part("key")]);
                parts.extend(ca_path.map(|file| file.part("capath")));
                parts.extend(passphrase.map(|text| Part::secret("keyPassphrase", text)));
                parts
            }
            Source::Store {
                file,
                store_type,
                store_passphrase,
                key_passphrase,
                alias,
                algorithm,
            } => {
                let mut parts = head(store_type);
                parts.extend([
                    file.part("keyStore"),
                    Part::secret("storePassphrase", store_passphrase),
                    Part::secret("keyPassphrase", key_passphrase),
                    Part::text("alias", alias),
                ]);
                let word = |algorithm: Algorithm| algorithm.as_str().to_owned();
                parts.extend(algorithm.map(|it| Part::text("algorithm", word(it))));
                parts
            }
        };
        Ok(Upload {
            body: Body::Form(parts),
            query: material.expired.query(),
        })
    }
}

impl Content {
    fn read_pem(&self, certificate: &Path, key: &Path) -> Result<Source, Error> {
        if self.r#type.is_some_and(|it| it != StoreType::Pem) {
            return Err(wrong_type(
                "needs --keystore; --certificate and --key are PEM",
            ));
        }
        let key = UploadFile::read_pem(key, PemLabel::PrivateKey)?;
        let certificate = UploadFile::read_pem(certificate, PemLabel::Certificate)?;
        let ca_path = self.ca_path.as_ref();
        let ca_path = ca_path.map(|path| UploadFile::read_pem(path, PemLabel::Certificate));
        let ca_path = ca_path.transpose()?;
        let passphrase_file = self.key_passphrase_file.as_ref();
        let passphrase = (passphrase_file.is_some() || key.is_encrypted_key())
            .then(|| secret_input::read(passphrase_file, KEY_PASSPHRASE))
            .transpose()?;
        Ok(Source::Pem {
            certificate,
            key,
            ca_path,
            passphrase,
        })
    }

    fn read_store(&self, path: &Path) -> Result<Source, Error> {
        let file = UploadFile::read(path)?;
        let store_type = match self.r#type {
            Some(given) => given,
            None => file.store_type(path)?,
        };
        if store_type == StoreType::Pem {
            return Err(Error::Flag {
                flag: "--keystore",
                reason: "is JKS, JCEKS or PKCS12; PEM goes with --certificate and --key".into(),
            });
        }
        let store_passphrase =
            secret_input::read(self.store_passphrase_file.as_ref(), STORE_PASSPHRASE)?;
        let key_passphrase = match &self.key_passphrase_file {
            Some(path) => secret_input::read(Some(path), KEY_PASSPHRASE)?,
            None => store_passphrase.clone(),
        };
        Ok(Source::Store {
            file,
            store_type,
            store_passphrase,
            key_passphrase,
            alias: self.alias.clone().unwrap_or_default(),
            algorithm: self.algorithm,
        })
    }
}

const fn wrong_type(reason: &'static str) -> Error {
    Error::Flag {
        flag: "--type",
        reason: std::borrow::Cow::Borrowed(reason),
    }
}

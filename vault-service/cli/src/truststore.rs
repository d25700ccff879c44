//! `truststore`: the CA certificates a peer must chain to, and leaves that are trusted as they are.

use std::path::PathBuf;

use clap::Args;
use sallyport_model::{Collection, SecretString, StoreType};

use crate::collection::GroupCollection;
use crate::error::Error;
use crate::kind::{Kind, Upload, Words};
use crate::request::{Body, Part};
use crate::secret_input::{self, LineEnd, Prompt, SHORT, Wanted};
use crate::store_type::{self, Algorithm};
use crate::upload_file::UploadFile;

/// The kind.
pub(crate) struct Truststore;

/// What is trusted.
#[derive(Args)]
pub(crate) struct Content {
    /// CA certificates: PEM, concatenated, or a Java or PKCS#12 store; at most 1 MiB
    #[arg(long)]
    file: PathBuf,

    /// Format of the file [default: what its first bytes say]
    #[arg(long, value_parser = store_type::parser(), ignore_case = true)]
    r#type: Option<StoreType>,

    /// File with the passphrase of a store that is not PEM, `-` for stdin; one newline at its end
    /// is dropped [default: a prompt]
    #[arg(long, value_name = "FILE")]
    store_passphrase_file: Option<PathBuf>,

    /// Trust algorithm of a store that is not PEM
    #[arg(long, value_enum, ignore_case = true)]
    algorithm: Option<Algorithm>,

    /// Changes nothing: certificates that have ended are taken anyway, and no chain ends at them
    #[arg(long)]
    allow_expired: bool,

    /// Trust a certificate that is no CA's for itself alone, byte for byte
    #[arg(long)]
    allow_pinned_leaves: bool,
}

/// The store, read.
pub(crate) struct Material {
    file: UploadFile,
    store_type: StoreType,
    passphrase: Option<SecretString>,
    algorithm: Option<Algorithm>,
    query: &'static str,
}

impl Kind for Truststore {
    const COLLECTION: Collection = Collection::Truststores;
    const WORDS: Words = Words {
        noun: "truststore",
        plural: "truststores",
        example: "partner-ca",
        content: "--file ca.pem",
        types: store_type::WORDS,
    };
    type Content = Content;
    type Material = Material;

    fn read(content: Content) -> Result<Material, Error> {
        let (file, store_type) = UploadFile::read_certificates(&content.file, content.r#type)?;
        if store_type == StoreType::Pem && content.algorithm.is_some() {
            return Err(not_for_pem("--algorithm"));
        }
        let passphrase = store_passphrase(store_type, content.store_passphrase_file.as_ref())?;
        Ok(Material {
            file,
            store_type,
            passphrase,
            algorithm: content.algorithm,
            query: match (content.allow_pinned_leaves, content.allow_expired) {
                (false, false) => "",
                (false, true) => "?allowExpiredCert=true",
                (true, false) => "?allowPinnedLeaves=true",
                (true, true) => "?allowExpiredCert=true&allowPinnedLeaves=true",
            },
        })
    }

    fn upload(material: Material, _: &mut GroupCollection, name: &str) -> Result<Upload, Error> {
        let mut parts = vec![
            Part::text("type", material.store_type.as_str().to_owned()),
            Part::text("name", name.to_owned()),
            material.file.part("trustStore"),
        ];
        let passphrase = material.passphrase;
        parts.extend(passphrase.map(|passphrase| Part::secret("storePassphrase", passphrase)));
        parts.extend(
            material
                .algorithm
                .map(|algorithm| Part::text("algorithm", algorithm.as_str().to_owned())),
        );
        Ok(Upload {
            body: Body::Form(parts),
            query: material.query,
        })
    }
}

/// What is asked for when a store is not PEM.
pub(crate) const STORE_PASSPHRASE: Wanted = Wanted {
    what: "passphrase of the store",
    option: "--store-passphrase-file",
    prompt: Prompt::Once,
    line_end: LineEnd::Dropped,
    limit: SHORT,
};

/// The passphrase of a store that is not PEM.
pub(crate) fn store_passphrase(
    store_type: StoreType,
    source: Option<&PathBuf>,
) -> Result<Option<SecretString>, Error> {
    match store_type {
        StoreType::Pem if source.is_some() => Err(not_for_pem("--store-passphrase-file")),
        StoreType::Pem => Ok(None),
        _ => secret_input::read(source, STORE_PASSPHRASE).map(Some),
    }
}

const fn not_for_pem(flag: &'static str) -> Error {
    Error::Flag {
        flag,
        reason: std::borrow::Cow::Borrowed("makes no sense for PEM: leave it out, or give --type"),
    }
}

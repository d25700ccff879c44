//! `certificate`: single certificates without a key, for example those that sign CRLs.

use std::path::PathBuf;

use clap::Args;
use sallyport_model::{Collection, SecretString, StoreType};

use crate::collection::GroupCollection;
use crate::error::Error;
use crate::kind::{AllowExpired, Kind, Upload, Words};
use crate::request::{Body, Part};
use crate::store_type;
use crate::truststore::store_passphrase;
use crate::upload_file::UploadFile;

/// The kind.
pub(crate) struct Certificate;

/// The certificate.
#[derive(Args)]
pub(crate) struct Content {
    /// One certificate: PEM, or a Java or PKCS#12 store that holds no other
    #[arg(long)]
    file: PathBuf,

    /// Format of the file [default: what its first bytes say]
    #[arg(long, value_parser = store_type::parser(), ignore_case = true)]
    r#type: Option<StoreType>,

    /// File with the passphrase of a store that is not PEM, `-` for stdin; one newline at its end
    /// is dropped [default: a prompt]
    #[arg(long, value_name = "FILE")]
    store_passphrase_file: Option<PathBuf>,

    #[command(flatten)]
    expired: AllowExpired,
}

/// The file, read.
pub(crate) struct Material {
    file: UploadFile,
    store_type: StoreType,
    passphrase: Option<SecretString>,
    expired: AllowExpired,
}

impl Kind for Certificate {
    const COLLECTION: Collection = Collection::Certificates;
    const WORDS: Words = Words {
        noun: "certificate",
        plural: "certificates",
        example: "crl-signer",
        content: "--file crl-signer.pem",
        types: store_type::WORDS,
    };
    type Content = Content;
    type Material = Material;

    fn read(content: Content) -> Result<Material, Error> {
        let (file, store_type) = UploadFile::read_certificates(&content.file, content.r#type)?;
        let passphrase = store_passphrase(store_type, content.store_passphrase_file.as_ref())?;
        Ok(Material {
            file,
            store_type,
            passphrase,
            expired: content.expired,
        })
    }

    fn upload(material: Material, _: &mut GroupCollection, name: &str) -> Result<Upload, Error> {
        let mut parts = vec![
            Part::text("type", material.store_type.as_str().to_owned()),
            Part::text("name", name.to_owned()),
            material.file.part("certStore"),
        ];
        let passphrase = material.passphrase;
        parts.extend(passphrase.map(|passphrase| Part::secret("storePassphrase", passphrase)));
        Ok(Upload {
            body: Body::Form(parts),
            query: material.expired.query(),
        })
    }
}

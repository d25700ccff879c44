//! `certificate`: single certificates without a key, for example those that sign CRLs.

use std::path::PathBuf;

use clap::Args;
use sallyport_model::Collection;

use crate::collection::GroupCollection;
use crate::error::Error;
use crate::kind::{AllowExpired, Kind, Upload, Words};
use crate::request::{Body, Part};
use crate::upload_file::{PemLabel, UploadFile};

/// The kind.
pub(crate) struct Certificate;

/// The certificate.
#[derive(Args)]
pub(crate) struct Content {
    /// One certificate, PEM
    #[arg(long)]
    file: PathBuf,
    #[command(flatten)]
    expired: AllowExpired,
}

impl Kind for Certificate {
    const COLLECTION: Collection = Collection::Certificates;
    const WORDS: Words = Words {
        noun: "certificate",
        plural: "certificates",
        example: "crl-signer",
        content: "--file crl-signer.pem",
        types: &["PEM"],
    };
    type Content = Content;
    type Material = (UploadFile, AllowExpired);

    fn read(content: Content) -> Result<Self::Material, Error> {
        Ok((
            UploadFile::read_pem(&content.file, PemLabel::Certificate)?,
            content.expired,
        ))
    }

    fn upload(
        (file, expired): Self::Material,
        _: &mut GroupCollection,
        name: &str,
    ) -> Result<Upload, Error> {
        Ok(Upload {
            body: Body::Form(vec![
                Part::text("type", "PEM".to_owned()),
                Part::text("name", name.to_owned()),
                file.part("certStore"),
            ]),
            query: expired.query(),
        })
    }
}

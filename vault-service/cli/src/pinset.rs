//! `pinset`: certificates a peer's chain must contain one of.

use std::path::PathBuf;

use clap::Args;
use sallyport_model::Collection;

use crate::collection::GroupCollection;
use crate::error::Error;
use crate::kind::{Kind, Upload, Words};
use crate::request::{Body, Part};
use crate::upload_file::{PemLabel, UploadFile};

/// The kind.
pub(crate) struct Pinset;

/// What is pinned.
#[derive(Args)]
pub(crate) struct Content {
    /// Certificates, PEM, concatenated; at most 1 MiB
    #[arg(long)]
    file: PathBuf,
}

impl Kind for Pinset {
    const COLLECTION: Collection = Collection::CertificatePinsets;
    const WORDS: Words = Words {
        noun: "pinset",
        plural: "certificate pinsets",
        example: "partners",
        content: "--file partners.pem",
        types: &[],
    };
    type Content = Content;
    type Material = UploadFile;

    fn read(content: Content) -> Result<UploadFile, Error> {
        UploadFile::read_pem(&content.file, PemLabel::Certificate)
    }

    /// Pinsets have no `type` part.
    fn upload(file: UploadFile, _: &mut GroupCollection, name: &str) -> Result<Upload, Error> {
        Ok(Upload::of(Body::Form(vec![
            Part::text("name", name.to_owned()),
            file.part("certificatePinset"),
        ])))
    }
}

//! `pinset`: keys and certificates of which a peer's chain must contain one.

use std::path::PathBuf;

use clap::Args;
use sallyport_model::Collection;
use serde_json::Value;

use crate::collection::GroupCollection;
use crate::error::Error;
use crate::kind::{Kind, Upload, Words};
use crate::pin::PinSpec;
use crate::request::{Body, Part};
use crate::upload_file::{PemLabel, UploadFile};

/// The kind.
pub(crate) struct Pinset;

/// What is pinned.
#[derive(Args)]
pub(crate) struct Content {
    /// Certificates, PEM, concatenated; at most 512 KiB. The public key of each is an active pin
    #[arg(long, required_unless_present = "pin")]
    file: Option<PathBuf>,

    /// A pin by its digest: `digest=` and 64 hexadecimal digits or sha256/BASE64, then as needed
    /// `kind=` spki or certificate, `role=` active, backup or retired, `not-before=` and `not-after=`
    /// a day or RFC 3339, and last `note=`, all with commas between [repeatable]
    #[arg(long, value_name = "PIN")]
    pin: Vec<PinSpec>,
}

/// The same, read.
pub(crate) struct Material {
    file: Option<UploadFile>,
    pins: Vec<PinSpec>,
}

impl Kind for Pinset {
    const COLLECTION: Collection = Collection::CertificatePinsets;
    const WORDS: Words = Words {
        noun: "pinset",
        plural: "certificate pinsets",
        example: "partners",
        content: "--file partners.pem --pin role=backup,digest=sha256/...",
        types: &[],
    };
    type Content = Content;
    type Material = Material;

    fn read(content: Content) -> Result<Material, Error> {
        let file = content.file.as_ref();
        let file = file.map(|path| UploadFile::read_pem(path, PemLabel::Certificate));
        Ok(Material {
            file: file.transpose()?,
            pins: content.pin,
        })
    }

    /// Pinsets have no `type` part.
    fn upload(material: Material, _: &mut GroupCollection, name: &str) -> Result<Upload, Error> {
        let mut parts = vec![Part::text("name", name.to_owned())];
        parts.extend(material.file.map(|file| file.part("certificatePinset")));
        if !material.pins.is_empty() {
            let pins = material.pins.into_iter().map(PinSpec::into_value);
            parts.push(Part::text("pins", Value::from_iter(pins).to_string()));
        }
        Ok(Upload::of(Body::Form(parts)))
    }
}

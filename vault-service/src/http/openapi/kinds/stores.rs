//! Keystores, truststores and pinsets: forms with files.

use utoipa::openapi::schema::{ObjectBuilder, SchemaFormat, Type};

use super::certificate::{described, file_name};
use super::{Fields, Part, either, form_of, list, text, upload, version, word};

/// The formats of keystores, truststores and certificates.
pub(super) const FORMATS: [&str; 4] = ["PEM", "JKS", "JCEKS", "PKCS12"];

/// Names Java gives its key managers.
const ALGORITHMS: [&str; 2] = ["PKIX", "SunX509"];

/// A part with a file name.
pub(super) fn file(description: &str) -> ObjectBuilder {
    ObjectBuilder::new()
        .schema_type(Type::String)
        .format(Some(SchemaFormat::Custom("binary".to_owned())))
        .content_media_type("application/octet-stream")
        .description(Some(description))
}

/// A passphrase.
pub(super) fn passphrase(description: &str) -> ObjectBuilder {
    text(description, 0, 1000)
}

pub(super) fn keystore() -> Part {
    let [pem, java @ ..] = FORMATS;
    let ca_path = |fields: Fields| {
        fields
            .may("capath", file("CA certificates in PEM, without the leaf."))
            .may(
                "caPathCertificate",
                file("Another name of `capath`; one of both is there."),
            )
    };
    form_of([
        ca_path(upload("Certificate and private key in PEM."))
            .needs("type", word([pem]))
            .needs("certificate", file("The certificate."))
            .needs("key", file("The private key, encrypted or not."))
            .may("keyPassphrase", passphrase("Of the key."))
            .into(),
        ca_path(upload("An entry of a keystore file."))
            .needs("type", word(java))
            .needs("keyStore", file("The keystore file."))
            .needs("storePassphrase", passphrase("Of the file; may be empty."))
            .needs("alias", text("The entry with the key.", 1, 1000))
            .needs("keyPassphrase", text("Of the entry.", 1, 1000))
            .may("algorithm", word(ALGORITHMS))
            .into(),
    ])
}

pub(super) fn keystore_shown() -> Part {
    let [pem, java @ ..] = FORMATS;
    let details = || {
        Fields::only("What is in it.")
            .needs("certificate", described())
            .needs("capath", list(described()))
    };
    either([
        version("Certificate and private key in PEM.")
            .needs("type", word([pem]))
            .needs("certificateFileName", file_name())
            .needs("keyFileName", file_name())
            .may("capathFileName", file_name())
            .needs("details", details())
            .into(),
        version("An entry of a keystore file.")
            .needs("type", word(java))
            .needs("keystoreFileName", file_name())
            .needs("alias", text("The entry with the key.", 1, 1000))
            .may("algorithm", word(ALGORITHMS))
            .may("capathFileName", file_name())
            .needs("details", details())
            .into(),
    ])
}

pub(super) fn truststore() -> Part {
    let [pem, java @ ..] = FORMATS;
    form_of([
        upload("CA certificates in PEM.")
            .needs("type", word([pem]))
            .needs("trustStore", file("The certificates."))
            .into(),
        upload("The trusted certificates of a keystore file.")
            .needs("type", word(java))
            .needs("trustStore", file("The keystore file."))
            .needs("storePassphrase", passphrase("Of the file; may be empty."))
            .may("algorithm", word(ALGORITHMS))
            .into(),
    ])
}

pub(super) fn truststore_shown() -> Fields {
    let entry = Fields::only("A trusted certificate.")
        .needs("alias", text("Its alias, or its number.", 0, 10_000))
        .needs("certificate", described());
    version("Certificates that are trusted.")
        .needs("type", word(FORMATS))
        .needs("truststoreFileName", file_name())
        .may("algorithm", word(ALGORITHMS))
        .needs(
            "details",
            Fields::only("What is in it.").needs("certificateEntries", list(entry)),
        )
}

pub(super) fn pinset() -> Part {
    upload("Certificates a peer must present the public key of one of.")
        .needs("certificatePinset", file("The certificates in PEM."))
        .into()
}

pub(super) fn pinset_shown() -> Fields {
    let digest = || text("SHA-256, hexadecimal.", 64, 64);
    let entry = Fields::only("A pinned certificate.")
        .needs("sha256", digest())
        .needs("spkiSha256", digest())
        .needs("certificate", described());
    version("Certificates a peer must present the public key of one of.")
        .needs("certificatePinsetFileName", file_name())
        .needs(
            "details",
            Fields::only("What is in it.").needs("certificateEntries", list(entry)),
        )
}

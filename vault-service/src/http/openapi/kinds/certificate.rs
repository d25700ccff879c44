//! Certificates, on their own and described inside of others.

use utoipa::openapi::Ref;

use super::stores::{FORMATS, file, passphrase};
use super::{Fields, Part, flag, form_of, list, text, upload as any_upload, version, word};

pub(super) fn upload() -> Part {
    let [pem, java @ ..] = FORMATS;
    form_of([
        any_upload("A certificate in PEM.")
            .needs("type", word([pem]))
            .needs("certStore", file("Exactly one certificate."))
            .into(),
        any_upload("The only certificate of a keystore file.")
            .needs("type", word(java))
            .needs("certStore", file("The keystore file."))
            .needs("storePassphrase", passphrase("Of the file; may be empty."))
            .into(),
    ])
}

pub(super) fn shown() -> Fields {
    version("A certificate.")
        .needs("type", word(FORMATS))
        .needs("certificateFileName", file_name())
        .needs("details", described())
}

/// A reference to the component of [`details`].
pub(super) fn described() -> Ref {
    Ref::from_schema_name("CertificateDetails")
}

/// The name a client gave a file.
pub(super) fn file_name() -> impl Into<Part> {
    text("Base name of the uploaded file.", 0, 255)
}

/// The component `CertificateDetails`.
pub(super) fn details() -> Fields {
    let word = || text("A word, or an object identifier.", 0, 1000);
    let words = || list(text("A word, or an object identifier.", 0, 1000));
    let time = || text("Time, RFC 3339 in UTC.", 1, 40);
    Fields::only("A certificate as a person wants to see it.")
        .needs("issuer", name())
        .needs("subject", name())
        .needs(
            "subjectAlternativeName",
            list(text("With its kind: `DNS:a.test`.", 1, 100_000)),
        )
        .needs("version", text("`1`, `2` or `3`.", 1, 10))
        .needs("serialNumber", text("Hexadecimal.", 1, 1000))
        .needs("signatureAlgorithm", word())
        .needs("publicKeyAlgorithm", word())
        .needs(
            "basicConstraints",
            Fields::only("").needs("certificateAuthority", flag("Whether it is a CA.")),
        )
        .needs(
            "validity",
            Fields::only("")
                .needs("notBefore", time())
                .needs("notAfter", time()),
        )
        .needs("keyUsage", words())
        .needs("extendedKeyUsage", words())
        .needs("certificateType", text("`X.509`.", 1, 20))
}

fn name() -> Fields {
    [
        "commonName",
        "organizationName",
        "organizationUnit",
        "localityName",
        "state",
        "countryName",
    ]
    .into_iter()
    .fold(
        Fields::only("Usual attributes, empty if absent."),
        |fields, name| fields.needs(name, text("", 0, 100_000)),
    )
}

//! Keystores, truststores and pinsets: forms with files.

use sallyport_pki::{PinKind, PinRole};
use utoipa::openapi::schema::{ObjectBuilder, SchemaFormat, Type};

use super::certificate::{described, file_name};
use super::{Fields, Part, either, flag, form_of, list, text, upload, version, word};
use crate::manager::UploadLimits;

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
        .needs("certificate", described())
        .may(
            "pinned",
            flag("There and true if it is trusted for itself alone, as it is no CA's."),
        );
    version("Certificates that are trusted.")
        .needs("type", word(FORMATS))
        .needs("truststoreFileName", file_name())
        .may("algorithm", word(ALGORITHMS))
        .needs(
            "details",
            Fields::only("What is in it.").needs("certificateEntries", list(entry)),
        )
}

/// What is said of pinsets.
const PINNED: &str = "Keys and certificates of which a peer must present one.";

pub(super) fn pinset() -> Part {
    let file = || file("Certificates in PEM; the public key of each is an active pin.");
    let pins = || {
        text(
            "A JSON list of pins, each as in `CertificatePinsetChange`.",
            2,
            UploadLimits::PIN_LIST,
        )
        .content_media_type("application/json")
    };
    form_of([
        upload(PINNED)
            .needs("certificatePinset", file())
            .may("pins", pins())
            .into(),
        upload(PINNED)
            .may("certificatePinset", file())
            .needs("pins", pins())
            .into(),
    ])
}

/// A pin as it is sent.
pub(super) fn pin() -> Fields {
    let digest = text("SHA-256: hexadecimal, or base64 behind `sha256/`.", 51, 64);
    pin_fields(
        Fields::only("A pin with its life cycle. What is left out: `spki`, `active`, no dates.")
            .needs("digest", digest)
            .may("kind", word(PIN_KINDS))
            .may("role", word(PIN_ROLES)),
        "A day, `YYYY-MM-DD`, or a moment in RFC 3339.",
    )
}

fn pin_shown() -> Fields {
    pin_fields(
        Fields::only("A pin with its life cycle.")
            .needs("digest", text("SHA-256, hexadecimal.", 64, 64))
            .needs("kind", word(PIN_KINDS))
            .needs("role", word(PIN_ROLES)),
        "A moment in RFC 3339.",
    )
}

fn pin_fields(fields: Fields, moment: &str) -> Fields {
    let moment = |which: &str| text(&format!("{which} {moment}"), 10, 40);
    fields
        .may("notBefore", moment("First moment at which it counts."))
        .may("notAfter", moment("Last moment at which it counts."))
        .may("note", text("For people.", 0, UploadLimits::NOTE))
}

/// What a pin is a digest of.
const PIN_KINDS: [&str; 2] = [PinKind::Spki.as_str(), PinKind::Certificate.as_str()];

/// Where a pin stands in its life; `retired` never matches.
const PIN_ROLES: [&str; 3] = [
    PinRole::Active.as_str(),
    PinRole::Backup.as_str(),
    PinRole::Retired.as_str(),
];

pub(super) fn pinset_shown() -> Fields {
    let digest = || text("SHA-256, hexadecimal.", 64, 64);
    let entry = Fields::only("A pinned certificate.")
        .needs("sha256", digest())
        .needs("spkiSha256", digest())
        .needs("certificate", described());
    version(PINNED)
        .may("certificatePinsetFileName", file_name())
        .may("pins", list(pin_shown()))
        .needs(
            "details",
            Fields::only("What is in it.").needs("certificateEntries", list(entry)),
        )
}

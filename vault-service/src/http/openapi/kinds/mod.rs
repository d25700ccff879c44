//! The kinds of secrets: what an upload of each holds, and what is shown of it.

mod certificate;
mod stores;
mod tls_context;

use sallyport_model::Collection;
use utoipa::openapi::Ref;

use super::operation::Operation;
use super::schema::{Fields, Part, date, either, flag, form_of, list, named, number, text, word};
use super::{Id, LabelWord, NameText};
use crate::manager::UploadLimits;

/// The words of the API that are its own in operation ids and components: `Keystore`.
pub(in crate::http) fn noun(collection: Collection) -> String {
    let plural = collection.as_str();
    let singular = plural.strip_suffix('s').unwrap_or(plural);
    let mut characters = singular.chars();
    let first = characters.next().map(|first| first.to_ascii_uppercase());
    first.into_iter().chain(characters).collect()
}

/// The operation with the body of a create or replace.
pub(in crate::http) fn taking_upload(operation: Operation, collection: Collection) -> Operation {
    let name = format!("{}Upload", noun(collection));
    let body = Ref::from_schema_name(&name);
    let (operation, schema) = match collection {
        Collection::SharedSecrets => (operation.json(body), shared_secret()),
        Collection::Certificates => (operation.form(body), certificate::upload()),
        Collection::Keystores => (operation.form(body), stores::keystore()),
        Collection::Truststores => (operation.form(body), stores::truststore()),
        Collection::CertificatePinsets => (operation.form(body), stores::pinset()),
        Collection::CrlDistributorConfigs => (operation.json(body), crl_distributor()),
        Collection::TlsContexts => (operation.json(body), tls_context::upload()),
    };
    let operation = operation.component(&name, schema);
    match collection {
        Collection::Certificates | Collection::Keystores => operation.query(
            "allowExpiredCert",
            flag("Whether a certificate that has ended is taken.").default(Some(false.into())),
        ),
        Collection::Truststores => operation.query(
            "allowPinnedLeaves",
            flag("Whether a certificate that is no CA's is taken, to be trusted for itself alone.")
                .default(Some(false.into())),
        ),
        _ => operation,
    }
}

/// The operation with the body of a change of name and date, and of pins where there are some.
pub(in crate::http) fn taking_change(operation: Operation, collection: Collection) -> Operation {
    let (name, change) = match collection {
        Collection::CertificatePinsets => (
            "CertificatePinsetChange",
            Fields::only("What is absent stays. New pins make a new version.")
                .may("pins", list(stores::pin())),
        ),
        _ => (
            "SecretChange",
            Fields::only("What is absent stays; one of both is there."),
        ),
    };
    let change = change
        .may("name", named::<NameText>())
        .may("expirationDate", expiration_date())
        .at_least(1);
    operation
        .component(name, change)
        .json(Ref::from_schema_name(name))
}

/// The operation with an answer that shows a version.
pub(in crate::http) fn showing_details(operation: Operation, collection: Collection) -> Operation {
    let name = noun(collection);
    let operation = match collection {
        Collection::TlsContexts => tls_context::with_components(operation),
        _ => operation,
    };
    operation
        .component("CertificateDetails", certificate::details())
        .component(&name, either_shown(collection))
        .answers_with(
            200,
            "What may be known of it.",
            Ref::from_schema_name(&name),
        )
}

/// The operation with an answer that lists what there is of a kind.
pub(in crate::http) fn listing(operation: Operation, collection: Collection) -> Operation {
    let name = format!("{}Summary", noun(collection));
    let fields = known(Fields::only("One of the list."));
    let summary = match collection {
        Collection::TlsContexts => fields
            .needs("type", word(tls_context::TARGETS))
            .needs("target", word(tls_context::TARGETS)),
        _ => match types(collection) {
            Some(types) => fields.needs("type", word(types.iter().copied())),
            None => fields,
        },
    };
    operation.component(&name, summary).answers_with(
        200,
        "All of them, by name.",
        list(Ref::from_schema_name(&name)),
    )
}

/// The types of a kind, where it has some.
pub(in crate::http) const fn types(collection: Collection) -> Option<&'static [&'static str]> {
    match collection {
        Collection::SharedSecrets => Some(&SHARED_SECRETS),
        Collection::Certificates | Collection::Keystores | Collection::Truststores => {
            Some(&stores::FORMATS)
        }
        Collection::TlsContexts => Some(&tls_context::TARGETS),
        Collection::CertificatePinsets | Collection::CrlDistributorConfigs => None,
    }
}

const SHARED_SECRETS: [&str; 4] = ["UsernamePassword", "SymmetricKey", "S3Credential", "Blob"];

fn either_shown(collection: Collection) -> Part {
    match collection {
        Collection::SharedSecrets => shared_secret_shown(),
        Collection::Certificates => certificate::shown().into(),
        Collection::Keystores => stores::keystore_shown(),
        Collection::Truststores => stores::truststore_shown().into(),
        Collection::CertificatePinsets => stores::pinset_shown().into(),
        Collection::CrlDistributorConfigs => crl_distributor_shown().into(),
        Collection::TlsContexts => tls_context::shown(),
    }
}

/// What is known of every secret.
fn known(fields: Fields) -> Fields {
    let meta = Fields::only("Where it is.")
        .needs("id", named::<Id>())
        .needs("path", text("`<collection>/<id>`, for references.", 1, 80));
    fields
        .needs("name", named::<NameText>())
        .may("expirationDate", expiration_date())
        .needs("meta", meta)
}

/// An object with what is known of every version, and the fields of its kind to come.
fn version(description: &str) -> Fields {
    known(Fields::only(description))
        .needs("version", number("Number of the version.", 1, i64::MAX))
        .may("labels", list(named::<LabelWord>()))
}

fn expiration_date() -> impl Into<Part> {
    date("Day on which it ends, `YYYY-MM-DD`.")
}

/// An upload, with what every one has.
fn upload(description: &str) -> Fields {
    Fields::only(description)
        .needs("name", named::<NameText>())
        .may("expirationDate", expiration_date())
}

/// A reference to a secret of the same group.
fn reference(collection: Collection) -> Fields {
    let path = text(
        "`<collection>/<id>`, or `<collection>/<name>` with the name percent-encoded. Answers have \
         the id.",
        1,
        500,
    );
    Fields::only("A secret of the same group.").needs(
        "path",
        path.pattern(Some(format!("^{}/[^/ ]+$", collection.as_str()))),
    )
}

fn shared_secret() -> Part {
    let credential = |what: &str| text(what, 1, UploadLimits::CREDENTIAL);
    let [username, key, s3, blob] = SHARED_SECRETS;
    either([
        upload("User name and password.")
            .needs("type", word([username]))
            .needs("username", credential("Shown."))
            .needs("password", credential("Never shown."))
            .into(),
        upload("A symmetric key.")
            .needs("type", word([key]))
            .needs(
                "key",
                text("The key in base64. Never shown.", 1, UploadLimits::BLOB)
                    .content_encoding("base64")
                    .pattern(Some("^[A-Za-z0-9+/]+={0,2}$")),
            )
            .into(),
        upload("Credentials of an S3-compatible store.")
            .needs("type", word([s3]))
            .needs("accessKeyId", credential("Shown."))
            .needs("secretAccessKey", credential("Never shown."))
            .may(
                "sessionToken",
                text(
                    "Of temporary credentials. Never shown.",
                    0,
                    UploadLimits::SESSION_TOKEN,
                ),
            )
            .into(),
        upload("Anything else, kept as given.")
            .needs("type", word([blob]))
            .needs("content", text("Never shown.", 1, UploadLimits::BLOB))
            .into(),
    ])
}

fn shared_secret_shown() -> Part {
    let [username, key, s3, blob] = SHARED_SECRETS;
    let text = || text("As given.", 1, UploadLimits::CREDENTIAL);
    either([
        version("User name and password.")
            .needs("type", word([username]))
            .needs("username", text())
            .into(),
        version("Credentials of an S3-compatible store.")
            .needs("type", word([s3]))
            .needs("accessKeyId", text())
            .into(),
        version("A symmetric key, or anything else: nothing of them is shown.")
            .needs("type", word([key, blob]))
            .into(),
    ])
}

fn crl_distributor() -> Part {
    let upload = upload("Where revocation lists come from.");
    crl_fields(upload).into()
}

fn crl_distributor_shown() -> Fields {
    crl_fields(version("Where revocation lists come from."))
}

fn crl_fields(fields: Fields) -> Fields {
    let url = |what: &str| text(what, 1, 2048).pattern(Some("^https?://"));
    fields
        .needs("completeCrlIssuerUrl", url("Address of the complete list."))
        .may("deltaCrlIssuerUrl", url("Address of the list of changes."))
        .needs(
            "frequency",
            number("Minutes between two looks at it.", 2, 1000),
        )
        .needs(
            "distributorCertificate",
            reference(Collection::Certificates),
        )
        .may("caCertificate", reference(Collection::Certificates))
}

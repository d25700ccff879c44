//! References of the document, each to the kind of secret that belongs in its place.

use std::fmt::Display;

use sallyport_message::MAX_KEYS;
use sallyport_model::{Collection, Reference};

use super::count;
use crate::config::{ConfigError, Fault};

pub(super) fn tls_context(section: &str, text: &str) -> Result<Reference, ConfigError> {
    whole(
        format!("{section}/tlsContext"),
        text,
        Collection::TlsContexts,
    )
}

/// A reference to a shared secret as a whole.
pub(super) fn whole_shared_secret(pointer: &str, text: &str) -> Result<Reference, ConfigError> {
    whole(pointer, text, Collection::SharedSecrets)
}

/// A reference to a shared secret, or to a field of one.
pub(super) fn shared_secret(pointer: &str, text: &str) -> Result<Reference, ConfigError> {
    let reference: Reference = text
        .parse()
        .map_err(|error| ConfigError::at(pointer, Fault::Reference(error)))?;
    expect(pointer, &reference, Collection::SharedSecrets)?;
    Ok(reference)
}

/// What a shared secret is wanted for.
#[derive(Clone, Copy)]
pub(super) enum SecretKind {
    /// All of it.
    Whole,
    /// A text: one of its fields is enough.
    Text,
}

/// Secrets of which any fits, and not only previous versions, which are absent most of the time.
pub(super) fn secrets(
    section: &str,
    texts: &[String],
    kind: SecretKind,
) -> Result<Vec<Reference>, ConfigError> {
    count(section, texts, MAX_KEYS)?;
    let mut all = Vec::with_capacity(texts.len());
    for (index, text) in texts.iter().enumerate() {
        all.push(of_kind(&format!("{section}/{index}"), text, kind)?);
    }
    match all.iter().all(Reference::is_previous) {
        true => Err(ConfigError::at(section, Fault::NoCurrentSecret)),
        false => Ok(all),
    }
}

/// One secret, and not a previous version.
pub(super) fn secret(
    pointer: &str,
    text: &str,
    kind: SecretKind,
) -> Result<Reference, ConfigError> {
    let reference = of_kind(pointer, text, kind)?;
    match reference.is_previous() {
        true => Err(ConfigError::at(pointer, Fault::NoCurrentSecret)),
        false => Ok(reference),
    }
}

fn of_kind(pointer: &str, text: &str, kind: SecretKind) -> Result<Reference, ConfigError> {
    match kind {
        SecretKind::Whole => whole(pointer, text, Collection::SharedSecrets),
        SecretKind::Text => shared_secret(pointer, text),
    }
}

pub(super) fn certificate_pinset(
    section: &str,
    text: Option<String>,
) -> Result<Option<Reference>, ConfigError> {
    text.map(|text| {
        whole(
            format!("{section}/certificatePinset"),
            &text,
            Collection::CertificatePinsets,
        )
    })
    .transpose()
}

/// A reference to a whole secret.
pub(super) fn whole(
    pointer: impl Display,
    text: &str,
    expected: Collection,
) -> Result<Reference, ConfigError> {
    let reference: Reference = text
        .parse()
        .map_err(|error| ConfigError::at(&pointer, Fault::Reference(error)))?;
    expect(&pointer, &reference, expected)?;
    if reference.field.is_some() {
        return Err(ConfigError::at(pointer, Fault::Field));
    }
    Ok(reference)
}

pub(super) fn expect(
    pointer: impl Display,
    reference: &Reference,
    expected: Collection,
) -> Result<(), ConfigError> {
    let found = reference.collection;
    if found == expected {
        Ok(())
    } else {
        Err(ConfigError::at(
            pointer,
            Fault::Collection { expected, found },
        ))
    }
}

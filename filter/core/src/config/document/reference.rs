//! References of the document, each to the kind of secret that belongs in its place.

use std::fmt::Display;

use sallyport_model::{Collection, Reference};

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

//! Names of SDS resources: a reference, and what of it is wanted in place of a field.
//!
//! ```text
//! secret://<group>/tlsContexts/<context>#certificate
//! secret://<group>/sharedSecrets/<secret>#password
//! ```

use std::str::FromStr;

use sallyport_model::{Collection, Field, Reference, ReferenceError};
use thiserror::Error;

use super::super::locate::Purpose;

/// What there is under a name.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ResourceName {
    /// The secret, without a field.
    pub(super) reference: Reference,
    /// What of it.
    pub(super) part: Part,
}

/// What of a secret is served.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Part {
    /// `#certificate`: keystore of a TLS context.
    Certificate,
    /// `#validation`, `#partialValidation`: how a TLS context verifies a peer.
    Validation(Strength),
    /// `#generic`, or the name of a field: a value of a shared secret.
    Value(Option<Field>),
    /// `#sessionTicketKeys`: a symmetric key.
    SessionTicketKeys,
}

/// How a validation context compares with the TLS context it is made of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(super) enum Strength {
    /// Both let the same peers pass. What Envoy cannot be told is refused.
    #[default]
    Whole,
    /// It lets all peers of the TLS context pass, and perhaps more: a filter refuses those.
    Partial,
}

/// Why a name stands for nothing.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ResourceNameError {
    /// It is no reference.
    #[error(transparent)]
    Reference(#[from] ReferenceError),
    /// It does not say what is wanted.
    #[error(
        "the name of a resource ends with #certificate, #validation or #partialValidation of a TLS \
         context, #sessionTicketKeys, #generic or a field of a shared secret"
    )]
    Part,
    /// Such a part is not of this collection.
    #[error("{collection} have no #{part}")]
    Collection {
        /// Named by the reference.
        collection: Collection,
        /// Wanted of it.
        part: String,
    },
}

impl ResourceName {
    pub(super) const fn purpose(&self) -> Purpose {
        match self.part {
            Part::Certificate => Purpose::Identity,
            Part::Validation(_) => Purpose::Validation,
            Part::Value(_) | Part::SessionTicketKeys => Purpose::Value,
        }
    }
}

impl FromStr for ResourceName {
    type Err = ResourceNameError;

    fn from_str(text: &str) -> Result<Self, ResourceNameError> {
        let mut reference: Reference = text.parse()?;
        let field = reference.field.take().ok_or(ResourceNameError::Part)?;
        let word = field.as_str().to_owned();
        let (collection, part) = match word.as_str() {
            "certificate" => (Collection::TlsContexts, Part::Certificate),
            "validation" => (
                Collection::TlsContexts,
                Part::Validation(Strength::default()),
            ),
            "partialValidation" => (Collection::TlsContexts, Part::Validation(Strength::Partial)),
            "generic" => (Collection::SharedSecrets, Part::Value(None)),
            "sessionTicketKeys" => (Collection::SharedSecrets, Part::SessionTicketKeys),
            _ => (Collection::SharedSecrets, Part::Value(Some(field))),
        };
        if reference.collection != collection {
            return Err(ResourceNameError::Collection {
                collection: reference.collection,
                part: word,
            });
        }
        Ok(Self { reference, part })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(text: &str) -> Result<ResourceName, ResourceNameError> {
        text.parse()
    }

    #[test]
    fn a_name_is_a_reference_with_what_is_wanted_of_it() {
        for (text, part) in [
            ("secret://pay/tlsContexts/in#certificate", Part::Certificate),
            (
                "secret://pay/tlsContexts/in#validation@3",
                Part::Validation(Strength::Whole),
            ),
            (
                "secret://pay/tlsContexts/in#partialValidation",
                Part::Validation(Strength::Partial),
            ),
            ("secret://pay/sharedSecrets/s#generic", Part::Value(None)),
            (
                "secret://pay/sharedSecrets/s#password",
                Part::Value(Some("password".parse().unwrap())),
            ),
            (
                "secret://pay/sharedSecrets/s#sessionTicketKeys",
                Part::SessionTicketKeys,
            ),
        ] {
            let name = name(text).unwrap();
            assert_eq!(name.part, part, "{text}");
            assert_eq!(name.reference.field, None, "{text}");
        }
    }

    #[test]
    fn what_is_not_exactly_a_name_is_refused_with_the_reason() {
        for (text, reason) in [
            ("default", "starts with secret://"),
            ("secret://pay/tlsContexts/in", "ends with #certificate"),
            ("secret://pay/tlsContexts/in#", "letters and digits"),
            (
                "secret://pay/tlsContexts/in#key",
                "tlsContexts have no #key",
            ),
            (
                "secret://pay/keystores/in#certificate",
                "keystores have no #certificate",
            ),
            (
                "secret://pay/sharedSecrets/in#validation",
                "sharedSecrets have no #validation",
            ),
            (
                "secret://pay/tlsContexts/in#Validation",
                "tlsContexts have no #Validation",
            ),
        ] {
            let error = name(text).unwrap_err().to_string();
            assert!(error.contains(reason), "{text}: {error}");
        }
    }
}

//! What a grant is narrowed to: a kind of secrets, or one secret.

use std::str::FromStr;

use sallyport_model::{Collection, GroupPath, Reference, Selector};
use thiserror::Error;

use crate::error::Error;

/// A kind of secrets or a secret, as it is typed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Only {
    /// `keystores`
    Kind(Collection),
    /// `keystores/inbound`
    Secret(GroupPath),
    /// `secret://payments/keystores/inbound`
    Reference(Box<Reference>),
}

/// A text that is neither.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error(
    "a kind of secrets (sharedSecrets, certificates, keystores, truststores, certificatePinsets, \
     crlDistributorConfigs, tlsContexts), <kind>/<name or id>, or a reference without field and version"
)]
pub(crate) struct OnlyError;

impl FromStr for Only {
    type Err = OnlyError;

    fn from_str(text: &str) -> Result<Self, OnlyError> {
        if let Ok(kind) = text.parse() {
            return Ok(Self::Kind(kind));
        }
        if let Ok(path) = text.parse() {
            return Ok(Self::Secret(path));
        }
        let reference: Reference = text.parse().map_err(|_| OnlyError)?;
        match (&reference.field, &reference.version) {
            (None, None) => Ok(Self::Reference(Box::new(reference))),
            _ => Err(OnlyError),
        }
    }
}

impl Only {
    /// How the vault is told, for a group by name or id; `None` for all of it.
    pub(crate) fn within(group: &str, only: Vec<Self>) -> Result<Option<Vec<String>>, Error> {
        let texts = only.into_iter().map(|only| match only {
            Self::Kind(kind) => Ok(kind.to_string()),
            Self::Secret(path) => Ok(path.to_string()),
            Self::Reference(reference) => of_group(group, *reference),
        });
        let texts = texts.collect::<Result<Vec<_>, _>>()?;
        Ok((!texts.is_empty()).then_some(texts))
    }
}

fn of_group(group: &str, reference: Reference) -> Result<String, Error> {
    let named = match &reference.group {
        Selector::Name(name) => name.as_str() == group,
        Selector::Id(id) => id.to_string() == group,
    };
    if !named {
        return Err(Error::OtherGroup {
            reference: reference.to_string(),
            group: group.to_owned(),
        });
    }
    let path = GroupPath {
        collection: reference.collection,
        secret: reference.secret,
    };
    Ok(path.to_string())
}

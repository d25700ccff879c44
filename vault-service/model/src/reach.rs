//! How far a grant reaches: all of its group, or only kinds of secrets and single ones.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use thiserror::Error;

use crate::collection::Collection;
use crate::id::SecretId;

/// How far a grant reaches.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reach {
    /// All secrets of the group, also those that are made later.
    Group,
    /// Only these; nothing if there are none.
    Only(Arc<BTreeSet<GrantLimit>>),
}

/// A kind of secrets, or a single one: `keystores`, or `keystores/<id>`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum GrantLimit {
    /// All secrets of the kind.
    Collection(Collection),
    /// One secret, whatever it is called.
    Secret(Collection, SecretId),
}

/// A text that is no limit. It is not repeated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("is <collection>, or <collection>/<id>")]
pub struct GrantLimitError;

impl Reach {
    /// Most kinds and secrets of one grant.
    pub const MOST: usize = 1_000;

    /// Whether it reaches a secret of a kind; `None` is one that is not there.
    pub fn includes(&self, collection: Collection, secret: Option<SecretId>) -> bool {
        let Self::Only(limits) = self else {
            return true;
        };
        limits.contains(&GrantLimit::Collection(collection))
            || secret.is_some_and(|id| limits.contains(&GrantLimit::Secret(collection, id)))
    }

    /// The limits, if there are any.
    pub fn limits(&self) -> Option<&BTreeSet<GrantLimit>> {
        match self {
            Self::Group => None,
            Self::Only(limits) => Some(limits),
        }
    }
}

impl FromIterator<GrantLimit> for Reach {
    fn from_iter<I: IntoIterator<Item = GrantLimit>>(limits: I) -> Self {
        Self::Only(Arc::new(limits.into_iter().collect()))
    }
}

impl FromStr for GrantLimit {
    type Err = GrantLimitError;

    fn from_str(text: &str) -> Result<Self, GrantLimitError> {
        let (collection, secret) = match text.split_once('/') {
            Some((collection, secret)) => (collection, Some(secret)),
            None => (text, None),
        };
        let collection = collection.parse().map_err(|_| GrantLimitError)?;
        Ok(match secret {
            None => Self::Collection(collection),
            Some(id) => Self::Secret(collection, id.parse().map_err(|_| GrantLimitError)?),
        })
    }
}

impl fmt::Display for GrantLimit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Collection(collection) => collection.fmt(f),
            Self::Secret(collection, id) => write!(f, "{collection}/{id}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    #[test]
    fn a_grant_reaches_what_its_limits_name_and_nothing_else() {
        let [named, other] = [1, 2].map(|number| SecretId::new(Uuid::from_u128(number)));
        let reach: Reach = [
            GrantLimit::Collection(Collection::Truststores),
            GrantLimit::Secret(Collection::TlsContexts, named),
        ]
        .into_iter()
        .collect();
        for (collection, secret, included) in [
            (Collection::Truststores, Some(other), true),
            (Collection::Truststores, None, true),
            (Collection::TlsContexts, Some(named), true),
            (Collection::TlsContexts, Some(other), false),
            (Collection::TlsContexts, None, false),
            (Collection::Keystores, Some(named), false),
        ] {
            assert_eq!(reach.includes(collection, secret), included, "{collection}");
        }
        let nothing: Reach = [].into_iter().collect();
        assert!(!nothing.includes(Collection::Truststores, Some(named)));
        assert!(Reach::Group.includes(Collection::Keystores, None));
    }

    #[test]
    fn limits_are_written_as_they_read_and_anything_else_is_refused() {
        for text in [
            "keystores",
            "tlsContexts/0a3d6c52-7f3a-4a54-8f42-9f5d1d9be4a1",
        ] {
            assert_eq!(text.parse::<GrantLimit>().unwrap().to_string(), text);
        }
        for text in [
            "",
            "keystore",
            "keystores/",
            "keystores/inbound",
            "/keystores",
            "*",
        ] {
            assert_eq!(text.parse::<GrantLimit>(), Err(GrantLimitError), "{text}");
        }
    }
}

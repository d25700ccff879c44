//! References inside a secret group, as bodies of requests hold them.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::collection::Collection;
use crate::id::SecretId;
use crate::name::SecretName;
use crate::reference::{Selector, decode, encode, parse_selector};

/// A reference to a secret of the same group: the API's object `{ "path": "keystores/<id>" }`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SecretPath {
    /// Collection and secret.
    pub path: GroupPath,
}

/// A path relative to its group: `<collection>/<id>`, or `<collection>/<name>` with the name
/// percent-encoded as in references.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct GroupPath {
    /// The kind of secret.
    pub collection: Collection,
    /// The secret.
    pub secret: Selector<SecretName, SecretId>,
}

/// A text that is no path inside a group. It is not repeated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("is <collection>/<id>, or <collection>/<name> with the name percent-encoded")]
pub struct GroupPathError;

impl SecretPath {
    /// The path of a secret, by id.
    pub const fn of(collection: Collection, id: SecretId) -> Self {
        Self {
            path: GroupPath {
                collection,
                secret: Selector::Id(id),
            },
        }
    }
}

impl FromStr for GroupPath {
    type Err = GroupPathError;

    fn from_str(text: &str) -> Result<Self, GroupPathError> {
        let (collection, secret) = text.split_once('/').ok_or(GroupPathError)?;
        let secret = decode(secret).map_err(|_| GroupPathError)?;
        Ok(Self {
            collection: collection.parse().map_err(|_| GroupPathError)?,
            secret: parse_selector(&secret).map_err(|_| GroupPathError)?,
        })
    }
}

impl fmt::Display for GroupPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/", self.collection)?;
        match &self.secret {
            Selector::Name(name) => encode(name.as_str(), f),
            Selector::Id(id) => id.fmt(f),
        }
    }
}

impl TryFrom<String> for GroupPath {
    type Error = GroupPathError;

    fn try_from(text: String) -> Result<Self, GroupPathError> {
        text.parse()
    }
}

impl From<GroupPath> for String {
    fn from(path: GroupPath) -> Self {
        path.to_string()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_secret_is_named_by_id_or_by_name() {
        let id = "0a3d6c52-7f3a-4a54-8f42-9f5d1d9be4a1";
        let path: GroupPath = format!("keystores/{id}").parse().unwrap();
        assert_eq!(path.collection, Collection::Keystores);
        assert_eq!(path.secret, Selector::Id(id.parse().unwrap()));
        let path: GroupPath = "truststores/partner%20CAs".parse().unwrap();
        assert_eq!(path.secret, Selector::Name("partner CAs".parse().unwrap()));
        assert_eq!(path.to_string(), "truststores/partner%20CAs");
    }

    #[test]
    fn anything_else_is_refused() {
        for text in [
            "",
            "keystores",
            "keystores/",
            "keystore/x",
            "/keystores/x",
            "keystores/a/b",
            "keystores/a b",
            "keystores/%zz",
            "keystores/%20x",
            "keystores/%ff",
        ] {
            assert_eq!(text.parse::<GroupPath>(), Err(GroupPathError), "{text}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_reads_the_same(name in "[^\\p{C}\\s]{1,40}") {
            let name: SecretName = name.parse().unwrap();
            let path = GroupPath { collection: Collection::Certificates, secret: Selector::Name(name) };
            prop_assert_eq!(path.to_string().parse::<GroupPath>().unwrap(), path);
        }

        #[test]
        fn no_text_makes_it_panic(text in ".{0,200}") {
            let _ = text.parse::<GroupPath>();
        }
    }
}

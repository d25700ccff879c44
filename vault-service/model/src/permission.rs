//! What people and programs may do in an environment, or in all of an organization.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// A permission. The words are Anypoint's OAuth scopes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Permission {
    /// Make, change, delete and clone groups, read metadata, manage grants.
    #[serde(rename = "manage:secret_groups")]
    ManageSecretGroups,
    /// Create, replace, change and delete secrets. Not to see them.
    #[serde(rename = "manage:secrets")]
    ManageSecrets,
    /// List and show metadata.
    #[serde(rename = "read:secrets_metadata")]
    ReadSecretsMetadata,
    /// List and show metadata, and grant reading.
    #[serde(rename = "read:secrets")]
    ReadSecrets,
}

/// A word that names no permission.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error(
    "unknown permission {0:?}; there are: manage:secret_groups, manage:secrets, \
     read:secrets_metadata, read:secrets"
)]
pub struct PermissionError(pub String);

impl Permission {
    /// All of them.
    pub const ALL: [Self; 4] = [
        Self::ManageSecretGroups,
        Self::ManageSecrets,
        Self::ReadSecretsMetadata,
        Self::ReadSecrets,
    ];

    /// The word in the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ManageSecretGroups => "manage:secret_groups",
            Self::ManageSecrets => "manage:secrets",
            Self::ReadSecretsMetadata => "read:secrets_metadata",
            Self::ReadSecrets => "read:secrets",
        }
    }
}

impl fmt::Display for Permission {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Permission {
    type Err = PermissionError;

    fn from_str(text: &str) -> Result<Self, PermissionError> {
        Self::ALL
            .into_iter()
            .find(|permission| permission.as_str() == text)
            .ok_or_else(|| PermissionError(text.chars().take(40).collect()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_permission_has_one_word_in_text_and_json() {
        for permission in Permission::ALL {
            let word = permission.as_str();
            assert_eq!(word.parse(), Ok(permission));
            assert_eq!(
                serde_json::to_value(permission).unwrap(),
                serde_json::json!(word)
            );
        }
        for word in ["", "read", "READ:SECRETS", "read:secrets ", "admin"] {
            assert!(word.parse::<Permission>().is_err(), "{word:?}");
        }
    }
}

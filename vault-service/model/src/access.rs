//! What a grant allows.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// What an actor may do in a secret group. Each includes nothing but itself: a writer cannot read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Access {
    /// Gateways: receive values. People and apps: read metadata.
    Read,
    /// Create and replace secrets.
    Write,
    /// Change or delete the group, and grant access to it.
    Manage,
}

/// A word that names no access.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("unknown access {0:?}; there are: read, write, manage")]
pub struct AccessError(pub String);

impl Access {
    /// The word in the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Write => "write",
            Self::Manage => "manage",
        }
    }
}

impl fmt::Display for Access {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Access {
    type Err = AccessError;

    fn from_str(text: &str) -> Result<Self, AccessError> {
        [Self::Read, Self::Write, Self::Manage]
            .into_iter()
            .find(|access| access.as_str() == text)
            .ok_or_else(|| AccessError(text.chars().take(40).collect()))
    }
}

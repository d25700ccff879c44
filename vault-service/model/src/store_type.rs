//! File formats of keystores, truststores and certificates.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// The `type` of a keystore, truststore or certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum StoreType {
    /// Text files (RFC 7468).
    Pem,
    /// Java's first keystore.
    Jks,
    /// Java's second keystore.
    Jceks,
    /// RFC 7292.
    Pkcs12,
}

/// A word that is no store type.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("is PEM, JKS, JCEKS or PKCS12")]
pub struct UnknownStoreType;

impl StoreType {
    /// The word in the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pem => "PEM",
            Self::Jks => "JKS",
            Self::Jceks => "JCEKS",
            Self::Pkcs12 => "PKCS12",
        }
    }
}

impl FromStr for StoreType {
    type Err = UnknownStoreType;

    fn from_str(text: &str) -> Result<Self, UnknownStoreType> {
        [Self::Pem, Self::Jks, Self::Jceks, Self::Pkcs12]
            .into_iter()
            .find(|store| store.as_str() == text)
            .ok_or(UnknownStoreType)
    }
}

impl fmt::Display for StoreType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

//! Collections: the plurals under which the API and references name the kinds of secrets.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// A kind of secret, spelled as in API paths and references.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Collection {
    /// User name and password, symmetric key, S3 credential, blob.
    SharedSecrets,
    /// Single certificates.
    Certificates,
    /// Certificate chain and private key.
    Keystores,
    /// Certificates that are trusted.
    Truststores,
    /// Certificates a peer must present one of.
    CertificatePinsets,
    /// Where revocation lists come from.
    CrlDistributorConfigs,
    /// Versions, ciphers, mutual authentication and references to the others.
    TlsContexts,
}

/// A word that names no collection.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error(
    "no such collection {0:?}; there are: sharedSecrets, certificates, keystores, truststores, \
     certificatePinsets, crlDistributorConfigs, tlsContexts"
)]
pub struct UnknownCollection(pub String);

impl Collection {
    /// All collections, in the order of the documentation.
    pub const ALL: [Self; 7] = [
        Self::SharedSecrets,
        Self::Certificates,
        Self::Keystores,
        Self::Truststores,
        Self::CertificatePinsets,
        Self::CrlDistributorConfigs,
        Self::TlsContexts,
    ];

    /// The plural used in paths.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::SharedSecrets => "sharedSecrets",
            Self::Certificates => "certificates",
            Self::Keystores => "keystores",
            Self::Truststores => "truststores",
            Self::CertificatePinsets => "certificatePinsets",
            Self::CrlDistributorConfigs => "crlDistributorConfigs",
            Self::TlsContexts => "tlsContexts",
        }
    }

    /// One of them, for sentences: "no shared secret named ...".
    pub const fn singular(self) -> &'static str {
        match self {
            Self::SharedSecrets => "shared secret",
            Self::Certificates => "certificate",
            Self::Keystores => "keystore",
            Self::Truststores => "truststore",
            Self::CertificatePinsets => "certificate pinset",
            Self::CrlDistributorConfigs => "CRL distributor",
            Self::TlsContexts => "TLS context",
        }
    }
}

impl FromStr for Collection {
    type Err = UnknownCollection;

    fn from_str(text: &str) -> Result<Self, UnknownCollection> {
        Self::ALL
            .into_iter()
            .find(|collection| collection.as_str() == text)
            .ok_or_else(|| UnknownCollection(text.chars().take(40).collect()))
    }
}

impl fmt::Display for Collection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

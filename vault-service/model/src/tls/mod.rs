//! The words of TLS contexts.

mod cipher_suite;
mod fabric_cipher;
mod mutual_authentication;
mod policy_oid;
mod target;
mod verification_settings;
mod versions;

pub use cipher_suite::CipherSuite;
pub use fabric_cipher::{FabricCipherSuite, FabricCipherSuites};
pub use mutual_authentication::{
    AuthenticationOverrides, CertificateChecking, CertificatePinning, MutualAuthentication,
    RevocationMethod,
};
pub use policy_oid::{PolicyOid, PolicyOidError};
pub use target::TlsTarget;
pub use verification_settings::{ListedCertificates, RevocationSettings, VerificationSettings};
pub use versions::AcceptableTlsVersions;

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// A word a TLS context does not know.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("unknown {what} {word:?}; there are: {known}")]
pub struct UnknownTlsWord {
    /// What was expected: "TLS version", "ALPN protocol", "cipher suite".
    pub what: &'static str,
    /// What came, cut at 60 characters.
    pub word: String,
    /// The words there are.
    pub known: Cow<'static, str>,
}

/// A TLS protocol version, ordered from old to new.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum TlsVersion {
    /// RFC 4346.
    #[serde(rename = "TLSv1.1")]
    V1_1,
    /// RFC 5246.
    #[serde(rename = "TLSv1.2")]
    V1_2,
    /// RFC 8446.
    #[serde(rename = "TLSv1.3")]
    V1_3,
}

impl TlsVersion {
    /// The word in the API and in Envoy's `connection.tls_version`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::V1_1 => "TLSv1.1",
            Self::V1_2 => "TLSv1.2",
            Self::V1_3 => "TLSv1.3",
        }
    }
}

/// An application protocol, offered in the TLS handshake (RFC 7301).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum AlpnProtocol {
    /// HTTP/2.
    #[serde(rename = "h2")]
    H2,
    /// HTTP/1.1.
    #[serde(rename = "http/1.1")]
    Http1,
}

impl AlpnProtocol {
    /// The protocol id on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::H2 => "h2",
            Self::Http1 => "http/1.1",
        }
    }
}

/// What a listener does about client certificates (`inboundSettings.enableClientCertValidation`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum ClientCertificatePolicy {
    /// A client without a certificate that reaches the truststore does not pass.
    #[default]
    Require,
    /// One-way TLS: client certificates are not asked for.
    Ignore,
}

/// What is done about the server's certificate (`outboundSettings.skipServerCertValidation`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum ServerCertificatePolicy {
    /// The upstream's certificate must reach the truststore.
    #[default]
    Verify,
    /// Any certificate passes (pins still count).
    Skip,
}

impl FromStr for TlsVersion {
    type Err = UnknownTlsWord;

    fn from_str(text: &str) -> Result<Self, UnknownTlsWord> {
        [Self::V1_1, Self::V1_2, Self::V1_3]
            .into_iter()
            .find(|version| version.as_str() == text)
            .ok_or_else(|| unknown("TLS version", text, "TLSv1.1, TLSv1.2, TLSv1.3"))
    }
}

impl FromStr for AlpnProtocol {
    type Err = UnknownTlsWord;

    fn from_str(text: &str) -> Result<Self, UnknownTlsWord> {
        [Self::H2, Self::Http1]
            .into_iter()
            .find(|protocol| protocol.as_str() == text)
            .ok_or_else(|| unknown("ALPN protocol", text, "h2, http/1.1"))
    }
}

impl fmt::Display for TlsVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Display for AlpnProtocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

fn unknown(what: &'static str, word: &str, known: impl Into<Cow<'static, str>>) -> UnknownTlsWord {
    UnknownTlsWord {
        what,
        word: word.chars().take(60).collect(),
        known: known.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_ordered_from_old_to_new() {
        assert!(TlsVersion::V1_1 < TlsVersion::V1_2 && TlsVersion::V1_2 < TlsVersion::V1_3);
    }
}

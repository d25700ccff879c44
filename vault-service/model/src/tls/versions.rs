//! Versions as a set: how Mule and SecurityFabric contexts name them.

use serde::{Deserialize, Serialize};

use super::TlsVersion;

/// `acceptableTlsVersions` of the API. What is absent is not acceptable.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AcceptableTlsVersions {
    /// TLS 1.1.
    #[serde(rename = "tlsV1Dot1")]
    pub v1_1: bool,
    /// TLS 1.2.
    #[serde(rename = "tlsV1Dot2")]
    pub v1_2: bool,
    /// TLS 1.3.
    #[serde(rename = "tlsV1Dot3")]
    pub v1_3: bool,
}

impl AcceptableTlsVersions {
    /// Whether a version is in the set.
    pub const fn contains(self, version: TlsVersion) -> bool {
        match version {
            TlsVersion::V1_1 => self.v1_1,
            TlsVersion::V1_2 => self.v1_2,
            TlsVersion::V1_3 => self.v1_3,
        }
    }

    /// Whether no version is in the set.
    pub const fn is_empty(self) -> bool {
        !(self.v1_1 || self.v1_2 || self.v1_3)
    }
}

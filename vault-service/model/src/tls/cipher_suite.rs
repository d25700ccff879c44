//! Cipher suites of FlexGateway contexts.

use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::{TlsVersion, UnknownTlsWord, unknown};

/// A cipher suite by its IANA name, one of the 21 that FlexGateway contexts accept. Those of
/// TLS 1.3 are fixed and cannot be chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(into = "&'static str")]
pub struct CipherSuite(&'static str);

impl CipherSuite {
    const FOR_1_2: [&'static str; 9] = [
        "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256",
        "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384",
        "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256",
        "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
        "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384",
        "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256",
        "TLS_ECDHE_PSK_WITH_CHACHA20_POLY1305_SHA256",
        "TLS_RSA_WITH_AES_128_GCM_SHA256",
        "TLS_RSA_WITH_AES_256_GCM_SHA384",
    ];
    const FOR_BOTH: [&'static str; 11] = [
        "TLS_RSA_WITH_AES_128_CBC_SHA",
        "TLS_RSA_WITH_AES_256_CBC_SHA",
        "TLS_PSK_WITH_AES_128_CBC_SHA",
        "TLS_PSK_WITH_AES_256_CBC_SHA",
        "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA",
        "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA",
        "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA",
        "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA",
        "TLS_ECDHE_PSK_WITH_AES_128_CBC_SHA",
        "TLS_ECDHE_PSK_WITH_AES_256_CBC_SHA",
        "TLS_RSA_WITH_NULL_SHA",
    ];
    const FOR_1_1: [&'static str; 1] = ["TLS_RSA_WITH_3DES_EDE_CBC_SHA"];

    /// All 21.
    pub fn all() -> impl Iterator<Item = Self> {
        let names = Self::FOR_1_2.into_iter().chain(Self::FOR_BOTH);
        names.chain(Self::FOR_1_1).map(Self)
    }

    /// The IANA name.
    pub const fn as_str(self) -> &'static str {
        self.0
    }

    /// Whether a handshake of this version can choose it.
    pub fn fits(self, version: TlsVersion) -> bool {
        match version {
            TlsVersion::V1_1 => Self::FOR_BOTH.contains(&self.0) || Self::FOR_1_1.contains(&self.0),
            TlsVersion::V1_2 => Self::FOR_BOTH.contains(&self.0) || Self::FOR_1_2.contains(&self.0),
            TlsVersion::V1_3 => false,
        }
    }
}

impl FromStr for CipherSuite {
    type Err = UnknownTlsWord;

    fn from_str(text: &str) -> Result<Self, UnknownTlsWord> {
        Self::all().find(|known| known.0 == text).ok_or_else(|| {
            let names: Vec<&str> = Self::all().map(Self::as_str).collect();
            unknown("cipher suite", text, names.join(", "))
        })
    }
}

impl From<CipherSuite> for &'static str {
    fn from(suite: CipherSuite) -> Self {
        suite.0
    }
}

impl<'de> Deserialize<'de> for CipherSuite {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cipher_outside_the_list_is_refused_and_named_with_those_there_are() {
        let error = "TLS_AES_128_GCM_SHA256".parse::<CipherSuite>().unwrap_err();
        let error = error.to_string();
        assert!(error.contains("TLS_AES_128_GCM_SHA256"), "{error}");
        for known in CipherSuite::all() {
            assert!(error.contains(known.as_str()), "{error}");
        }
    }

    #[test]
    fn suites_fit_the_versions_that_can_choose_them() {
        for (suite, for_1_1, for_1_2) in [
            ("TLS_RSA_WITH_3DES_EDE_CBC_SHA", true, false),
            ("TLS_RSA_WITH_NULL_SHA", true, true),
            ("TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA", true, true),
            ("TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384", false, true),
        ] {
            let suite: CipherSuite = suite.parse().unwrap();
            let fits = [TlsVersion::V1_1, TlsVersion::V1_2, TlsVersion::V1_3]
                .map(|version| suite.fits(version));
            assert_eq!(fits, [for_1_1, for_1_2, false], "{}", suite.as_str());
        }
    }
}

//! Cipher suites of SecurityFabric contexts: an object of booleans.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::TlsVersion;

/// A cipher suite by its key in `acceptableCipherSuites`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(missing_docs, reason = "the names are the documentation")]
pub enum FabricCipherSuite {
    Aes128GcmSha256,
    Aes128Sha256,
    Aes256GcmSha384,
    Aes256Sha256,
    DheRsaAes128GcmSha256,
    DheRsaAes128Sha256,
    DheRsaAes256GcmSha384,
    DheRsaAes256Sha256,
    EcdheEcdsaAes128GcmSha256,
    EcdheEcdsaAes128Sha1,
    EcdheEcdsaAes256GcmSha384,
    EcdheEcdsaAes256Sha1,
    EcdheRsaAes128GcmSha256,
    EcdheRsaAes128Sha1,
    EcdheRsaAes256GcmSha384,
    EcdheRsaAes256Sha1,
    EcdheEcdsaChacha20Poly1305,
    EcdheRsaChacha20Poly1305,
    DheRsaChacha20Poly1305,
    TlsAes256GcmSha384,
    TlsChacha20Poly1305Sha256,
    TlsAes128GcmSha256,
}

impl FabricCipherSuite {
    /// All suites, in the order of the API.
    pub const ALL: [Self; 22] = [
        Self::Aes128GcmSha256,
        Self::Aes128Sha256,
        Self::Aes256GcmSha384,
        Self::Aes256Sha256,
        Self::DheRsaAes128GcmSha256,
        Self::DheRsaAes128Sha256,
        Self::DheRsaAes256GcmSha384,
        Self::DheRsaAes256Sha256,
        Self::EcdheEcdsaAes128GcmSha256,
        Self::EcdheEcdsaAes128Sha1,
        Self::EcdheEcdsaAes256GcmSha384,
        Self::EcdheEcdsaAes256Sha1,
        Self::EcdheRsaAes128GcmSha256,
        Self::EcdheRsaAes128Sha1,
        Self::EcdheRsaAes256GcmSha384,
        Self::EcdheRsaAes256Sha1,
        Self::EcdheEcdsaChacha20Poly1305,
        Self::EcdheRsaChacha20Poly1305,
        Self::DheRsaChacha20Poly1305,
        Self::TlsAes256GcmSha384,
        Self::TlsChacha20Poly1305Sha256,
        Self::TlsAes128GcmSha256,
    ];

    /// Its key in the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Aes128GcmSha256 => "aes128GcmSha256",
            Self::Aes128Sha256 => "aes128Sha256",
            Self::Aes256GcmSha384 => "aes256GcmSha384",
            Self::Aes256Sha256 => "aes256Sha256",
            Self::DheRsaAes128GcmSha256 => "dheRsaAes128GcmSha256",
            Self::DheRsaAes128Sha256 => "dheRsaAes128Sha256",
            Self::DheRsaAes256GcmSha384 => "dheRsaAes256GcmSha384",
            Self::DheRsaAes256Sha256 => "dheRsaAes256Sha256",
            Self::EcdheEcdsaAes128GcmSha256 => "ecdheEcdsaAes128GcmSha256",
            Self::EcdheEcdsaAes128Sha1 => "ecdheEcdsaAes128Sha1",
            Self::EcdheEcdsaAes256GcmSha384 => "ecdheEcdsaAes256GcmSha384",
            Self::EcdheEcdsaAes256Sha1 => "ecdheEcdsaAes256Sha1",
            Self::EcdheRsaAes128GcmSha256 => "ecdheRsaAes128GcmSha256",
            Self::EcdheRsaAes128Sha1 => "ecdheRsaAes128Sha1",
            Self::EcdheRsaAes256GcmSha384 => "ecdheRsaAes256GcmSha384",
            Self::EcdheRsaAes256Sha1 => "ecdheRsaAes256Sha1",
            Self::EcdheEcdsaChacha20Poly1305 => "ecdheEcdsaChacha20Poly1305",
            Self::EcdheRsaChacha20Poly1305 => "ecdheRsaChacha20Poly1305",
            Self::DheRsaChacha20Poly1305 => "dheRsaChacha20Poly1305",
            Self::TlsAes256GcmSha384 => "tlsAes256GcmSha384",
            Self::TlsChacha20Poly1305Sha256 => "tlsChacha20Poly1305Sha256",
            Self::TlsAes128GcmSha256 => "tlsAes128GcmSha256",
        }
    }

    /// The version whose handshakes can choose it.
    pub const fn version(self) -> TlsVersion {
        match self {
            Self::TlsAes256GcmSha384
            | Self::TlsChacha20Poly1305Sha256
            | Self::TlsAes128GcmSha256 => TlsVersion::V1_3,
            _ => TlsVersion::V1_2,
        }
    }
}

/// `acceptableCipherSuites` of the API. What is absent is not acceptable; all keys are written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "BTreeMap<FabricCipherSuite, bool>")]
pub struct FabricCipherSuites(BTreeMap<FabricCipherSuite, bool>);

impl FabricCipherSuites {
    /// The suites that are acceptable.
    pub fn enabled(&self) -> impl Iterator<Item = FabricCipherSuite> + '_ {
        let enabled = self.0.iter().filter(|(_, enabled)| **enabled);
        enabled.map(|(suite, _)| *suite)
    }
}

impl From<BTreeMap<FabricCipherSuite, bool>> for FabricCipherSuites {
    fn from(given: BTreeMap<FabricCipherSuite, bool>) -> Self {
        let all = FabricCipherSuite::ALL.into_iter();
        Self(
            all.map(|suite| (suite, given.get(&suite) == Some(&true)))
                .collect(),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_spelled_as_in_the_api_and_absent_ones_are_off() {
        let suites: FabricCipherSuites =
            serde_json::from_str(r#"{"ecdheEcdsaChacha20Poly1305":true,"aes128Sha256":false}"#)
                .unwrap();
        let enabled: Vec<_> = suites.enabled().collect();
        assert_eq!(enabled, [FabricCipherSuite::EcdheEcdsaChacha20Poly1305]);
        let written = serde_json::to_value(&suites).unwrap();
        let keys = written.as_object().unwrap();
        assert_eq!(keys.len(), 22);
        for key in [
            "aes128GcmSha256",
            "dheRsaAes256Sha256",
            "ecdheEcdsaAes128Sha1",
            "tlsChacha20Poly1305Sha256",
        ] {
            assert_eq!(
                keys.get(key),
                Some(&serde_json::Value::Bool(false)),
                "{key}"
            );
        }
    }

    #[test]
    fn every_suite_is_written_as_it_is_named() {
        for suite in FabricCipherSuite::ALL {
            assert_eq!(serde_json::to_value(suite).unwrap(), suite.as_str());
        }
    }

    #[test]
    fn an_unknown_suite_is_refused() {
        let text = r#"{"rc4Md5":true}"#;
        assert!(serde_json::from_str::<FabricCipherSuites>(text).is_err());
    }
}

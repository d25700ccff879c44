//! A TLS context as the Manager shows it: what of it stands in Envoy's own configuration.

use sallyport_model::{AcceptableTlsVersions, Collection, Reference, TlsVersion};
use serde::Deserialize;
use serde_json::Value;

use crate::arguments::InGroup;
use crate::collection::GroupCollection;
use crate::error::Error;

/// What a handshake by it looks like.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Context {
    /// Oldest and newest version.
    pub(super) versions: (TlsVersion, TlsVersion),
    /// IANA names for TLS 1.2 and older; `None` if the context leaves them to Envoy.
    pub(super) suites: Option<Vec<String>>,
    /// Application protocols; `None` if the context leaves them to Envoy.
    pub(super) alpn: Option<Vec<String>>,
    /// Whether clients must show a certificate.
    pub(super) requires_client_certificate: bool,
    /// Whether servers are verified.
    pub(super) verifies_servers: bool,
    /// Whether it has a certificate to show.
    pub(super) has_keystore: bool,
    /// Whether it trusts anybody.
    pub(super) has_truststore: bool,
}

/// The fields of all targets.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Shown {
    min_tls_version: Option<TlsVersion>,
    max_tls_version: Option<TlsVersion>,
    acceptable_tls_versions: Option<AcceptableTlsVersions>,
    cipher_suites: Option<Vec<String>>,
    alpn_protocols: Option<Vec<String>>,
    #[serde(default)]
    inbound_settings: Inbound,
    #[serde(default)]
    outbound_settings: Outbound,
    insecure: Option<bool>,
    enable_mutual_authentication: Option<bool>,
    keystore: Option<Value>,
    truststore: Option<Value>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Inbound {
    enable_client_cert_validation: bool,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Outbound {
    skip_server_cert_validation: bool,
}

impl Context {
    /// Asks the Manager, which shows metadata and no more.
    pub(super) fn fetch(reference: &Reference) -> Result<Self, Error> {
        let at = InGroup {
            group: reference.group.to_string(),
        };
        let mut place = GroupCollection::open(&at, Collection::TlsContexts)?;
        let id = place.find(&reference.secret.to_string())?;
        let path = place.item(id);
        let shown = place.session.client.get(&path)?;
        Self::read(&shown).ok_or_else(|| Error::Nonsense {
            method: "GET".to_owned(),
            path,
            reason: "it shows no TLS context".to_owned(),
        })
    }

    /// `None` if versions are missing.
    pub(super) fn read(shown: &Value) -> Option<Self> {
        let shown = Shown::deserialize(shown).ok()?;
        let range = shown.min_tls_version.zip(shown.max_tls_version);
        let set = shown.acceptable_tls_versions;
        let insecure = shown.insecure.unwrap_or(false);
        let has_truststore = shown.truststore.is_some();
        let is_mule = shown.insecure.is_some();
        Some(Self {
            versions: range.or_else(|| set?.range())?,
            // Java's names and those of the Runtime Fabric are informative.
            suites: range.and(shown.cipher_suites).filter(|it| !it.is_empty()),
            alpn: shown.alpn_protocols.filter(|it| !it.is_empty()),
            requires_client_certificate: shown.inbound_settings.enable_client_cert_validation
                || shown.enable_mutual_authentication == Some(true)
                || (is_mule && !insecure && has_truststore),
            verifies_servers: !insecure && !shown.outbound_settings.skip_server_cert_validation,
            has_keystore: shown.keystore.is_some(),
            has_truststore,
        })
    }
}

/// A version as Envoy writes it.
pub(super) const fn envoy_version(version: TlsVersion) -> &'static str {
    match version {
        TlsVersion::V1_1 => "TLSv1_1",
        TlsVersion::V1_2 => "TLSv1_2",
        TlsVersion::V1_3 => "TLSv1_3",
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(shown: Value) -> Context {
        Context::read(&shown).unwrap()
    }

    #[test]
    fn contexts_of_every_target_read() {
        let flex = read(json!({
            "target": "FlexGateway", "minTlsVersion": "TLSv1.2", "maxTlsVersion": "TLSv1.3",
            "alpnProtocols": ["h2"], "cipherSuites": ["TLS_RSA_WITH_AES_128_GCM_SHA256"],
            "inboundSettings": {"enableClientCertValidation": true},
            "outboundSettings": {"skipServerCertValidation": true},
            "keystore": {"path": "keystores/x"},
        }));
        assert_eq!(flex.versions, (TlsVersion::V1_2, TlsVersion::V1_3));
        assert!(flex.requires_client_certificate && !flex.verifies_servers);
        assert!(flex.has_keystore && !flex.has_truststore);
        assert_eq!(flex.suites.unwrap().len(), 1);

        let mule = |insecure: bool| {
            read(json!({
                "target": "Mule", "acceptableTlsVersions": {"tlsV1Dot2": true},
                "cipherSuites": ["JAVA"], "insecure": insecure,
                "truststore": {"path": "truststores/x"},
            }))
        };
        assert!(mule(false).requires_client_certificate && mule(false).verifies_servers);
        assert!(!mule(true).requires_client_certificate && !mule(true).verifies_servers);
        assert_eq!(mule(false).suites, None);

        let fabric = read(json!({
            "target": "SecurityFabric", "enableMutualAuthentication": true,
            "acceptableTlsVersions": {"tlsV1Dot1": true, "tlsV1Dot3": true},
        }));
        assert_eq!(fabric.versions, (TlsVersion::V1_1, TlsVersion::V1_3));
        assert!(fabric.requires_client_certificate && fabric.verifies_servers);
        assert_eq!(Context::read(&json!({"target": "Mule"})), None);
    }
}

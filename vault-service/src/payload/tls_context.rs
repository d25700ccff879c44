//! TLS contexts, one form per target. What they refer to stays a reference, so that a new truststore
//! needs no new context.

use sallyport_model::{
    AcceptableTlsVersions, AlpnProtocol, CipherSuite, ClientCertificatePolicy, FabricCipherSuites,
    MutualAuthentication, SecretId, ServerCertificatePolicy, TlsVersion, VerificationSettings,
};
use serde::{Deserialize, Serialize};

/// Target FlexGateway.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct FlexGatewayPayload {
    /// Oldest version allowed.
    pub min_version: TlsVersion,
    /// Newest version allowed.
    pub max_version: TlsVersion,
    /// Cipher suites for TLS 1.2 and older, most preferred first.
    pub cipher_suites: Vec<CipherSuite>,
    /// Application protocols, most preferred first.
    pub alpn_protocols: Vec<AlpnProtocol>,
    /// Whether clients must show a certificate.
    pub client_certificate: ClientCertificatePolicy,
    /// Whether upstream certificates are verified.
    pub server_certificate: ServerCertificatePolicy,
    /// Keystore of the same group.
    pub keystore: Option<SecretId>,
    /// Truststore of the same group.
    pub truststore: Option<SecretId>,
    /// What is asked of peers' certificates besides. Contexts of the first releases have none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verification: Option<VerificationSettings>,
}

/// Target Mule.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct MulePayload {
    /// Versions allowed.
    pub versions: AcceptableTlsVersions,
    /// Names of cipher suites as Java knows them, most preferred first; empty for Java's own choice.
    pub cipher_suites: Vec<String>,
    /// Whether certificates of peers are verified.
    pub server_certificate: ServerCertificatePolicy,
    /// Keystore of the same group.
    pub keystore: Option<SecretId>,
    /// Truststore of the same group.
    pub truststore: Option<SecretId>,
}

/// Target SecurityFabric.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SecurityFabricPayload {
    /// Versions allowed.
    pub versions: AcceptableTlsVersions,
    /// Cipher suites allowed.
    pub cipher_suites: FabricCipherSuites,
    /// Whether clients must show a certificate.
    pub client_certificate: ClientCertificatePolicy,
    /// How that certificate is checked.
    pub mutual_authentication: MutualAuthentication,
    /// Keystore of the same group.
    pub keystore: Option<SecretId>,
    /// Truststore of the same group.
    pub truststore: Option<SecretId>,
}

//! What the Provider hands to a gateway, prepared: parsed, checked and reduced to what is needed to
//! decide. Private keys are never in it.

use serde::{Deserialize, Serialize};

use crate::der::Der;
use crate::pinset::PinsetMaterial;
use crate::shared_secret::SharedSecret;
use crate::tls::{
    AcceptableTlsVersions, AlpnProtocol, CipherSuite, ClientCertificatePolicy,
    ServerCertificatePolicy, TlsVersion,
};
use crate::verification::VerificationMaterial;

/// Material of one reference. `S` is the type of secret text, as in [`SharedSecret`].
///
/// The enum is externally tagged on purpose: serde reads other taggings through a buffer of its own,
/// which would leave copies of secrets behind.
#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Material<S> {
    /// A whole shared secret.
    SharedSecret(SharedSecret<S>),
    /// One field of a shared secret (`#field`).
    Field(S),
    /// Trust anchors.
    Truststore(TruststoreMaterial),
    /// Pins.
    CertificatePinset(PinsetMaterial),
    /// A TLS context with its truststore.
    TlsContext(TlsContextMaterial),
}

/// Who is trusted. A truststore of anchors only is written as it was before there were pinned
/// leaves, so that older filters still read it; one with leaves they refuse.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct TruststoreMaterial {
    /// DER certificates of CAs.
    pub anchors: Vec<Der>,
    /// DER certificates of leaves, each trusted for itself alone, byte for byte.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub pinned: Vec<Der>,
}

/// A TLS context as a policy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct TlsContextMaterial {
    /// Oldest version allowed.
    pub min_version: TlsVersion,
    /// Newest version allowed.
    pub max_version: TlsVersion,
    /// The versions allowed, where some between the oldest and the newest is not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub versions: Option<AcceptableTlsVersions>,
    /// Cipher suites for TLS 1.2 and older, most preferred first. Envoy chooses them: a filter is
    /// not shown any.
    pub cipher_suites: Vec<CipherSuite>,
    /// Application protocols, most preferred first. Envoy chooses them too.
    pub alpn_protocols: Vec<AlpnProtocol>,
    /// Downstream: whether a client certificate is required.
    pub client_certificate: ClientCertificatePolicy,
    /// Upstream: whether the server's certificate is verified.
    pub server_certificate: ServerCertificatePolicy,
    /// The context's truststore, where it has one.
    pub truststore: Option<TruststoreMaterial>,
    /// What is asked of a peer's certificate beyond that.
    #[serde(default, skip_serializing_if = "VerificationMaterial::is_default")]
    pub verification: Box<VerificationMaterial>,
}

//! What is inside an envelope: our own form of each kind, never the uploaded file.

use sallyport_model::{
    AlpnProtocol, CipherSuite, ClientCertificatePolicy, Der, PinsetMaterial, SecretId,
    SecretString, ServerCertificatePolicy, SharedSecret, TlsVersion, TruststoreMaterial,
};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::exposed::{Exposed, to_json};

/// The payload of one version; secret text is of type `S`.
#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Payload<S> {
    /// A shared secret.
    SharedSecret(SharedSecret<S>),
    /// A keystore.
    Keystore(KeystorePayload<S>),
    /// A truststore.
    Truststore(TruststoreMaterial),
    /// A certificate pinset.
    CertificatePinset(PinsetMaterial),
    /// A TLS context.
    TlsContext(TlsContextPayload),
}

/// A private key and its certificates.
#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct KeystorePayload<S> {
    /// PKCS#8 DER in base64, not encrypted: the envelope is what protects it.
    pub private_key: S,
    /// The certificate of the key, then its CA path.
    pub certificates: Vec<Der>,
}

/// A TLS context; what it refers to stays a reference, so that a new truststore needs no new context.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct TlsContextPayload {
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
}

impl Payload<SecretString> {
    /// The bytes to seal.
    pub fn encode(self) -> Result<Zeroizing<Vec<u8>>, serde_json::Error> {
        let exposed = match self {
            Self::SharedSecret(secret) => Payload::SharedSecret(secret.map(Exposed)),
            Self::Keystore(KeystorePayload {
                private_key,
                certificates,
            }) => Payload::Keystore(KeystorePayload {
                private_key: Exposed(private_key),
                certificates,
            }),
            Self::Truststore(truststore) => Payload::Truststore(truststore),
            Self::CertificatePinset(pinset) => Payload::CertificatePinset(pinset),
            Self::TlsContext(context) => Payload::TlsContext(context),
        };
        to_json(&exposed)
    }

    /// Reads opened bytes.
    pub fn decode(bytes: &[u8]) -> Result<Self, serde_json::Error> {
        serde_json::from_slice(bytes)
    }
}

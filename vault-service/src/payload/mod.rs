//! What is inside an envelope: our own form of each kind, never the uploaded file.
//!
//! Payloads are never rewritten, so every form that was ever stored stays readable: fields are only
//! added with a default, kinds only as new variants.

mod certificate;
mod crl_distributor;
mod keystore;
mod pinset;
mod tls_context;

use sallyport_model::{SecretString, SharedSecret, TruststoreMaterial, exact_json};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

pub use certificate::CertificatePayload;
pub use crl_distributor::CrlDistributorPayload;
pub use keystore::KeystorePayload;
pub use pinset::PinsetPayload;
pub use tls_context::{FlexGatewayPayload, MulePayload, SecurityFabricPayload};

use crate::exposed::Exposed;

/// The payload of one version; secret text is of type `S`.
#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Payload<S> {
    /// A shared secret.
    SharedSecret(SharedSecret<S>),
    /// A single certificate.
    Certificate(CertificatePayload),
    /// A keystore.
    Keystore(KeystorePayload<S>),
    /// A truststore.
    Truststore(TruststoreMaterial),
    /// A certificate pinset.
    CertificatePinset(PinsetPayload),
    /// A CRL distributor.
    CrlDistributorConfig(CrlDistributorPayload),
    /// A TLS context of target FlexGateway, the only one there was at first.
    TlsContext(FlexGatewayPayload),
    /// A TLS context of target Mule.
    MuleTlsContext(MulePayload),
    /// A TLS context of target SecurityFabric.
    SecurityFabricTlsContext(Box<SecurityFabricPayload>),
}

impl Payload<SecretString> {
    /// The bytes to seal.
    pub fn encode(self) -> Result<Zeroizing<Vec<u8>>, serde_json::Error> {
        let exposed = match self {
            Self::SharedSecret(secret) => Payload::SharedSecret(secret.map(Exposed)),
            Self::Keystore(keystore) => Payload::Keystore(keystore.map(Exposed)),
            Self::Certificate(certificate) => Payload::Certificate(certificate),
            Self::Truststore(truststore) => Payload::Truststore(truststore),
            Self::CertificatePinset(pinset) => Payload::CertificatePinset(pinset),
            Self::CrlDistributorConfig(config) => Payload::CrlDistributorConfig(config),
            Self::TlsContext(context) => Payload::TlsContext(context),
            Self::MuleTlsContext(context) => Payload::MuleTlsContext(context),
            Self::SecurityFabricTlsContext(context) => Payload::SecurityFabricTlsContext(context),
        };
        exact_json(&exposed)
    }

    /// Reads opened bytes.
    pub fn decode(bytes: &[u8]) -> Result<Self, serde_json::Error> {
        serde_json::from_slice(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn payloads_of_the_first_release_are_still_read() {
        for stored in [
            r#"{"sharedSecret":{"usernamePassword":{"username":"u","password":"p"}}}"#,
            r#"{"keystore":{"privateKey":"AAEC","certificates":["AAEC"]}}"#,
            r#"{"truststore":{"anchors":["AAEC"]}}"#,
            r#"{"certificatePinset":{"spkiSha256":["AAEC"]}}"#,
            r#"{"certificatePinset":{"spkiSha256":["AAEC"],"certificateSha256":["AAEC"]}}"#,
            r#"{"tlsContext":{"minVersion":"TLSv1.2","maxVersion":"TLSv1.3","cipherSuites":[],
                "alpnProtocols":["h2"],"clientCertificate":"require","serverCertificate":"verify",
                "keystore":null,"truststore":"0a3d6c52-7f3a-4a54-8f42-9f5d1d9be4a1"}}"#,
        ] {
            assert!(Payload::decode(stored.as_bytes()).is_ok(), "{stored}");
        }
    }
}

//! A private key and its certificates.

use sallyport_model::Der;
use serde::{Deserialize, Serialize};

/// A keystore, whatever the format it came in. Secret text is of type `S`.
#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct KeystorePayload<S> {
    /// PKCS#8 DER in base64, not encrypted: the envelope is what protects it.
    pub private_key: S,
    /// The certificate of the key, then its CA path.
    pub certificates: Vec<Der>,
}

impl<S> KeystorePayload<S> {
    /// The same keystore with its secret part converted.
    pub fn map<T>(self, convert: impl FnOnce(S) -> T) -> KeystorePayload<T> {
        KeystorePayload {
            private_key: convert(self.private_key),
            certificates: self.certificates,
        }
    }
}

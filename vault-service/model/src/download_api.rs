//! The other call of the internal door: `POST /provider/v1/download`, a stored certificate file for a
//! gateway that is not a filter, say a Java service.
//!
//! The answer is the file itself, or a problem document.

use serde::Deserialize;

use crate::id::Scope;
use crate::secret_string::SecretString;

/// Path of the call.
pub const DOWNLOAD_PATH: &str = "/provider/v1/download";

/// Header of an answer: the version of the secret that the file was made of.
pub const VERSION_HEADER: &str = "x-sallyport-version";

/// What a gateway asks.
#[derive(Clone, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct DownloadRequest {
    /// Organization and environment of a short reference; the gateway's own if absent.
    #[serde(default)]
    pub scope: Option<Scope>,
    /// A keystore, truststore or certificate, as text.
    pub reference: String,
    /// The format of the file.
    pub format: DownloadFormat,
    /// What the file is encrypted with. Needed for PKCS#12; without it the key in a PEM file is not
    /// encrypted.
    #[serde(default)]
    pub passphrase: Option<SecretString>,
}

/// The format of a downloaded file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DownloadFormat {
    /// PEM: the private key as PKCS#8, then the certificates.
    Pem,
    /// PKCS#12, which OpenSSL and Java read.
    Pkcs12,
}

impl DownloadFormat {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::Pem, Self::Pkcs12];

    /// The word on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pem => "pem",
            Self::Pkcs12 => "pkcs12",
        }
    }
}

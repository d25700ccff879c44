//! A single certificate.

use sallyport_model::Der;
use serde::{Deserialize, Serialize};

/// A certificate without a key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CertificatePayload {
    /// The certificate.
    pub certificate: Der,
}

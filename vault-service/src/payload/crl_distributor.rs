//! Where revocation lists come from.

use sallyport_model::{CrlRefresh, CrlUrl, SecretId};
use serde::{Deserialize, Serialize};

/// A CRL distributor; certificates stay references.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CrlDistributorPayload {
    /// Where the complete list is.
    pub complete_crl_issuer_url: CrlUrl,
    /// Where the changes since the complete list are.
    pub delta_crl_issuer_url: Option<CrlUrl>,
    /// Minutes between two downloads.
    pub frequency: CrlRefresh,
    /// Certificate that signs the lists.
    pub distributor_certificate: SecretId,
    /// The CA whose revoked certificates are listed, where that is another one.
    pub ca_certificate: Option<SecretId>,
}

//! What monitoring wants to know of a CRL distributor.

use sallyport_model::SecretId;
use sallyport_pki::UnixTime;

/// Where a CRL distributor stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CrlGauge {
    /// The distributor.
    pub distributor: SecretId,
    /// For people: `payments/partner-crl`.
    pub place: String,
    /// When both lists, or the only one, were last fetched or confirmed.
    pub succeeded_at: Option<UnixTime>,
    /// Failures in a row.
    pub failures: u32,
    /// Certificates that newer lists have dropped.
    pub dropped: u64,
}

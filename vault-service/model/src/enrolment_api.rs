//! The wire format for gateways that fetch their certificates by themselves.

use serde::{Deserialize, Serialize};

use crate::id::ActorId;

/// Path of the first certificate, at the public door: `{"token", "csr"}`, without a login.
pub const ENROLMENT_PATH: &str = "/api/v1/gatewayEnrolments";

/// Path of every further certificate, at the internal door: `{"csr"}`, with the certificate before.
pub const RENEWAL_PATH: &str = "/provider/v1/certificate";

/// What is sent for a further certificate.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RenewalRequest {
    /// PKCS#10 certificate signing request, PEM.
    pub csr: String,
}

/// A certificate that was just signed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RenewedCertificate {
    /// The gateway.
    pub id: ActorId,
    /// Its name.
    pub name: String,
    /// SPIFFE id in the certificate.
    pub identity: String,
    /// The certificate, PEM.
    pub certificate: String,
    /// The internal CA, PEM.
    pub ca: String,
    /// When the certificate ends, RFC 3339.
    pub not_after: String,
}

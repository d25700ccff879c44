//! How a SecurityFabric context checks client certificates.

use serde::{Deserialize, Serialize};

use super::PolicyOid;
use crate::secret_path::SecretPath;

/// `mutualAuthentication` of the API, field by field; what is absent has the API's default.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct MutualAuthentication {
    /// Policies of which a path must have one, if policies are checked.
    pub certificate_policies: Vec<PolicyOid>,
    /// How strictly certificates are read.
    pub cert_checking_strength: CertificateChecking,
    /// Most CAs between the peer and the trust anchor, 0 to 9.
    pub verification_depth: u8,
    /// Whether the name in the certificate is compared with the peer's domain.
    pub perform_domain_checking: bool,
    /// Whether [`Self::certificate_policies`] are looked at.
    pub certificate_policy_checking: bool,
    /// RFC 5280 section 6.1.1 (e).
    pub require_initial_explicit_policy: bool,
    /// Whether revocation is checked.
    pub revocation_checking: bool,
    /// How; must be there if revocation is checked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub revocation_checking_method: Option<RevocationMethod>,
    /// Where the lists come from; must be there if they are used.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub crl_distributor_config: Option<SecretPath>,
    /// Whether every CA on the path needs a list.
    pub require_crl_for_all_ca: bool,
    /// Whether the names of the trusted CAs are sent to the client.
    pub send_truststore: bool,
    /// Pins.
    pub certificate_pinning: CertificatePinning,
    /// Failures that are let pass.
    pub authentication_overrides: AuthenticationOverrides,
}

/// `certCheckingStrength`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum CertificateChecking {
    /// By the letter of the standards.
    #[default]
    Strict,
    /// Small deviations pass.
    Lax,
}

/// `revocationCheckingMethod`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum RevocationMethod {
    /// Certificate revocation lists.
    #[serde(rename = "CRL")]
    Crl,
}

/// `certificatePinning`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct CertificatePinning {
    /// Whether the peer must match a pin.
    pub perform_certificate_pinning: bool,
    /// The pins; must be there if they are used.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub certificate_pinset: Option<SecretPath>,
}

/// `authenticationOverrides`: verification failures that are let pass, each false by default.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
#[expect(missing_docs, reason = "the names are the documentation")]
pub struct AuthenticationOverrides {
    pub certificate_bad_format: bool,
    pub certificate_bad_signature: bool,
    pub certificate_not_yet_valid: bool,
    pub certificate_has_expired: bool,
    pub allow_self_signed: bool,
    pub certificate_unresolved: bool,
    pub certificate_untrusted: bool,
    pub invalid_ca: bool,
    pub invalid_purpose: bool,
    pub other: bool,
}

impl MutualAuthentication {
    /// Largest `verificationDepth`.
    pub const MAX_DEPTH: u8 = 9;

    /// Whether a path needs an acceptable policy. RFC 5280 would take a path without any where the
    /// policies are checked but none is required; who lists some means that one has to be there.
    pub const fn checks_policies(&self) -> bool {
        let listed = self.certificate_policy_checking && !self.certificate_policies.is_empty();
        listed || self.require_initial_explicit_policy
    }
}

impl Default for MutualAuthentication {
    fn default() -> Self {
        Self {
            certificate_policies: Vec::new(),
            cert_checking_strength: CertificateChecking::default(),
            verification_depth: 1,
            perform_domain_checking: false,
            certificate_policy_checking: false,
            require_initial_explicit_policy: false,
            revocation_checking: false,
            revocation_checking_method: None,
            crl_distributor_config: None,
            require_crl_for_all_ca: false,
            send_truststore: false,
            certificate_pinning: CertificatePinning::default(),
            authentication_overrides: AuthenticationOverrides::default(),
        }
    }
}

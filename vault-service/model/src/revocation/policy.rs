//! How strictly revocation is looked at, on the wire.

use sallyport_pki::{CheckedCertificates, ExpiredCrl, RevocationPolicy, UnknownStatus};
use serde::{Deserialize, Serialize};

/// How strictly revocation is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RevocationPolicyMaterial {
    /// A certificate that no list is about.
    pub unknown: DenyOrAllow,
    /// A certificate that only expired lists are about.
    pub expired: DenyOrAllow,
    /// Whether the certificates of CAs below the anchor are looked at, too ("CRL for all CAs").
    pub crl_for_all_cas: bool,
}

/// What happens to a peer with such a certificate.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum DenyOrAllow {
    /// The peer is refused.
    #[default]
    Deny,
    /// That does not keep it out.
    Allow,
}

impl From<RevocationPolicy> for RevocationPolicyMaterial {
    fn from(policy: RevocationPolicy) -> Self {
        Self {
            unknown: match policy.unknown {
                UnknownStatus::Deny => DenyOrAllow::Deny,
                UnknownStatus::Allow => DenyOrAllow::Allow,
            },
            expired: match policy.expired {
                ExpiredCrl::Deny => DenyOrAllow::Deny,
                ExpiredCrl::Allow => DenyOrAllow::Allow,
            },
            crl_for_all_cas: policy.certificates == CheckedCertificates::AllBelowAnchor,
        }
    }
}

impl From<RevocationPolicyMaterial> for RevocationPolicy {
    fn from(material: RevocationPolicyMaterial) -> Self {
        Self {
            unknown: match material.unknown {
                DenyOrAllow::Deny => UnknownStatus::Deny,
                DenyOrAllow::Allow => UnknownStatus::Allow,
            },
            expired: match material.expired {
                DenyOrAllow::Deny => ExpiredCrl::Deny,
                DenyOrAllow::Allow => ExpiredCrl::Allow,
            },
            certificates: match material.crl_for_all_cas {
                true => CheckedCertificates::AllBelowAnchor,
                false => CheckedCertificates::PeerOnly,
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn policies_survive_the_wire() {
        let lax = RevocationPolicy {
            unknown: UnknownStatus::Allow,
            expired: ExpiredCrl::Allow,
            certificates: CheckedCertificates::PeerOnly,
        };
        for policy in [RevocationPolicy::default(), lax] {
            let text = serde_json::to_string(&RevocationPolicyMaterial::from(policy)).unwrap();
            let read: RevocationPolicyMaterial = serde_json::from_str(&text).unwrap();
            assert_eq!(RevocationPolicy::from(read), policy);
        }
        let text = r#"{"unknown":"deny","expired":"deny","crlForAllCas":true}"#;
        let read: RevocationPolicyMaterial = serde_json::from_str(text).unwrap();
        assert_eq!(RevocationPolicy::from(read), RevocationPolicy::default());
    }
}

//! What a FlexGateway context may ask of a peer's certificate. Anypoint has no such field: its
//! clients neither send nor miss it.

use serde::{Deserialize, Serialize};

use crate::revocation::{DenyOrAllow, RevocationPolicyMaterial};
use crate::secret_path::SecretPath;
use crate::verification::VerificationProfile;

/// `verification`; what is absent is as if the object were.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct VerificationSettings {
    /// How strictly single certificates are looked at.
    pub profile: VerificationProfile,
    /// Most CAs between the peer and its trust anchor, 0 to 9.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_depth: Option<u8>,
    /// Revocation is not checked without it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub revocation: Option<RevocationSettings>,
}

/// `verification.revocation`: everything has to be known, unless told otherwise.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RevocationSettings {
    /// Where the lists come from.
    pub crl_distributor_config: SecretPath,
    /// A certificate that no list is about.
    #[serde(default)]
    pub unknown: DenyOrAllow,
    /// A certificate that only expired lists are about.
    #[serde(default)]
    pub expired: DenyOrAllow,
    /// Of which certificates that has to be known. A CA that is known to be revoked passes in no
    /// case.
    #[serde(default)]
    pub certificates: ListedCertificates,
}

/// Certificates for which there has to be a list.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum ListedCertificates {
    /// All below the trust anchor.
    #[default]
    All,
    /// The peer's.
    Peer,
}

impl RevocationSettings {
    /// Without where the lists come from.
    pub fn policy(&self) -> RevocationPolicyMaterial {
        RevocationPolicyMaterial {
            unknown: self.unknown,
            expired: self.expired,
            crl_for_all_cas: self.certificates == ListedCertificates::All,
        }
    }
}

impl VerificationSettings {
    /// Largest `maxDepth`.
    pub const MAX_DEPTH: u8 = 9;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_absent_is_strict() {
        let given = r#"{"revocation":{"crlDistributorConfig":{"path":"crlDistributorConfigs/x"}}}"#;
        let settings: VerificationSettings = serde_json::from_str(given).unwrap();
        let text = serde_json::to_string(&settings).unwrap();
        assert_eq!(
            text,
            r#"{"profile":"balanced","revocation":{"crlDistributorConfig":{"path":"crlDistributorConfigs/x"},"unknown":"deny","expired":"deny","certificates":"all"}}"#
        );
        assert!(settings.revocation.unwrap().policy().crl_for_all_cas);
        for refused in [
            r#"{"revocation":{}}"#,
            r#"{"depth":1}"#,
            r#"{"profile":"lax"}"#,
        ] {
            assert!(serde_json::from_str::<VerificationSettings>(refused).is_err());
        }
    }
}

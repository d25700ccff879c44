//! How a peer's certificate is verified, beyond whom the truststore trusts.

use sallyport_pki::{KeyIdentifiers, Profile};
use serde::{Deserialize, Serialize};

use crate::pinset::PinsetMaterial;
use crate::revocation::{DenyOrAllow, RevocationMaterial, RevocationPolicyMaterial};
use crate::tls::PolicyOid;

/// What a TLS context asks of a peer's certificate. The default is what contexts did before there
/// was more, and it is not written, so that older filters still read them; others they refuse.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct VerificationMaterial {
    /// How strictly single certificates are looked at.
    pub profile: VerificationProfile,
    /// Most CAs between the peer and its trust anchor.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_depth: Option<u8>,
    /// Certificate policies of which the path must have one (RFC 5280 section 6.1.1 (c) and (e)); of
    /// an empty list, any.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub policies: Option<Vec<PolicyOid>>,
    /// What is let pass.
    #[serde(skip_serializing_if = "Tolerances::are_none")]
    pub tolerances: Tolerances,
    /// Pins, besides those that a gateway's own configuration names.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pins: Option<PinsetMaterial>,
    /// Whether revocation is checked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub revocation: Option<RevocationCheck>,
}

/// A [`Profile`] by name.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum VerificationProfile {
    /// What RFC 5280 says, no more.
    Rfc5280,
    /// And what private PKIs keep of the CA/Browser Forum's requirements.
    #[default]
    Balanced,
    /// As public web PKIs issue.
    Strict,
}

/// Deviations that do not keep a peer out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct Tolerances {
    /// The peer's certificate has expired: its path is verified as of its last moment.
    pub expired: DenyOrAllow,
    /// The peer's certificate is not valid yet: its path is verified as of its first moment.
    pub not_yet_valid: DenyOrAllow,
    /// The peer's certificate is for the other TLS purpose (clientAuth, serverAuth).
    pub other_purpose: DenyOrAllow,
    /// The peer's certificate is self-signed.
    pub self_signed: SelfSigned,
}

/// What happens to a peer with a self-signed certificate.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum SelfSigned {
    /// It passes if the truststore holds exactly this certificate.
    #[default]
    IfPinned,
    /// It does not pass.
    Refused,
}

/// How revocation is checked, and by which lists.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RevocationCheck {
    /// How strictly.
    pub policy: RevocationPolicyMaterial,
    /// The lists. There may be none yet, and then the status of every certificate is unknown.
    pub lists: RevocationMaterial,
}

impl VerificationMaterial {
    /// Whether it asks for nothing special.
    pub fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

impl Tolerances {
    fn are_none(&self) -> bool {
        *self == Self::default()
    }
}

impl VerificationProfile {
    /// The word in the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Rfc5280 => "rfc5280",
            Self::Balanced => "balanced",
            Self::Strict => "strict",
        }
    }
}

impl From<VerificationProfile> for Profile {
    /// Partners' private PKIs often leave out key identifiers, and nothing is decided by them: only
    /// the strict profile demands them.
    fn from(profile: VerificationProfile) -> Self {
        let base = match profile {
            VerificationProfile::Rfc5280 => Self::RFC5280,
            VerificationProfile::Balanced => Self::BALANCED,
            VerificationProfile::Strict => return Self::STRICT,
        };
        Self {
            key_identifiers: KeyIdentifiers::Optional,
            ..base
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::material::TlsContextMaterial;

    use super::*;

    fn read(json: &str) -> Result<VerificationMaterial, serde_json::Error> {
        serde_json::from_str(json)
    }

    #[test]
    fn the_default_is_not_written_and_what_older_vaults_send_is_the_default() {
        let older = r#"{"minVersion":"TLSv1.2","maxVersion":"TLSv1.3","cipherSuites":[],"alpnProtocols":[],"clientCertificate":"require","serverCertificate":"verify","truststore":null}"#;
        let context: TlsContextMaterial = serde_json::from_str(older).unwrap();
        assert!(context.verification.is_default());
        assert_eq!(serde_json::to_string(&context).unwrap(), older);
    }

    #[test]
    fn every_field_survives_the_wire() {
        let text = r#"{"profile":"strict","maxDepth":2,"policies":["1.2.3"],"tolerances":{"expired":"allow","notYetValid":"allow","otherPurpose":"allow","selfSigned":"refused"},"pins":{"spkiSha256":["AQ=="]},"revocation":{"policy":{"unknown":"deny","expired":"allow","crlForAllCas":false},"lists":{"lists":[]}}}"#;
        let material = read(text).unwrap();
        assert_eq!(serde_json::to_string(&material).unwrap(), text);
        assert_eq!(material.profile, VerificationProfile::Strict);
        assert_eq!(material.tolerances.self_signed, SelfSigned::Refused);
    }

    #[test]
    fn what_is_not_understood_is_refused_and_never_skipped() {
        for refused in [
            r#"{"profile":"Strict"}"#,
            r#"{"maxDepth":-1}"#,
            r#"{"maxDepth":256}"#,
            r#"{"policies":["any"]}"#,
            r#"{"tolerances":{"expired":true}}"#,
            r#"{"tolerances":{"untrusted":"allow"}}"#,
            r#"{"revocation":{"lists":{"lists":[]}}}"#,
            r#"{"domains":[]}"#,
        ] {
            assert!(read(refused).is_err(), "{refused}");
        }
    }

    #[test]
    fn profiles_are_those_of_path_validation_and_key_identifiers_a_matter_of_the_strict_one() {
        for (word, named) in [
            (VerificationProfile::Rfc5280, Profile::RFC5280),
            (VerificationProfile::Balanced, Profile::BALANCED),
            (VerificationProfile::Strict, Profile::STRICT),
        ] {
            let profile = Profile::from(word);
            let lenient = profile.key_identifiers == KeyIdentifiers::Optional;
            assert_eq!(lenient, word != VerificationProfile::Strict);
            let demanding = Profile {
                key_identifiers: KeyIdentifiers::Required,
                ..profile
            };
            assert_eq!(demanding, named);
            assert_eq!(demanding.to_string(), word.as_str());
        }
    }
}

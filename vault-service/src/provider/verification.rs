//! What a stored TLS context asks of peers' certificates, in the terms of filters.

use sallyport_model::{
    AuthenticationOverrides, CertificateChecking, DenyOrAllow, MutualAuthentication,
    RevocationPolicyMaterial, SecretId, SecretPath, Selector, SelfSigned, Tolerances,
    VerificationMaterial, VerificationProfile, VerificationSettings,
};

use super::prepare::PrepareError;

/// The part that needs nothing but the context, and what it refers to.
#[derive(Default)]
pub(super) struct Wanted {
    pub(super) material: VerificationMaterial,
    pub(super) pinset: Option<SecretId>,
    pub(super) revocation: Option<(SecretId, RevocationPolicyMaterial)>,
}

impl Wanted {
    pub(super) fn of_flex_gateway(settings: &VerificationSettings) -> Result<Self, PrepareError> {
        let revocation = settings.revocation.as_ref().map(|revocation| {
            let distributor = id(&revocation.crl_distributor_config)?;
            Ok::<_, PrepareError>((distributor, revocation.policy()))
        });
        Ok(Self {
            material: VerificationMaterial {
                profile: settings.profile,
                max_depth: settings.max_depth,
                ..VerificationMaterial::default()
            },
            pinset: None,
            revocation: revocation.transpose()?,
        })
    }

    pub(super) fn of_security_fabric(given: &MutualAuthentication) -> Result<Self, PrepareError> {
        let pinning = &given.certificate_pinning;
        let pinset = pinning.certificate_pinset.as_ref();
        let pinset = pinset.filter(|_| pinning.perform_certificate_pinning);
        let distributor = given.crl_distributor_config.as_ref();
        let distributor = distributor.filter(|_| given.revocation_checking);
        let policy = RevocationPolicyMaterial {
            unknown: DenyOrAllow::Deny,
            expired: DenyOrAllow::Deny,
            crl_for_all_cas: given.require_crl_for_all_ca,
        };
        Ok(Self {
            material: VerificationMaterial {
                profile: match given.cert_checking_strength {
                    CertificateChecking::Strict => VerificationProfile::Strict,
                    CertificateChecking::Lax => VerificationProfile::Rfc5280,
                },
                max_depth: Some(given.verification_depth),
                policies: given
                    .checks_policies()
                    .then(|| given.certificate_policies.clone()),
                tolerances: tolerances(given.authentication_overrides),
                pins: None,
                revocation: None,
            },
            pinset: pinset.map(id).transpose()?,
            revocation: distributor.map(id).transpose()?.map(|id| (id, policy)),
        })
    }
}

/// The other overrides would let anybody pass: none is ever stored as true.
fn tolerances(overrides: AuthenticationOverrides) -> Tolerances {
    let allowed = |overlooked| match overlooked {
        true => DenyOrAllow::Allow,
        false => DenyOrAllow::Deny,
    };
    Tolerances {
        expired: allowed(overrides.certificate_has_expired),
        not_yet_valid: allowed(overrides.certificate_not_yet_valid),
        other_purpose: allowed(overrides.invalid_purpose),
        self_signed: match overrides.allow_self_signed {
            true => SelfSigned::IfPinned,
            false => SelfSigned::Refused,
        },
    }
}

/// Stored references are by id.
fn id(path: &SecretPath) -> Result<SecretId, PrepareError> {
    match path.path.secret {
        Selector::Id(id) => Ok(id),
        Selector::Name(_) => Err(PrepareError::Payload),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const ID: &str = "0a3d6c52-7f3a-4a54-8f42-9f5d1d9be4a1";

    fn wanted(given: serde_json::Value) -> Wanted {
        Wanted::of_security_fabric(&serde_json::from_value(given).unwrap()).unwrap()
    }

    #[test]
    fn every_field_of_mutual_authentication_becomes_a_rule() {
        let path = |collection: &str| json!({ "path": format!("{collection}/{ID}") });
        let all = wanted(json!({
            "certificatePolicies": ["1.2.3"], "certCheckingStrength": "Lax",
            "verificationDepth": 3, "certificatePolicyChecking": true,
            "revocationChecking": true, "revocationCheckingMethod": "CRL",
            "crlDistributorConfig": path("crlDistributorConfigs"), "requireCrlForAllCa": true,
            "certificatePinning": {
                "performCertificatePinning": true, "certificatePinset": path("certificatePinsets"),
            },
            "authenticationOverrides": {
                "certificateHasExpired": true, "certificateNotYetValid": true,
                "allowSelfSigned": true, "invalidPurpose": true,
            },
        }));
        let written = serde_json::to_value(&all.material).unwrap();
        assert_eq!(
            written,
            json!({
                "profile": "rfc5280", "maxDepth": 3, "policies": ["1.2.3"],
                "tolerances": {"expired": "allow", "notYetValid": "allow",
                    "otherPurpose": "allow", "selfSigned": "ifPinned"},
            })
        );
        let (distributor, policy) = all.revocation.unwrap();
        assert_eq!(all.pinset, Some(distributor));
        assert!(policy.crl_for_all_cas && policy.unknown == DenyOrAllow::Deny);

        let defaults = wanted(json!({}));
        let written = serde_json::to_value(&defaults.material).unwrap();
        assert_eq!(
            written,
            json!({
                "profile": "strict", "maxDepth": 1,
                "tolerances": {"expired": "deny", "notYetValid": "deny",
                    "otherPurpose": "deny", "selfSigned": "refused"},
            })
        );
        assert!(defaults.pinset.is_none() && defaults.revocation.is_none());
    }

    #[test]
    fn what_is_switched_off_asks_for_nothing() {
        let off = wanted(json!({
            "certificatePolicies": ["1.2.3"],
            "crlDistributorConfig": { "path": format!("crlDistributorConfigs/{ID}") },
            "certificatePinning": { "certificatePinset": { "path": format!("certificatePinsets/{ID}") } },
        }));
        assert_eq!(off.material.policies, None);
        assert!(off.pinset.is_none() && off.revocation.is_none());
        let demanded = wanted(json!({"requireInitialExplicitPolicy": true}));
        assert_eq!(demanded.material.policies, Some(Vec::new()));
        let checked = wanted(json!({"certificatePolicyChecking": true}));
        assert_eq!(checked.material.policies, None);
    }
}

//! The `mutualAuthentication` object: rules between its fields, and what it refers to.

use sallyport_model::{Collection, MutualAuthentication, RevocationMethod, SecretId};

use super::super::Manager;
use super::super::error::ManagerError;
use super::super::limits::UploadLimits;
use super::super::referred::Referred;
use super::super::violation::{Problem, Violation};
use super::without_repetition;
use crate::store::GroupRecord;

const CRL: &str = "/mutualAuthentication/crlDistributorConfig";
const PINSET: &str = "/mutualAuthentication/certificatePinning/certificatePinset";

/// The object with its references found.
pub(super) struct Authentication {
    pub(super) resolved: MutualAuthentication,
    pub(super) refers_to: Vec<SecretId>,
    pub(super) warnings: Vec<String>,
}

impl Manager {
    /// Checks the object, or takes the defaults where there is none.
    pub(super) async fn mutual_authentication(
        &self,
        group: &GroupRecord,
        given: Option<MutualAuthentication>,
    ) -> Result<Authentication, ManagerError> {
        let mut resolved = given.unwrap_or_default();
        check_fields(&resolved)?;
        let crl = self
            .referred(
                group,
                resolved.crl_distributor_config.as_ref(),
                Collection::CrlDistributorConfigs,
                CRL,
            )
            .await?;
        let pins = self
            .referred(
                group,
                resolved.certificate_pinning.certificate_pinset.as_ref(),
                Collection::CertificatePinsets,
                PINSET,
            )
            .await?;
        let warnings = unlisted_ca(&resolved, crl.as_ref()).into_iter().collect();
        resolved.crl_distributor_config = crl.as_ref().map(Referred::path);
        resolved.certificate_pinning.certificate_pinset = pins.as_ref().map(Referred::path);
        let refers_to = crl.into_iter().chain(pins).map(|found| found.id).collect();
        Ok(Authentication {
            resolved,
            refers_to,
            warnings,
        })
    }
}

fn check_fields(given: &MutualAuthentication) -> Result<(), Violation> {
    let policies = "/mutualAuthentication/certificatePolicies";
    if given.certificate_policies.len() > UploadLimits::POLICIES {
        let (limit, what) = (UploadLimits::POLICIES, "certificate policies");
        return Err(Violation::new(policies, Problem::TooMany { limit, what }));
    }
    without_repetition(policies, &given.certificate_policies)?;
    if given.verification_depth > MutualAuthentication::MAX_DEPTH {
        let expected = format!("is a number from 0 to {}", MutualAuthentication::MAX_DEPTH);
        return Err(Violation::new(
            "/mutualAuthentication/verificationDepth",
            Problem::Value { expected },
        ));
    }
    refuse_unenforceable(given)?;
    let pinning = &given.certificate_pinning;
    for (place, missing, when) in [
        (
            "/mutualAuthentication/revocationCheckingMethod",
            given.revocation_checking && given.revocation_checking_method.is_none(),
            "revocationChecking is true",
        ),
        (
            CRL,
            given.revocation_checking_method == Some(RevocationMethod::Crl)
                && given.crl_distributor_config.is_none(),
            "revocationCheckingMethod is CRL",
        ),
        (
            PINSET,
            pinning.perform_certificate_pinning && pinning.certificate_pinset.is_none(),
            "performCertificatePinning is true",
        ),
    ] {
        if missing {
            return Err(Violation::new(place, Problem::Required { when }));
        }
    }
    Ok(())
}

/// What a gateway cannot do, and what would make every other check worthless.
fn refuse_unenforceable(given: &MutualAuthentication) -> Result<(), Violation> {
    let refuse = |place: &str, reason| {
        let place = format!("/mutualAuthentication/{place}");
        Err(Violation::new(place, Problem::NotEnforceable { reason }))
    };
    if given.perform_domain_checking {
        return refuse(
            "performDomainChecking",
            "cannot be true: a gateway knows no domain of a client to compare with; list the names \
             that clients may have as downstream.peerNames in the filter's configuration",
        );
    }
    let overrides = given.authentication_overrides;
    for (name, overlooked, reason) in [
        (
            "certificateBadFormat",
            overrides.certificate_bad_format,
            "cannot be true: what is no certificate identifies nobody; certCheckingStrength Lax \
             lets small deviations pass",
        ),
        (
            "certificateBadSignature",
            overrides.certificate_bad_signature,
            "cannot be true: anybody can make a certificate with a wrong signature",
        ),
        (
            "certificateUnresolved",
            overrides.certificate_unresolved,
            "cannot be true: anybody can make a certificate without a known issuer; put the missing \
             CAs into the truststore",
        ),
        (
            "certificateUntrusted",
            overrides.certificate_untrusted,
            "cannot be true: anybody can make a certificate that is not trusted; put its issuer, or \
             the certificate itself as a pinned one, into the truststore",
        ),
        (
            "invalidCa",
            overrides.invalid_ca,
            "cannot be true: every client with a certificate would be a CA; put the issuer's \
             certificate as it should be into the truststore",
        ),
        (
            "other",
            overrides.other,
            "cannot be true: nobody knows what it would let pass",
        ),
    ] {
        if overlooked {
            return refuse(&format!("authenticationOverrides/{name}"), reason);
        }
    }
    Ok(())
}

/// Without the CA of the list, and without a list for every CA, there is a time in which a revoked
/// CA passes.
fn unlisted_ca(given: &MutualAuthentication, crl: Option<&Referred>) -> Option<String> {
    let named = crl?.metadata.shown.contains_key("caCertificate");
    let open = given.revocation_checking && !given.require_crl_for_all_ca && !named;
    open.then(|| {
        format!(
            "{CRL}: names no caCertificate and requireCrlForAllCa is false, so a revoked CA may \
             pass until its list is there"
        )
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::super::sample::{refusal, upload};
    use super::*;

    #[test]
    fn combinations_that_can_work_are_taken() {
        let id = "0a3d6c52-7f3a-4a54-8f42-9f5d1d9be4a1";
        let crl = json!({ "path": format!("crlDistributorConfigs/{id}") });
        let pins = json!({ "path": "certificatePinsets/partner%20pins" });
        for given in [
            json!({}),
            json!({"verificationDepth":9,"certificatePolicies":["2.23.140.1.2.2"]}),
            json!({"revocationChecking":true,"revocationCheckingMethod":"CRL",
                   "crlDistributorConfig":crl}),
            json!({"certificatePinning":
                {"performCertificatePinning":true,"certificatePinset":pins}}),
            json!({"authenticationOverrides":{"allowSelfSigned":true},"certCheckingStrength":"Lax"}),
        ] {
            assert_eq!(check_fields(&upload(given.clone())), Ok(()), "{given}");
        }
    }

    #[test]
    fn a_refusal_names_the_field() {
        let oid = |number: usize| format!("1.2.{number}");
        let many: Vec<_> = (0..=UploadLimits::POLICIES).map(oid).collect();
        for (given, place, code) in [
            (
                json!({"certificatePolicies":["1.2.3","1.2.4","1.2.3"]}),
                "/mutualAuthentication/certificatePolicies/2",
                "duplicate",
            ),
            (
                json!({"certificatePolicies":many}),
                "/mutualAuthentication/certificatePolicies",
                "too_many",
            ),
            (
                json!({"verificationDepth":10}),
                "/mutualAuthentication/verificationDepth",
                "invalid_value",
            ),
            (
                json!({"revocationChecking":true}),
                "/mutualAuthentication/revocationCheckingMethod",
                "required",
            ),
            (
                json!({"revocationCheckingMethod":"CRL"}),
                "/mutualAuthentication/crlDistributorConfig",
                "required",
            ),
            (
                json!({"certificatePinning":{"performCertificatePinning":true}}),
                "/mutualAuthentication/certificatePinning/certificatePinset",
                "required",
            ),
            (
                json!({"performDomainChecking":true}),
                "/mutualAuthentication/performDomainChecking",
                "not_enforceable",
            ),
        ] {
            let refused = refusal(check_fields(&upload(given.clone())));
            assert_eq!(refused, (place.to_owned(), code), "{given}");
        }
    }
    #[test]
    fn overrides_that_would_let_anybody_pass_are_refused_with_the_reason() {
        for (name, refused) in [
            ("certificateBadFormat", true),
            ("certificateBadSignature", true),
            ("certificateNotYetValid", false),
            ("certificateHasExpired", false),
            ("allowSelfSigned", false),
            ("certificateUnresolved", true),
            ("certificateUntrusted", true),
            ("invalidCa", true),
            ("invalidPurpose", false),
            ("other", true),
        ] {
            let given = |on: bool| upload(json!({"authenticationOverrides":{name:on}}));
            assert_eq!(check_fields(&given(false)), Ok(()), "{name}");
            let verdict = check_fields(&given(true));
            assert_eq!(verdict.is_err(), refused, "{name}");
            if let Err(violation) = verdict {
                let place = format!("/mutualAuthentication/authenticationOverrides/{name}");
                assert_eq!(violation.place, place);
                assert_eq!(violation.problem.code(), "not_enforceable");
                assert!(violation.to_string().contains(": cannot be true: "));
            }
        }
    }
}

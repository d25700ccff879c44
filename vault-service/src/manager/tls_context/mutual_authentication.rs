//! The `mutualAuthentication` object: rules between its fields, and what it refers to.

use sallyport_model::{Collection, MutualAuthentication, RevocationMethod, SecretId};

use super::super::Manager;
use super::super::error::{ManagerError, Problem, Violation};
use super::super::limits::UploadLimits;
use super::super::referred::Referred;
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

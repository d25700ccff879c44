//! `verification` of FlexGateway contexts, and what it refers to.

use sallyport_model::{Collection, SecretId, VerificationSettings};

use super::super::Manager;
use super::super::error::ManagerError;
use super::super::violation::{Problem, Violation};
use crate::store::GroupRecord;

/// The object with its reference found.
pub(super) struct Verification {
    pub(super) resolved: VerificationSettings,
    pub(super) refers_to: Option<SecretId>,
}

impl Manager {
    /// Checks the object.
    pub(super) async fn verification(
        &self,
        group: &GroupRecord,
        given: &VerificationSettings,
    ) -> Result<Verification, ManagerError> {
        let limit = VerificationSettings::MAX_DEPTH;
        if given.max_depth.is_some_and(|depth| depth > limit) {
            let expected = format!("is a number from 0 to {limit}");
            let place = "/verification/maxDepth";
            return Err(Violation::new(place, Problem::Value { expected }).into());
        }
        let mut resolved = given.clone();
        let distributor = self
            .referred(
                group,
                given
                    .revocation
                    .as_ref()
                    .map(|revocation| &revocation.crl_distributor_config),
                Collection::CrlDistributorConfigs,
                "/verification/revocation/crlDistributorConfig",
            )
            .await?;
        if let (Some(revocation), Some(found)) = (&mut resolved.revocation, &distributor) {
            revocation.crl_distributor_config = found.path();
        }
        Ok(Verification {
            resolved,
            refers_to: distributor.map(|found| found.id),
        })
    }
}

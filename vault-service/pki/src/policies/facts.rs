//! What a certificate says about policies.

use crate::certificate::Certificate;
use crate::extensions::{PolicyConstraints, PolicyMapping};

use super::PolicyId;

/// One certificate of a path.
pub(super) struct Facts<'a> {
    pub(super) subject: &'a str,
    pub(super) self_issued: bool,
    pub(super) policies: &'a [PolicyId],
    pub(super) mappings: &'a [PolicyMapping],
    pub(super) constraints: PolicyConstraints,
    pub(super) inhibit_any_policy: Option<u32>,
}

impl<'a> Facts<'a> {
    pub(super) fn of(certificate: &'a Certificate) -> Self {
        let extensions = certificate.extensions();
        let policies = extensions.certificate_policies.as_ref();
        let mappings = extensions.policy_mappings.as_ref();
        let constraints = extensions.policy_constraints.as_ref();
        Self {
            subject: certificate.subject(),
            self_issued: certificate.is_self_issued(),
            policies: policies.map_or(&[], |policies| &policies.value),
            mappings: mappings.map_or(&[], |mappings| &mappings.value),
            constraints: constraints.map(|found| found.value).unwrap_or_default(),
            inhibit_any_policy: extensions
                .inhibit_any_policy
                .as_ref()
                .map(|found| found.value),
        }
    }
}

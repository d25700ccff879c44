//! Certificate policies and what CAs say about them (RFC 5280 sections 4.2.1.4, 4.2.1.5, 4.2.1.11
//! and 4.2.1.14).

use x509_parser::extensions::{
    PolicyConstraints as ParsedConstraints, PolicyInformation, PolicyMapping as ParsedMapping,
};

use crate::policies::PolicyId;

/// RFC 5280 section 4.2.1.5.
#[derive(Clone, Debug)]
pub(crate) struct PolicyMapping {
    pub(crate) issuer_domain: PolicyId,
    pub(crate) subject_domain: PolicyId,
}

/// RFC 5280 section 4.2.1.11: how many certificates may follow before it takes effect.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct PolicyConstraints {
    pub(crate) require_explicit_policy: Option<u32>,
    pub(crate) inhibit_policy_mapping: Option<u32>,
}

/// Qualifiers are for people.
pub(super) fn identifiers(policies: &[PolicyInformation<'_>]) -> Vec<PolicyId> {
    policies
        .iter()
        .map(|policy| PolicyId::from(&policy.policy_id))
        .collect()
}

pub(super) fn mappings(mappings: &[ParsedMapping<'_>]) -> Vec<PolicyMapping> {
    mappings.iter().map(PolicyMapping::from).collect()
}

impl From<&ParsedMapping<'_>> for PolicyMapping {
    fn from(mapping: &ParsedMapping<'_>) -> Self {
        Self {
            issuer_domain: PolicyId::from(&mapping.issuer_domain_policy),
            subject_domain: PolicyId::from(&mapping.subject_domain_policy),
        }
    }
}

impl From<&ParsedConstraints> for PolicyConstraints {
    fn from(constraints: &ParsedConstraints) -> Self {
        Self {
            require_explicit_policy: constraints.require_explicit_policy,
            inhibit_policy_mapping: constraints.inhibit_policy_mapping,
        }
    }
}

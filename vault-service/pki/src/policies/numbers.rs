//! The policies that a path names, each under a number.

use fixedbitset::FixedBitSet;

use super::PolicyId;
use super::facts::Facts;
use crate::path_error::PathError;

/// Most policies that the certificates of a path may name, anyPolicy left out.
const MAX_POLICIES: usize = 1024;

/// Their numbers are their places, in order.
pub(super) struct Numbers<'a>(Vec<&'a PolicyId>);

impl<'a> Numbers<'a> {
    pub(super) fn of(path: &[Facts<'a>]) -> Result<Self, PathError> {
        let mut known: Vec<&PolicyId> = Vec::new();
        for certificate in path {
            let mapped = certificate.mappings.iter();
            let mapped = mapped.flat_map(|to| [&to.issuer_domain, &to.subject_domain]);
            for policy in certificate.policies.iter().chain(mapped) {
                if !policy.is_any()
                    && let Err(place) = known.binary_search(&policy)
                {
                    if known.len() >= MAX_POLICIES {
                        return Err(PathError::TooComplex);
                    }
                    known.insert(place, policy);
                }
            }
        }
        Ok(Self(known))
    }

    pub(super) fn count(&self) -> usize {
        self.0.len()
    }

    /// None for anyPolicy, and for policies that the path does not name.
    pub(super) fn of_policy(&self, policy: &PolicyId) -> Option<usize> {
        self.0.binary_search(&policy).ok()
    }

    /// Those of `policies` that have a number.
    pub(super) fn set(&self, policies: &[PolicyId]) -> FixedBitSet {
        policies
            .iter()
            .filter_map(|policy| self.of_policy(policy))
            .collect()
    }

    pub(super) fn policies(&self, set: &FixedBitSet) -> Vec<PolicyId> {
        set.ones()
            .filter_map(|number| self.0.get(number).copied().cloned())
            .collect()
    }
}

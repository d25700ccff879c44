//! The steps of RFC 5280 section 6.1 that are about policies, with the names of their variables.

use std::collections::BTreeSet;

use super::facts::Facts;
use super::graph::Graph;
use super::{AnyPolicy, ExplicitPolicy, PolicyId, PolicyMapping, PolicyRules};
use crate::path_error::PathError;

pub(super) struct Process<'a> {
    acceptable: &'a [PolicyId],
    valid_policies: Graph<'a>,
    /// In how many certificates it takes effect; zero: now.
    explicit_policy: usize,
    policy_mapping: usize,
    inhibit_any_policy: usize,
}

impl<'a> Process<'a> {
    /// For a path of `length` certificates below its anchor (section 6.1.2).
    pub(super) fn new(rules: &PolicyRules<'a>, length: usize, steps: u32) -> Self {
        let unless = |now: bool| if now { 0 } else { length.saturating_add(1) };
        Self {
            acceptable: rules.acceptable,
            valid_policies: Graph::new(steps),
            explicit_policy: unless(rules.explicit == ExplicitPolicy::Required),
            policy_mapping: unless(rules.mapping == PolicyMapping::Inhibited),
            inhibit_any_policy: unless(rules.any == AnyPolicy::Inhibited),
        }
    }

    /// `path` has the peer first.
    pub(super) fn run(mut self, path: &[Facts<'a>]) -> Result<BTreeSet<PolicyId>, PathError> {
        let Some((peer, cas)) = path.split_first() else {
            return Ok(BTreeSet::new());
        };
        for ca in cas.iter().rev() {
            let any_counts = self.inhibit_any_policy > 0 || ca.self_issued;
            self.descend(ca, any_counts)?;
            self.prepare(ca)?;
        }
        self.descend(peer, self.inhibit_any_policy > 0)?;
        self.wrap_up(peer)
    }

    /// Section 6.1.3 (d) to (f).
    fn descend(&mut self, certificate: &Facts<'a>, any_counts: bool) -> Result<(), PathError> {
        if certificate.policies.is_empty() && !certificate.any_policy {
            self.valid_policies.clear();
        } else {
            let any_counts = certificate.any_policy && any_counts;
            self.valid_policies
                .descend(&certificate.policies, any_counts)?;
        }
        if self.explicit_policy == 0 && self.valid_policies.is_empty() {
            return Err(not_acceptable(certificate));
        }
        Ok(())
    }

    /// Section 6.1.4 (a), (b), (h), (i) and (j).
    fn prepare(&mut self, ca: &Facts<'a>) -> Result<(), PathError> {
        let any = |mapping: &crate::extensions::PolicyMapping| {
            mapping.issuer_domain.is_any() || mapping.subject_domain.is_any()
        };
        if ca.mappings.iter().any(any) {
            return Err(PathError::AnyPolicyMapped {
                subject: ca.subject.to_owned(),
            });
        }
        if self.policy_mapping > 0 {
            self.valid_policies.map(ca.mappings)?;
        } else {
            self.valid_policies.drop_mapped(ca.mappings);
        }
        for (counter, limit) in [
            (
                &mut self.explicit_policy,
                ca.constraints.require_explicit_policy,
            ),
            (
                &mut self.policy_mapping,
                ca.constraints.inhibit_policy_mapping,
            ),
            (&mut self.inhibit_any_policy, ca.inhibit_any_policy),
        ] {
            if !ca.self_issued {
                *counter = counter.saturating_sub(1);
            }
            if let Some(Ok(limit)) = limit.map(usize::try_from) {
                *counter = limit.min(*counter);
            }
        }
        Ok(())
    }

    /// Section 6.1.5 (a), (b) and (g).
    fn wrap_up(mut self, peer: &Facts<'a>) -> Result<BTreeSet<PolicyId>, PathError> {
        let demanded = peer.constraints.require_explicit_policy == Some(0);
        let explicit = self.explicit_policy <= 1 || demanded;
        let any = self.valid_policies.has_any();
        let authorities = self.valid_policies.origins()?;
        let all = self.acceptable.is_empty() || self.acceptable.iter().any(PolicyId::is_any);
        let mut found: BTreeSet<PolicyId> = if all {
            authorities.into_iter().cloned().collect()
        } else {
            let acceptable = self.acceptable.iter();
            let acceptable = acceptable.filter(|policy| any || authorities.contains(policy));
            acceptable.cloned().collect()
        };
        if all && any {
            found.insert(PolicyId::any());
        }
        if explicit && found.is_empty() {
            return Err(not_acceptable(peer));
        }
        Ok(found)
    }
}

fn not_acceptable(certificate: &Facts<'_>) -> PathError {
    PathError::NoAcceptablePolicy {
        subject: certificate.subject.to_owned(),
    }
}

//! The steps of RFC 5280 section 6.1 that are about policies, with the names of their variables.

use super::facts::Facts;
use super::graph::Graph;
use super::numbers::Numbers;
use super::{AnyPolicy, ExplicitPolicy, PolicyId, PolicyMapping, PolicyRules};
use crate::path_error::PathError;

pub(super) struct Process<'a> {
    acceptable: &'a [PolicyId],
    path: &'a [Facts<'a>],
    numbers: Numbers<'a>,
    valid_policies: Graph,
    /// In how many certificates it takes effect; zero: now.
    explicit_policy: usize,
    policy_mapping: usize,
    inhibit_any_policy: usize,
}

impl<'a> Process<'a> {
    /// For a path without its anchor (section 6.1.2), the peer first.
    pub(super) fn new(
        rules: &PolicyRules<'a>,
        path: &'a [Facts<'a>],
        steps: u32,
    ) -> Result<Self, PathError> {
        let numbers = Numbers::of(path)?;
        let unless = |now: bool| if now { 0 } else { path.len().saturating_add(1) };
        Ok(Self {
            acceptable: rules.acceptable,
            path,
            valid_policies: Graph::new(numbers.count(), steps),
            numbers,
            explicit_policy: unless(rules.explicit == ExplicitPolicy::Required),
            policy_mapping: unless(rules.mapping == PolicyMapping::Inhibited),
            inhibit_any_policy: unless(rules.any == AnyPolicy::Inhibited),
        })
    }

    pub(super) fn run(mut self) -> Result<Vec<PolicyId>, PathError> {
        let Some((peer, cas)) = self.path.split_first() else {
            return Ok(Vec::new());
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
        if certificate.policies.is_empty() {
            self.valid_policies.clear();
        } else {
            let any_counts = any_counts && certificate.policies.iter().any(PolicyId::is_any);
            let named = self.numbers.set(certificate.policies);
            self.valid_policies.descend(&named, any_counts)?;
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
        let numbers = &self.numbers;
        let mapped = ca.mappings.iter().filter_map(|mapping| {
            let own = numbers.of_policy(&mapping.issuer_domain)?;
            Some((own, numbers.of_policy(&mapping.subject_domain)?))
        });
        if self.policy_mapping > 0 {
            self.valid_policies.map(mapped)?;
        } else {
            mapped.for_each(|(own, _)| self.valid_policies.drop(own));
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
    fn wrap_up(self, peer: &Facts<'a>) -> Result<Vec<PolicyId>, PathError> {
        let demanded = peer.constraints.require_explicit_policy == Some(0);
        let explicit = self.explicit_policy <= 1 || demanded;
        let any = self.valid_policies.has_any();
        let authorities = self.valid_policies.origins();
        let all = self.acceptable.is_empty() || self.acceptable.iter().any(PolicyId::is_any);
        let mut found = if all {
            self.numbers.policies(&authorities)
        } else {
            let has = |policy| {
                self.numbers
                    .of_policy(policy)
                    .is_some_and(|number| authorities.contains(number))
            };
            let acceptable = self.acceptable.iter();
            acceptable
                .filter(|policy| any || has(policy))
                .cloned()
                .collect()
        };
        if all && any {
            found.push(PolicyId::any());
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

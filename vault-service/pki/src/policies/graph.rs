//! The lowest level of the policy graph (RFC 9618 section 5.1).
//!
//! Of the levels above it only one thing is ever asked: under which policies in the terms of the
//! anchor a node stands. Each node carries those with it, so that the levels need not be kept.

use std::collections::{BTreeMap, BTreeSet};

use super::PolicyId;
use crate::extensions::PolicyMapping;
use crate::path_error::PathError;

/// Policies, in the terms of the anchor.
type Origins<'a> = BTreeSet<&'a PolicyId>;

pub(super) struct Graph<'a> {
    /// By valid_policy; anyPolicy is kept apart.
    nodes: BTreeMap<&'a PolicyId, Node<'a>>,
    has_any: bool,
    /// Steps that may still be taken.
    steps: u32,
}

struct Node<'a> {
    /// expected_policy_set.
    expected: BTreeSet<&'a PolicyId>,
    origins: Origins<'a>,
}

impl<'a> Graph<'a> {
    /// One node, anyPolicy (RFC 5280 section 6.1.2 (a)).
    pub(super) fn new(steps: u32) -> Self {
        Self {
            nodes: BTreeMap::new(),
            has_any: true,
            steps,
        }
    }

    /// Nothing is left of it: the graph is "NULL".
    pub(super) fn is_empty(&self) -> bool {
        self.nodes.is_empty() && !self.has_any
    }

    /// A certificate without policies.
    pub(super) fn clear(&mut self) {
        self.nodes.clear();
        self.has_any = false;
    }

    /// The next level (RFC 9618 section 5.3): `policies` of the certificate, and whether its
    /// anyPolicy counts.
    pub(super) fn descend(
        &mut self,
        policies: &BTreeSet<&'a PolicyId>,
        any_counts: bool,
    ) -> Result<(), PathError> {
        let mut expected: BTreeMap<&'a PolicyId, Origins<'a>> = BTreeMap::new();
        for node in std::mem::take(&mut self.nodes).into_values() {
            for policy in node.expected {
                self.spend(node.origins.len())?;
                expected.entry(policy).or_default().extend(&node.origins);
            }
        }
        for policy in policies {
            self.spend(1)?;
            if let Some(origins) = expected.remove(policy) {
                self.insert(policy, origins);
            } else if self.has_any {
                self.insert(policy, BTreeSet::from([*policy]));
            }
        }
        if any_counts {
            for (policy, origins) in expected {
                self.insert(policy, origins);
            }
        }
        self.has_any &= any_counts;
        Ok(())
    }

    /// Policies that the CA takes for its own (RFC 5280 section 6.1.4 (b) (1)).
    pub(super) fn map(&mut self, mappings: &'a [PolicyMapping]) -> Result<(), PathError> {
        let mut expected: BTreeMap<&'a PolicyId, BTreeSet<&'a PolicyId>> = BTreeMap::new();
        for mapping in mappings {
            self.spend(1)?;
            let equivalent = expected.entry(&mapping.issuer_domain).or_default();
            equivalent.insert(&mapping.subject_domain);
        }
        for (policy, expected) in expected {
            if let Some(node) = self.nodes.get_mut(policy) {
                node.expected = expected;
            } else if self.has_any {
                let origins = BTreeSet::from([policy]);
                self.nodes.insert(policy, Node { expected, origins });
            }
        }
        Ok(())
    }

    /// Policies whose mapping is inhibited (RFC 5280 section 6.1.4 (b) (2)).
    pub(super) fn drop_mapped(&mut self, mappings: &[PolicyMapping]) {
        for mapping in mappings {
            self.nodes.remove(&mapping.issuer_domain);
        }
    }

    /// authorities-constrained-policy-set, without anyPolicy.
    pub(super) fn origins(&mut self) -> Result<Origins<'a>, PathError> {
        let mut all = BTreeSet::new();
        for node in std::mem::take(&mut self.nodes).into_values() {
            self.spend(node.origins.len())?;
            all.extend(node.origins);
        }
        Ok(all)
    }

    pub(super) fn has_any(&self) -> bool {
        self.has_any
    }

    fn insert(&mut self, policy: &'a PolicyId, origins: Origins<'a>) {
        let expected = BTreeSet::from([policy]);
        self.nodes.insert(policy, Node { expected, origins });
    }

    fn spend(&mut self, steps: usize) -> Result<(), PathError> {
        let left = u32::try_from(steps).ok();
        let left = left.and_then(|steps| self.steps.checked_sub(steps));
        self.steps = left.ok_or(PathError::TooComplex)?;
        Ok(())
    }
}

//! The lowest level of the policy graph (RFC 9618 section 5.1), of policies by their numbers.
//!
//! Of the levels above it only one thing is ever asked: under which policies in the terms of the
//! anchor a node stands. Each node carries those with it, so that the levels need not be kept.

use fixedbitset::FixedBitSet;

use crate::path_error::PathError;

pub(super) struct Graph {
    /// By valid_policy; anyPolicy is kept apart.
    nodes: Vec<Option<Node>>,
    has_any: bool,
    /// Steps that may still be taken.
    steps: u32,
}

struct Node {
    /// expected_policy_set.
    expected: FixedBitSet,
    /// Policies, in the terms of the anchor.
    origins: FixedBitSet,
}

impl Graph {
    /// One node, anyPolicy (RFC 5280 section 6.1.2 (a)), on a path that names `policies` others.
    pub(super) fn new(policies: usize, steps: u32) -> Self {
        Self {
            nodes: nothing(policies),
            has_any: true,
            steps,
        }
    }

    /// Nothing is left of it: the graph is "NULL".
    pub(super) fn is_empty(&self) -> bool {
        !self.has_any && self.nodes.iter().all(Option::is_none)
    }

    /// A certificate without policies.
    pub(super) fn clear(&mut self) {
        self.nodes.fill_with(|| None);
        self.has_any = false;
    }

    /// The next level (RFC 9618 section 5.3): `policies` of the certificate, and whether its
    /// anyPolicy counts.
    pub(super) fn descend(
        &mut self,
        policies: &FixedBitSet,
        any_counts: bool,
    ) -> Result<(), PathError> {
        let below = nothing(self.nodes.len());
        let above = std::mem::replace(&mut self.nodes, below);
        // Origins, by policy.
        let mut expected: Vec<FixedBitSet> = Vec::new();
        expected.resize_with(above.len(), FixedBitSet::new);
        for node in above.into_iter().flatten() {
            for policy in node.expected.ones() {
                self.spend()?;
                if let Some(origins) = expected.get_mut(policy) {
                    origins.union_with(&node.origins);
                }
            }
        }
        for (policy, origins) in expected.into_iter().enumerate() {
            self.spend()?;
            let is_named = policies.contains(policy);
            if !origins.is_clear() && (is_named || any_counts) {
                self.put(policy, only(policy), origins);
            } else if is_named && self.has_any {
                self.put(policy, only(policy), only(policy));
            }
        }
        self.has_any &= any_counts;
        Ok(())
    }

    /// Policies that the CA takes for its own (RFC 5280 section 6.1.4 (b) (1)): pairs of its own
    /// and the other.
    pub(super) fn map(
        &mut self,
        mappings: impl Iterator<Item = (usize, usize)>,
    ) -> Result<(), PathError> {
        let mut equivalent: Vec<FixedBitSet> = Vec::new();
        equivalent.resize_with(self.nodes.len(), FixedBitSet::new);
        for (own, other) in mappings {
            self.spend()?;
            if let Some(others) = equivalent.get_mut(own) {
                others.grow_and_insert(other);
            }
        }
        for (policy, expected) in equivalent.into_iter().enumerate() {
            if expected.is_clear() {
                continue;
            }
            if let Some(Some(node)) = self.nodes.get_mut(policy) {
                node.expected = expected;
            } else if self.has_any {
                self.put(policy, expected, only(policy));
            }
        }
        Ok(())
    }

    /// A policy whose mapping is inhibited (RFC 5280 section 6.1.4 (b) (2)).
    pub(super) fn drop(&mut self, policy: usize) {
        if let Some(node) = self.nodes.get_mut(policy) {
            *node = None;
        }
    }

    /// authorities-constrained-policy-set, without anyPolicy.
    pub(super) fn origins(&self) -> FixedBitSet {
        let mut all = FixedBitSet::new();
        for node in self.nodes.iter().flatten() {
            all.union_with(&node.origins);
        }
        all
    }

    pub(super) fn has_any(&self) -> bool {
        self.has_any
    }

    fn put(&mut self, policy: usize, expected: FixedBitSet, origins: FixedBitSet) {
        if let Some(place) = self.nodes.get_mut(policy) {
            *place = Some(Node { expected, origins });
        }
    }

    fn spend(&mut self) -> Result<(), PathError> {
        self.steps = self.steps.checked_sub(1).ok_or(PathError::TooComplex)?;
        Ok(())
    }
}

fn nothing(policies: usize) -> Vec<Option<Node>> {
    let mut nodes = Vec::new();
    nodes.resize_with(policies, || None);
    nodes
}

fn only(policy: usize) -> FixedBitSet {
    std::iter::once(policy).collect()
}

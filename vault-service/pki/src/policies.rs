//! Certificate policies of a path (RFC 5280 section 6.1, its policy tree replaced by the graph of
//! RFC 9618: the tree grows exponentially with the length of a path).

mod facts;
mod graph;
mod numbers;
mod policy_id;
mod process;
#[cfg(all(test, not(target_arch = "wasm32")))]
mod tests;

use crate::certificate::Certificate;
use crate::path_error::PathError;
use facts::Facts;
pub use policy_id::{InvalidPolicyId, PolicyId};
use process::Process;

/// Most steps taken to process the policies of one path.
const MAX_STEPS: u32 = 250_000;

/// What is wanted of the policies of a path (RFC 5280 section 6.1.1). By default nothing, but what
/// the CAs of the path demand themselves.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PolicyRules<'a> {
    /// user-initial-policy-set: those that are acceptable, every one if it is empty.
    pub acceptable: &'a [PolicyId],
    /// initial-explicit-policy.
    pub explicit: ExplicitPolicy,
    /// initial-policy-mapping-inhibit.
    pub mapping: PolicyMapping,
    /// initial-any-policy-inhibit.
    pub any: AnyPolicy,
}

/// Whether a path must have an acceptable policy.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum ExplicitPolicy {
    /// It must.
    Required,
    /// Only if a CA on the path says so.
    #[default]
    Optional,
}

/// Whether CAs may say that a policy of others is as good as one of theirs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum PolicyMapping {
    /// They may not.
    Inhibited,
    /// They may.
    #[default]
    Allowed,
}

/// Whether anyPolicy in a certificate stands for every policy.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum AnyPolicy {
    /// It stands for none.
    Inhibited,
    /// It does.
    #[default]
    Allowed,
}

impl PolicyRules<'_> {
    /// Processes the policies of a path: the peer's certificate first, the anchor last, whose own
    /// policies are not looked at. Returns the acceptable ones that the path has, in the terms of
    /// its anchor; anyPolicy among them stands for all others.
    ///
    /// # Errors
    /// No acceptable policy although one is required; a mapping of anyPolicy; too much work.
    pub fn check(&self, path: &[&Certificate]) -> Result<Vec<PolicyId>, PathError> {
        let below_anchor = path.split_last().map_or(path, |(_, below)| below);
        let facts: Vec<Facts<'_>> = below_anchor.iter().copied().map(Facts::of).collect();
        Process::new(self, &facts, MAX_STEPS)?.run()
    }
}

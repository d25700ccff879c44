//! A verdict with every check that led to it: the same code, with somebody listening.

use std::collections::BTreeMap;

use sallyport_model::{ClientCertificatePolicy, ServerCertificatePolicy};
use sallyport_pki::UnixTime;

use super::check::{Check, Listener};
use super::{Denial, Policy, Verdict, judge};
use crate::facts::Facts;

/// What became of one check.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The peer passed it.
    Passed,
    /// The peer did not pass it, and that was the end.
    Failed,
    /// The peer did not pass it, which is only observed.
    Observed,
    /// Nothing asks for it.
    NotAsked,
    /// An earlier check was the end.
    NotReached,
}

/// One check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Explained {
    /// Which.
    pub check: Check,
    /// What became of it.
    pub outcome: Outcome,
    /// What was found; for people.
    pub evidence: Option<String>,
}

/// All checks in order, and what they come to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Explanation {
    /// One entry per [`Check`].
    pub checks: Vec<Explained>,
    /// What [`super::decide`] says.
    pub verdict: Verdict,
}

/// Judges a peer at the moment `at` as [`super::decide`] does, and tells of every check.
pub fn explain(policy: &Policy<'_>, facts: &Facts, at: UnixTime) -> Explanation {
    let mut passed = Passed::default();
    let verdict = judge(policy, facts, at, &mut passed);
    let end = match &verdict {
        Verdict::Allow { .. } => None,
        Verdict::Deny(denial) => Check::behind(denial.reason),
    };
    let observed: &[Denial] = match &verdict {
        Verdict::Allow { observed, .. } => observed,
        Verdict::Deny(_) => &[],
    };
    let checks = Check::ALL.map(|check| {
        let evidence = passed.0.get(&check).cloned();
        let mut observed = observed.iter();
        let noted = observed.find(|denial| Check::behind(denial.reason) == Some(check));
        let outcome = match (&evidence, end) {
            (_, Some(end)) if check == end => Outcome::Failed,
            _ if noted.is_some() => Outcome::Observed,
            (Some(_), _) => Outcome::Passed,
            (None, _) if !policy.asks(check, facts) => Outcome::NotAsked,
            (None, Some(end)) if check > end => Outcome::NotReached,
            // Of a path that ends there only the end is told.
            _ => Outcome::Passed,
        };
        let evidence = match (outcome, &verdict) {
            (Outcome::Failed, Verdict::Deny(denial)) => Some(denial.to_string()),
            (Outcome::Observed, _) => noted.map(Denial::to_string),
            (Outcome::Passed, _) => evidence,
            _ => None,
        };
        Explained {
            check,
            outcome,
            evidence,
        }
    });
    Explanation {
        checks: checks.to_vec(),
        verdict,
    }
}

impl Policy<'_> {
    /// Whether a check is made of a peer that passes those before it.
    fn asks(&self, check: Check, facts: &Facts) -> bool {
        let context = self.context;
        let certificate = match facts {
            Facts::Downstream(_) => context.client_certificate == ClientCertificatePolicy::Require,
            Facts::Upstream(_) => true,
        };
        let path = match facts {
            Facts::Downstream(_) => certificate,
            Facts::Upstream(_) => context.server_certificate == ServerCertificatePolicy::Verify,
        };
        match check {
            Check::TlsVersion => true,
            Check::Certificate => certificate,
            Check::Path => path,
            Check::Policies => path && context.verification.policies.is_some(),
            Check::Revocation => path && context.verification.revocation.is_some(),
            Check::Pins => self.has_pins(),
            Check::ServerName => self.server_name.is_some() && matches!(facts, Facts::Upstream(_)),
            Check::PeerNames => self.peer_names.is_some(),
        }
    }
}

#[derive(Default)]
struct Passed(BTreeMap<Check, String>);

impl Listener for Passed {
    /// Of several candidate paths the last one counts.
    fn passed(&mut self, check: Check, evidence: &dyn Fn() -> String) {
        self.0.insert(check, evidence());
    }
}

impl Outcome {
    /// The word for it, `snake_case`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Failed => "failed",
            Self::Observed => "observed",
            Self::NotAsked => "not_asked",
            Self::NotReached => "not_reached",
        }
    }
}

#[cfg(test)]
#[cfg(not(target_arch = "wasm32"))]
mod tests;

//! One question about one peer: the checks that end it, and those that are only observed.

use sallyport_pki::UnixTime;

use super::check::{Check, Checks, Listener};
use super::path::{self, Peer, Verified};
use super::{Denial, Policy};

/// A peer in question.
pub(super) struct Inquiry<'a> {
    pub(super) policy: &'a Policy<'a>,
    pub(super) at: UnixTime,
    pub(super) listener: &'a mut dyn Listener,
    /// What was not passed, but is only observed.
    pub(super) observed: Vec<Denial>,
}

impl Inquiry<'_> {
    /// Notes what does not end the inquiry. Nothing comes out of a check that was not passed.
    pub(super) fn settle<T>(&mut self, outcome: Result<T, Denial>) -> Result<Option<T>, Denial> {
        match outcome {
            Ok(found) => Ok(Some(found)),
            Err(denial) if self.observes(&denial) => {
                self.observed.push(denial);
                Ok(None)
            }
            Err(denial) => Err(denial),
        }
    }

    /// The path of a peer, which breaks no rule that is enforced; none if whether there is one is
    /// only observed.
    pub(super) fn path(&mut self, peer: Peer<'_>) -> Result<Option<Verified>, Denial> {
        let strict = match self.path_without(peer, Checks::default()) {
            Ok(verified) => return Ok(Some(verified)),
            Err(denial) => denial,
        };
        let of_path = Checks::from_iter([Check::Policies, Check::Revocation]);
        let lenient = self.policy.observed.and(of_path);
        let enforced = match lenient.is_empty() {
            true => Err(strict.clone()),
            false => self.path_without(peer, lenient),
        };
        match enforced {
            Ok(verified) => {
                let before = self.observed.len();
                for check in lenient.iter() {
                    if let Err(denial) = self.path_without(peer, lenient.without(check)) {
                        self.observed.push(denial);
                    }
                }
                if self.observed.len() == before {
                    // Each alone would do, on paths of their own.
                    self.observed.push(strict);
                }
                Ok(Some(verified))
            }
            // Without a path nobody can say whether its other rules are kept.
            Err(denial) if of_path.iter().any(|check| self.enforces(check)) => Err(denial),
            Err(denial) => self.settle(Err(denial)),
        }
    }

    fn path_without(&mut self, peer: Peer<'_>, skipped: Checks) -> Result<Verified, Denial> {
        path::verify(self.policy, peer, skipped, self.at, self.listener)
    }

    fn observes(&self, denial: &Denial) -> bool {
        let check = Check::behind(denial.reason);
        check.is_some_and(|check| self.policy.observed.contains(check))
    }

    /// Whether a rule of the path is asked for, and not only observed.
    fn enforces(&self, check: Check) -> bool {
        let verification = &self.policy.context.verification;
        let asked = match check {
            Check::Policies => verification.policies.is_some(),
            Check::Revocation => verification.revocation.is_some(),
            _ => true,
        };
        asked && !self.policy.observed.contains(check)
    }
}

//! `onFailure`: what happens to requests that cannot be decided for want of a secret.

use crate::reason::Unavailable;
use crate::usable::OnStale;

/// What happens, by why the secret is not at hand. Peers that did not pass are no failure: no
/// setting here lets them pass.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct OnFailure {
    /// The vault did not answer, or not for longer than its last answer may be used.
    pub unreachable: Failure,
    /// The vault withdrew the secret, refuses it, or does not serve this gateway.
    pub denied: Failure,
    /// What the vault sent cannot be used.
    pub malformed: Failure,
    /// The vault did not confirm the secret in time, which it allows for a while.
    pub stale: OnStale,
}

/// What happens to a request.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Failure {
    /// It is answered by the gateway with the reason.
    #[default]
    Deny,
    /// It goes on unchecked and without a credential; that is counted and logged.
    LetPass,
}

impl OnFailure {
    /// What happens to a request for want of a secret.
    pub const fn of(self, unavailable: Unavailable) -> Failure {
        match unavailable {
            Unavailable::Unreachable => self.unreachable,
            Unavailable::Denied => self.denied,
            Unavailable::Malformed => self.malformed,
        }
    }
}

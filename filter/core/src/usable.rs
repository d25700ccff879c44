//! What may be used of the snapshot at a moment, by the configuration's word about stale secrets.

use std::time::Duration;

use sallyport_model::Reference;

use crate::material::Prepared;
use crate::reason::Reason;
use crate::snapshot::{Availability, Snapshot, Unusable};

/// A snapshot at a moment.
#[derive(Clone, Copy)]
pub(crate) struct Usable<'a> {
    pub(crate) snapshot: &'a Snapshot,
    pub(crate) on_stale: OnStale,
    pub(crate) uptime: Duration,
}

/// What happens to a secret that was not confirmed in time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnStale {
    /// It is used as long as the vault allows it for its kind (`staleFor`).
    #[default]
    Use,
    /// It is not used.
    Deny,
}

/// Whether the vault confirmed a secret in time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Age {
    Fresh,
    Stale,
}

impl<'a> Usable<'a> {
    /// The secret, or why it cannot be used.
    pub(crate) fn look_up(&self, reference: &Reference) -> Result<(&'a Prepared, Age), Reason> {
        match self.snapshot.look_up(reference, self.uptime) {
            Availability::Fresh(prepared) => Ok((prepared, Age::Fresh)),
            Availability::Stale(prepared) => match self.on_stale {
                OnStale::Use => Ok((prepared, Age::Stale)),
                OnStale::Deny => Err(Reason::SecretStale),
            },
            Availability::Unusable(unusable) => Err(unusable.into()),
        }
    }
}

impl From<Unusable> for Reason {
    fn from(unusable: Unusable) -> Self {
        match unusable {
            Unusable::Absent => Self::SecretAbsent,
            Unusable::Expired => Self::SecretExpired,
            Unusable::Withdrawn => Self::SecretWithdrawn,
            Unusable::Refused(_) => Self::SecretRefused,
            Unusable::Denied => Self::GatewayDenied,
            Unusable::Malformed => Self::SecretMalformed,
        }
    }
}

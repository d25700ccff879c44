//! One entry of the snapshot and its age.

use std::time::Duration;

use sallyport_model::{Refusal, Revision};

use crate::material::Prepared;
use crate::shared::Place;
use crate::snapshot::Confirmation;

/// What can be done with an entry.
pub enum Availability<'a> {
    /// Current, as far as anybody knows.
    Fresh(&'a Prepared),
    /// The vault did not confirm it in time; it may still be used.
    Stale(&'a Prepared),
    /// Nothing.
    Unusable(Unusable),
}

/// Why there is nothing to use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unusable {
    /// The vault has not answered yet.
    Absent,
    /// The vault has not answered for longer than the material may be used.
    Expired,
    /// The secret was deleted.
    Withdrawn,
    /// The vault refuses this reference.
    Refused(Refusal),
    /// The vault does not serve this gateway.
    Denied,
    /// The vault sent material that cannot be used.
    Malformed,
}

#[derive(Default)]
pub(super) struct Entry {
    /// What the vault wants to hear next time; absent when nothing was answered or it was dropped.
    pub(super) revision: Option<Revision>,
    /// Where the material was published, if it was.
    pub(super) place: Option<Place>,
    pub(super) held: Held,
}

pub(super) enum Held {
    Nothing(Unusable),
    Material {
        prepared: Prepared,
        edition: Edition,
        confirmation: Confirmation,
    },
}

/// Which version of a secret it is, and what else was made into it, with versions.
#[derive(Debug)]
pub(crate) struct Edition {
    pub(crate) version: u64,
    pub(crate) parts: Vec<String>,
}

impl Default for Held {
    fn default() -> Self {
        Self::Nothing(Unusable::Absent)
    }
}

impl Entry {
    pub(super) fn availability(&self, uptime: Duration) -> Availability<'_> {
        match &self.held {
            Held::Nothing(reason) => Availability::Unusable(*reason),
            Held::Material { .. } if self.is_past(uptime) => {
                Availability::Unusable(Unusable::Expired)
            }
            Held::Material { prepared, .. } if self.fresh_for(uptime) > Duration::ZERO => {
                Availability::Fresh(prepared)
            }
            Held::Material { prepared, .. } => Availability::Stale(prepared),
        }
    }

    /// Time until it should be asked for again. What is not held by decision of the vault needs
    /// no asking: a change of mind is pushed.
    pub(super) fn fresh_for(&self, uptime: Duration) -> Duration {
        match &self.held {
            Held::Nothing(Unusable::Absent | Unusable::Expired | Unusable::Denied) => {
                Duration::ZERO
            }
            Held::Nothing(_) => Duration::MAX,
            Held::Material { confirmation, .. } => confirmation.fresh_for(uptime),
        }
    }

    pub(super) fn is_past(&self, uptime: Duration) -> bool {
        match &self.held {
            Held::Nothing(_) => false,
            Held::Material { confirmation, .. } => confirmation.is_past(uptime),
        }
    }

    pub(super) const fn confirm(&mut self, anew: Confirmation) {
        if let Held::Material { confirmation, .. } = &mut self.held {
            *confirmation = anew;
        }
    }

    pub(super) fn drop_for(&mut self, reason: Unusable) {
        *self = Self {
            held: Held::Nothing(reason),
            ..Self::default()
        };
    }
}

//! One entry of the snapshot and its age.

use std::time::Duration;

use sallyport_model::{Freshness, Refusal, Revision};

use crate::material::Prepared;

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
    pub(super) held: Held,
}

pub(super) enum Held {
    Nothing(Unusable),
    Material {
        prepared: Prepared,
        freshness: Freshness,
        /// When the vault last said that this is current.
        confirmed: Duration,
    },
}

impl Default for Held {
    fn default() -> Self {
        Self::Nothing(Unusable::Absent)
    }
}

impl Held {
    pub(super) const fn material(
        prepared: Prepared,
        freshness: Freshness,
        confirmed: Duration,
    ) -> Self {
        Self::Material {
            prepared,
            freshness,
            confirmed,
        }
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
            Held::Material {
                freshness,
                confirmed,
                ..
            } => (*confirmed + Duration::from_secs(freshness.ttl.into())).saturating_sub(uptime),
        }
    }

    pub(super) fn is_past(&self, uptime: Duration) -> bool {
        match &self.held {
            Held::Nothing(_) => false,
            Held::Material {
                freshness,
                confirmed,
                ..
            } => {
                let usable = u64::from(freshness.ttl) + u64::from(freshness.stale_for);
                uptime >= *confirmed + Duration::from_secs(usable)
            }
        }
    }

    pub(super) fn confirm(&mut self, now_fresh: Freshness, uptime: Duration) {
        if let Held::Material {
            freshness,
            confirmed,
            ..
        } = &mut self.held
        {
            *freshness = now_fresh;
            *confirmed = uptime;
        }
    }

    pub(super) fn drop_for(&mut self, reason: Unusable) {
        *self = Self {
            revision: None,
            held: Held::Nothing(reason),
        };
    }
}

//! The index: what is published, where, and since when it holds. Small, and free of secrets.

use std::time::Duration;

use sallyport_model::{Refusal, Revision};
use serde::{Deserialize, Serialize};

use super::lists::ListedApart;
use crate::ordered::{Map, object};
use crate::snapshot::Confirmation;

/// What the vault last said of each reference.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Index {
    /// One more with each index; no two have the same one.
    pub(crate) generation: u64,
    /// By the text of the reference.
    #[serde(with = "object")]
    pub(crate) entries: Map<String, IndexEntry>,
    /// Whether the vault's last word was that it does not serve this gateway: that holds for references
    /// which it was not asked for yet, too.
    #[serde(default)]
    pub(crate) denied: bool,
}

/// What the vault last said of one reference.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct IndexEntry {
    /// What the vault wants to hear next time; absent when it has to say all again.
    pub(crate) revision: Option<Revision>,
    pub(crate) state: EntryState,
}

/// What became of a reference.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum EntryState {
    /// Its material is in a place.
    Current {
        place: Place,
        version: u64,
        /// What else it was made of.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        parts: Vec<String>,
        confirmation: Confirmation,
        /// Parts of it that are in places of their own.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        apart: Vec<ListedApart>,
    },
    /// The vault has not confirmed it in time.
    Expired,
    Withdrawn,
    Refused {
        reason: Refusal,
        detail: String,
    },
    /// The vault does not serve this gateway.
    Denied,
}

/// Where material is. Places are written again, sequence numbers never: a reader who finds another
/// one has an old index.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) struct Place {
    /// Who wrote it: nobody writes into another one's places.
    pub(crate) holder: u64,
    pub(crate) slot: u32,
    pub(crate) sequence: u64,
}

impl Index {
    /// What became of a reference, if anything is known of it.
    pub(crate) fn state(&self, reference: &str) -> Option<&EntryState> {
        let named = self.entries.get(reference).map(|entry| &entry.state);
        named.or(self.denied.then_some(&EntryState::Denied))
    }

    /// Time until something has to be asked for again.
    pub(super) fn fresh_for<'a>(
        &self,
        references: impl IntoIterator<Item = &'a String>,
        uptime: Duration,
    ) -> Duration {
        let entries = references.into_iter().map(|one| self.entries.get(one));
        let terms = entries.map(|entry| match entry.map(|entry| &entry.state) {
            None | Some(EntryState::Expired | EntryState::Denied) => Duration::ZERO,
            Some(EntryState::Withdrawn | EntryState::Refused { .. }) => Duration::MAX,
            Some(EntryState::Current { confirmation, .. }) => confirmation.fresh_for(uptime),
        });
        terms.min().unwrap_or_default()
    }

    /// Every set that it names.
    pub(super) fn apart(&self) -> impl Iterator<Item = &ListedApart> {
        self.entries.values().flat_map(|entry| match &entry.state {
            EntryState::Current { apart, .. } => apart.as_slice(),
            _ => &[],
        })
    }

    /// Every place of material that it names.
    pub(super) fn places(&self) -> impl Iterator<Item = Place> {
        self.entries.values().filter_map(|entry| match entry.state {
            EntryState::Current { place, .. } => Some(place),
            _ => None,
        })
    }
}

impl Place {
    pub(super) fn name(self) -> String {
        format!("material/{}/{}", self.holder, self.slot)
    }

    /// The same number is another place for the buckets of a set.
    pub(super) fn list_name(self) -> String {
        format!("list/{}/{}", self.holder, self.slot)
    }
}

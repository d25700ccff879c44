//! Taking over an index that was published for all filters of the process.

use std::time::Duration;

use sallyport_model::{Material, Reference, SecretString};
use sallyport_pki::ReadBucket;
use zeroize::Zeroizing;

use super::entry::{Edition, Entry, Held};
use super::{Applied, Change, Changed, Confirmation, Snapshot, Unusable, prepare};
use crate::json;
use crate::material::{MaterialError, Prepared};
use crate::shared::{EntryState, Index, Place};

/// A place does not hold what the index says: there is a newer index.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct OldIndex;

/// What becomes of an entry.
enum Next {
    Stay,
    Confirm(Confirmation),
    Become(Box<Entry>, Changed),
}

impl Snapshot {
    /// Takes over an index, whole or not at all; `read` gives the material of a place. Whatever the
    /// index does not name stays as it is.
    pub(crate) fn follow(
        &mut self,
        index: &Index,
        uptime: Duration,
        read: impl Fn(Place) -> Option<Zeroizing<Vec<u8>>>,
        buckets: (&str, ReadBucket),
    ) -> Result<Applied, OldIndex> {
        let mut next = Vec::with_capacity(self.entries.len());
        for (reference, entry) in &self.entries {
            next.push(match index.state(&reference.to_string()) {
                None => Next::Stay,
                Some(state) => becomes(reference, entry, state, uptime, &read, buckets)?,
            });
        }
        let mut applied = Applied::default();
        for ((reference, entry), next) in self.entries.iter_mut().zip(next) {
            match next {
                Next::Stay => {}
                Next::Confirm(confirmation) => entry.confirm(confirmation),
                Next::Become(new, state) => {
                    *entry = *new;
                    let reference = reference.clone();
                    applied.changes.push(Change { reference, state });
                }
            }
        }
        applied.news = !applied.changes.is_empty();
        self.generation += u64::from(applied.news);
        Ok(applied)
    }
}

fn becomes(
    reference: &Reference,
    entry: &Entry,
    state: &EntryState,
    uptime: Duration,
    read: impl Fn(Place) -> Option<Zeroizing<Vec<u8>>>,
    buckets: (&str, ReadBucket),
) -> Result<Next, OldIndex> {
    let (unusable, changed) = match state {
        EntryState::Current {
            place,
            version,
            parts,
            confirmation,
            apart,
        } if !confirmation.is_past(uptime) => {
            if entry.place == Some(*place) {
                return Ok(Next::Confirm(*confirmation));
            }
            let material = read(*place).ok_or(OldIndex)?;
            let prepared = parse(reference, &material).and_then(|mut prepared| {
                prepared.attach(apart, buckets)?;
                Ok(prepared)
            });
            let edition = Edition {
                version: *version,
                parts: parts.clone(),
            };
            let (held, changed) = prepare(prepared, edition, *confirmation);
            let entry = Entry {
                place: Some(*place),
                held,
                ..Entry::default()
            };
            return Ok(Next::Become(Box::new(entry), changed));
        }
        EntryState::Current { .. } | EntryState::Expired => (Unusable::Expired, Changed::Expired),
        EntryState::Withdrawn => (Unusable::Withdrawn, Changed::Withdrawn),
        EntryState::Refused { reason, detail } => (
            Unusable::Refused(*reason),
            Changed::Refused(*reason, detail.clone()),
        ),
        EntryState::Denied => (Unusable::Denied, Changed::Denied),
    };
    if matches!(entry.held, Held::Nothing(known) if known == unusable) {
        return Ok(Next::Stay);
    }
    let entry = Entry {
        held: Held::Nothing(unusable),
        ..Entry::default()
    };
    Ok(Next::Become(Box::new(entry), changed))
}

fn parse(reference: &Reference, material: &[u8]) -> Result<Prepared, MaterialError> {
    let material: Material<SecretString> = json::read(material)?;
    Prepared::new(reference, material)
}

//! What a name means for a gateway right now. Whether the gateway may read the group is asked for each
//! one; everything behind that is looked up once for each position of the change feed, so that a
//! thousand streams of one name read it once.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use sallyport_model::{GroupId, Refusal, Revision};
use tokio::sync::OnceCell;

use super::Sds;
use super::name::ResourceName;
use super::outstanding::Versions;
use super::secret::Made;
use crate::provider::ProviderError;
use crate::provider::gateway::Gateway;
use crate::provider::locate::{Located, Placed, not_granted};
use crate::provider::revision;
use crate::store::ChangeSeq;

/// Most names that are remembered.
const CAPACITY: usize = 10_000;

/// What a name means.
pub(super) enum Looked {
    /// Something that the gateway may read.
    Known(Arc<Entry>),
    /// It stands for nothing, or the gateway may not read it.
    Refused { reason: Refusal, detail: String },
}

/// What a name means to every gateway whose grant reaches it.
pub(super) struct Entry {
    pub(super) name: ResourceName,
    pub(super) placed: Placed,
    /// Made once, if it is public.
    pub(super) made: OnceCell<Made>,
}

/// What was looked up at one position of the change feed.
#[derive(Default)]
pub(super) struct Memo(Mutex<Page>);

#[derive(Default)]
struct Page {
    at: ChangeSeq,
    entries: HashMap<(GroupId, ResourceName), Arc<Entry>>,
}

impl Looked {
    /// What is not granted; anything else is not told.
    fn refused(located: Located) -> Self {
        match located {
            Located::Refused { reason, detail } => Self::Refused { reason, detail },
            Located::Found(_) | Located::Withdrawn => Self::Refused {
                reason: Refusal::NotFound,
                detail: String::new(),
            },
        }
    }

    /// The versions in force that it brings to a gateway.
    pub(super) fn in_force(&self) -> Versions {
        match self {
            Self::Known(entry) => match &entry.placed.located {
                Located::Found(found) => found.in_force().collect(),
                Located::Withdrawn | Located::Refused { .. } => Versions::new(),
            },
            Self::Refused { .. } => Versions::new(),
        }
    }

    /// Changes whenever what there is of the name changes.
    pub(super) fn revision(&self) -> Revision {
        match self {
            Self::Known(entry) => entry.placed.located.revision(),
            Self::Refused { reason, .. } => revision::of_refusal(*reason),
        }
    }
}

impl Sds {
    /// Looks a name up, at a position of the change feed that was read before.
    pub(super) async fn look(
        &self,
        gateway: &Gateway,
        text: &str,
        at: ChangeSeq,
    ) -> Result<Looked, ProviderError> {
        let name = match self.name(text) {
            Ok(name) => name,
            Err(error) => {
                return Ok(Looked::Refused {
                    reason: Refusal::MalformedReference,
                    detail: error.to_string(),
                });
            }
        };
        let granted = self
            .provider
            .granted_group(gateway, gateway.scope, &name.reference)
            .await?;
        let granted = match granted {
            Ok(granted) => granted,
            Err(refused) => return Ok(Looked::refused(refused)),
        };
        let key = (granted.group.id, name.clone());
        let entry = match self.memo.get(at, &key) {
            Some(entry) => entry,
            None => {
                let (group, reference) = (granted.group.clone(), name.reference.clone());
                let placed = self.provider.locate_in(group, reference, name.purpose());
                let entry = Arc::new(Entry {
                    placed: placed.await?,
                    name,
                    made: OnceCell::new(),
                });
                self.memo.keep(at, key, entry)
            }
        };
        let reference = &entry.name.reference;
        match granted.reaches(reference, entry.placed.secret) {
            true => Ok(Looked::Known(entry)),
            false => Ok(Looked::refused(not_granted(gateway, reference))),
        }
    }
}

impl Memo {
    fn get(&self, at: ChangeSeq, key: &(GroupId, ResourceName)) -> Option<Arc<Entry>> {
        let page = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        (page.at == at)
            .then(|| page.entries.get(key).cloned())
            .flatten()
    }

    /// The entry that is remembered from now on: another stream may have been faster.
    fn keep(&self, at: ChangeSeq, key: (GroupId, ResourceName), entry: Arc<Entry>) -> Arc<Entry> {
        let mut page = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if page.at < at || page.entries.len() >= CAPACITY {
            page.at = page.at.max(at);
            page.entries.clear();
        }
        // A look that began before the newest change is for its own stream only: it looks again.
        if page.at > at {
            return entry;
        }
        Arc::clone(page.entries.entry(key).or_insert(entry))
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn entry(name: &ResourceName) -> Arc<Entry> {
        Arc::new(Entry {
            name: name.clone(),
            placed: Placed {
                secret: None,
                located: Located::Withdrawn,
            },
            made: OnceCell::new(),
        })
    }

    #[test]
    fn a_name_is_looked_up_once_for_each_position_of_the_feed() {
        let name: ResourceName = "secret://pay/tlsContexts/in#validation".parse().unwrap();
        let key = (GroupId::new(Uuid::from_u128(1)), name.clone());
        let memo = Memo::default();
        assert!(memo.get(1, &key).is_none());
        let first = memo.keep(1, key.clone(), entry(&name));
        let second = memo.keep(1, key.clone(), entry(&name));
        assert!(Arc::ptr_eq(&first, &second));
        assert!(Arc::ptr_eq(&first, &memo.get(1, &key).unwrap()));
        // After a change it is looked up again; who comes late spoils nothing.
        assert!(memo.get(2, &key).is_none());
        let newer = memo.keep(2, key.clone(), entry(&name));
        let late = memo.keep(1, key.clone(), entry(&name));
        assert!(!Arc::ptr_eq(&newer, &late));
        assert!(Arc::ptr_eq(&newer, &memo.get(2, &key).unwrap()));
    }
}

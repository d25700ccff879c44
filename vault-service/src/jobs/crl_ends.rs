//! When the revocation lists in force end, whoever has put them there: for monitoring, and with a line in
//! the log when a distributor's have ended.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use sallyport_model::SecretId;
use sallyport_pki::UnixTime;
use tokio::sync::watch;
use tracing::{error, warn};

use crate::manager::{CrlSource, Manager, ManagerError};
use crate::metrics::CrlMetrics;
use crate::store::Store;

/// Shortest and longest time between two looks.
const LOOKS: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(60));

/// When the lists of all CRL distributors end.
pub struct CrlEnds {
    manager: Manager,
    store: Arc<dyn Store>,
    metrics: CrlMetrics,
    known: BTreeMap<SecretId, End>,
}

/// A distributor whose lists have ended, or the first of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ended {
    /// For people: `payments/partner-crl`.
    pub distributor: String,
    /// When.
    pub next_update: UnixTime,
}

/// Of one edition, so that lists of many MiB are read once.
struct End {
    edition: u64,
    /// Of the list that ends first; `None` if nothing is in force.
    next_update: Option<UnixTime>,
    told: bool,
}

impl CrlEnds {
    /// Knows nothing until it looks.
    pub fn new(manager: Manager, store: Arc<dyn Store>, metrics: CrlMetrics) -> Self {
        Self {
            manager,
            store,
            metrics,
            known: BTreeMap::new(),
        }
    }

    /// Looks at once, every minute and after changes, until `stop` says so.
    pub async fn run(mut self, now: impl Fn() -> UnixTime, mut stop: watch::Receiver<bool>) {
        let mut changes = self.store.changes();
        let (shortest, longest) = LOOKS;
        let work = async {
            loop {
                changes.borrow_and_update();
                match self.look(now()).await {
                    Ok(ended) => ended.iter().for_each(log),
                    Err(error) => error!(%error, "cannot look when revocation lists end"),
                }
                tokio::time::sleep(shortest).await;
                if let Ok(Err(_)) = tokio::time::timeout(longest, changes.changed()).await {
                    return;
                }
            }
        };
        tokio::select! {
            () = work => {}
            _ = stop.wait_for(|stop| *stop) => {}
        }
    }

    /// Looks at all distributors; gives those whose lists have ended since the last look.
    pub async fn look(&mut self, now: UnixTime) -> Result<Vec<Ended>, ManagerError> {
        let sources = self.manager.crl_sources().await?;
        let ids: BTreeSet<_> = sources.iter().map(CrlSource::id).collect();
        self.known
            .retain(|distributor, _| ids.contains(distributor));
        let mut ended = Vec::new();
        for source in &sources {
            match self.read(source).await {
                // Deleted meanwhile.
                Ok(()) | Err(ManagerError::NoSuch { .. }) => {}
                Err(error) => {
                    let distributor = source.place();
                    error!(distributor, %error, "cannot look when revocation lists end");
                }
            }
            let end = self.known.get_mut(&source.id());
            ended.extend(end.and_then(|end| end.tell(source, now)));
        }
        let known = self.known.iter();
        let ends = known.filter_map(|(distributor, end)| Some((*distributor, end.next_update?)));
        self.metrics.show_ends(ends);
        Ok(ended)
    }

    async fn read(&mut self, source: &CrlSource) -> Result<(), ManagerError> {
        let id = source.id();
        let edition = self.store.published_edition(id).await?;
        if self
            .known
            .get(&id)
            .is_some_and(|end| end.edition == edition)
        {
            return Ok(());
        }
        let in_force = self.manager.lists_in_force(&source.group, id).await?;
        let lists = in_force.revocations.lists().iter();
        let end = End {
            edition: in_force.edition,
            next_update: lists.map(|list| list.next_update()).min(),
            told: false,
        };
        self.known.insert(id, end);
        Ok(())
    }
}

impl End {
    fn tell(&mut self, source: &CrlSource, now: UnixTime) -> Option<Ended> {
        let next_update = self.next_update.filter(|end| *end <= now && !self.told)?;
        self.told = true;
        Some(Ended {
            distributor: source.place(),
            next_update,
        })
    }
}

fn log(ended: &Ended) {
    let Ended {
        distributor,
        next_update,
    } = ended;
    warn!(distributor, %next_update, "a revocation list in force has ended");
}

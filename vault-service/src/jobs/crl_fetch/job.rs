//! The job: looks what is due and has it fetched.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::{StreamExt as _, stream};
use sallyport_model::SecretId;
use sallyport_pki::UnixTime;
use tokio::sync::watch;
use tracing::{error, info};

use super::download::Downloader;
use super::gauge::CrlGauge;
use super::progress::CrlProgress;
use super::turn::{NoTurn, Turn};
use crate::manager::{CrlSource, Manager, ManagerError};
use crate::metrics::CrlMetrics;
use crate::store::{CrlFetchRecord, Store, StoreError};

/// The name of this job in the audit log.
pub const JOB: &str = "crl-fetch";

/// Distributors that are fetched at the same time.
const AT_ONCE: usize = 4;

/// Shortest and longest time between two looks at what is due.
const LOOKS: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(60));

/// What is not the same in every installation, or in every test.
pub struct FetchRules {
    /// Seconds after which a certificate that was revoked may be listed no longer.
    pub listed_for: i64,
    /// The time.
    pub now: Box<dyn Fn() -> UnixTime + Send + Sync>,
    /// A random number.
    pub chance: Box<dyn Fn() -> u32 + Send + Sync>,
}

/// Fetches the lists of CRL distributors.
pub struct CrlFetching {
    pub(super) manager: Manager,
    pub(super) store: Arc<dyn Store>,
    pub(super) downloader: Downloader,
    pub(super) rules: FetchRules,
    gauges: Mutex<BTreeMap<SecretId, CrlGauge>>,
    metrics: CrlMetrics,
}

/// What came of fetching at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FetchedNow {
    /// It was tried.
    Done,
    /// Somebody is at it already.
    Busy,
}

impl CrlFetching {
    /// The job; it does nothing until it is asked to.
    pub fn new(
        manager: Manager,
        store: Arc<dyn Store>,
        downloader: Downloader,
        rules: FetchRules,
        metrics: CrlMetrics,
    ) -> Self {
        Self {
            metrics,
            manager,
            store,
            downloader,
            rules,
            gauges: Mutex::default(),
        }
    }

    /// Fetches what is due until `stop` says so. A download under way ends with it.
    pub async fn run(&self, mut stop: watch::Receiver<bool>) {
        let work = async {
            let mut changes = self.store.changes();
            loop {
                changes.borrow_and_update();
                let next = self.fetch_due().await.unwrap_or_else(|error| {
                    error!(%error, source = ?std::error::Error::source(&error), "cannot look for lists to fetch");
                    UnixTime(i64::MAX)
                });
                let (shortest, longest) = LOOKS;
                tokio::time::sleep(shortest).await;
                let wait = u64::try_from(next.0.saturating_sub((self.rules.now)().0));
                let wait = Duration::from_secs(wait.unwrap_or(0)).min(longest);
                // A distributor may be new, or have another URL.
                if let Ok(Err(_)) = tokio::time::timeout(wait, changes.changed()).await {
                    return;
                }
            }
        };
        tokio::select! {
            () = work => {}
            _ = stop.wait_for(|stop| *stop) => {}
        }
    }

    /// Fetches what is due now; gives the time at which something is due next.
    pub async fn fetch_due(&self) -> Result<UnixTime, ManagerError> {
        let now = (self.rules.now)();
        let mut next = UnixTime(i64::MAX);
        let mut due = Vec::new();
        let sources = self.manager.crl_sources().await?;
        self.forget_others(&sources);
        for source in sources {
            let record = self.store.crl_fetch(source.id()).await?;
            let progress = CrlProgress::of(record.as_ref(), now);
            let at = due_at(record.as_ref(), &source, &progress);
            if at <= now {
                due.push((source, record));
            } else {
                next = next.min(at);
                self.show(&source, &progress);
            }
        }
        stream::iter(due)
            .for_each_concurrent(AT_ONCE, |(source, record)| async move {
                let fetched = match self.fetch(&source, record).await {
                    // At once: the others of this round may take long.
                    Err(NoTurn::Superseded { .. }) => self.fetch_newer(&source).await,
                    fetched => fetched,
                };
                match fetched {
                    // Done, left to somebody else, or changed or deleted meanwhile.
                    Ok(()) | Err(NoTurn::Busy | NoTurn::Superseded { .. } | NoTurn::Gone) => {}
                    Err(NoTurn::Failed(error)) => {
                        let place = source.place();
                        error!(distributor = place, %error, "cannot fetch revocation lists");
                    }
                }
            })
            .await;
        Ok(next)
    }

    async fn fetch_newer(&self, source: &CrlSource) -> Result<(), NoTurn> {
        self.fetch_now(source.id()).await?;
        Ok(())
    }

    /// Fetches the lists of a distributor at once.
    pub async fn fetch_now(&self, distributor: SecretId) -> Result<FetchedNow, ManagerError> {
        let gone = || ManagerError::NoSuch {
            what: "CRL distributor",
            name: distributor.to_string(),
        };
        let sources = self.manager.crl_sources().await?.into_iter();
        let source = sources.into_iter().find(|one| one.id() == distributor);
        let source = source.ok_or_else(gone)?;
        let record = self.store.crl_fetch(distributor).await?;
        match self.fetch(&source, record).await {
            Ok(()) => Ok(FetchedNow::Done),
            Err(NoTurn::Busy) => Ok(FetchedNow::Busy),
            Err(NoTurn::Superseded { found }) => Err(ManagerError::Changed { found }),
            Err(NoTurn::Gone) => Err(gone()),
            Err(NoTurn::Failed(error)) => Err(error),
        }
    }

    /// Ends what is still under way as interrupted: begun by this process, which stops, or by one before
    /// it. Only for who is alone on the store.
    pub async fn give_back(&self) {
        if let Err(error) = self.end_turns().await {
            error!(%error, "fetches of revocation lists that were interrupted cannot be ended");
        }
    }

    async fn end_turns(&self) -> Result<(), ManagerError> {
        for source in self.manager.crl_sources().await? {
            let record = self.store.crl_fetch(source.id()).await?;
            let Some(turn) = record.and_then(Turn::left_behind) else {
                continue;
            };
            let place = source.place();
            info!(
                distributor = place,
                "a fetch of revocation lists was interrupted"
            );
            let entry = self.entry(&source).failed("interrupted");
            let given_back = turn.given_back((self.rules.now)())?;
            match self.store.commit(vec![given_back, entry]).await {
                // Ended, or deleted meanwhile.
                Ok(()) | Err(StoreError::Stale { .. } | StoreError::Gone { .. }) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }

    /// What came of it so far, and when it is fetched next. `None` before the first time.
    pub async fn progress(
        &self,
        distributor: SecretId,
    ) -> Result<Option<(CrlProgress, UnixTime)>, StoreError> {
        let record = self.store.crl_fetch(distributor).await?;
        let now = (self.rules.now)();
        Ok(record.map(|record| (CrlProgress::of(Some(&record), now), record.next_at)))
    }

    /// Where all distributors stand, by their ids.
    pub fn gauges(&self) -> Vec<CrlGauge> {
        let gauges = self.gauges.lock().unwrap_or_else(PoisonError::into_inner);
        gauges.values().cloned().collect()
    }

    pub(super) fn show(&self, source: &CrlSource, progress: &CrlProgress) {
        let lists = std::iter::once(&progress.complete).chain(&progress.delta);
        let gauge = CrlGauge {
            distributor: source.id(),
            place: source.place(),
            succeeded_at: lists
                .clone()
                .map(|list| list.succeeded_at)
                .min()
                .flatten()
                .map(UnixTime),
            failures: progress.failures(),
            dropped: lists.map(|list| list.dropped).sum(),
        };
        let mut gauges = self.gauges.lock().unwrap_or_else(PoisonError::into_inner);
        gauges.insert(gauge.distributor, gauge);
        self.metrics.show(gauges.values());
    }

    fn forget_others(&self, sources: &[CrlSource]) {
        let mut gauges = self.gauges.lock().unwrap_or_else(PoisonError::into_inner);
        gauges.retain(|distributor, _| sources.iter().any(|source| source.id() == *distributor));
        self.metrics.show(gauges.values());
    }
}

/// At once if it never was or is about other URLs, else as noted, and not while somebody is at it.
fn due_at(record: Option<&CrlFetchRecord>, source: &CrlSource, progress: &CrlProgress) -> UnixTime {
    let Some(record) = record else {
        return UnixTime(i64::MIN);
    };
    let claimed = progress.is_under_way(source.version());
    let free = record.claimed_until.filter(|_| claimed);
    let free = free.unwrap_or(UnixTime(i64::MIN));
    match progress.is_about(&source.complete, source.delta.as_ref()) {
        true => record.next_at.max(free),
        false => free,
    }
}

//! The job: looks what is due, claims it, fetches, and notes what came of it.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::{StreamExt as _, stream};
use hyper::body::Bytes;
use sallyport_model::{CrlUrl, SecretId};
use sallyport_pki::{Certificate, CrlUpdate, UnixTime};
use tokio::sync::watch;
use tracing::{Instrument as _, error, info, info_span, warn};

use super::download::{Downloaded, Downloader};
use super::failure::FetchFailure;
use super::gauge::CrlGauge;
use super::progress::{Attempted, CrlProgress};
use super::schedule::Schedule;
use crate::audit::Entry;
use crate::manager::{CrlSource, DroppedCertificates, Manager, ManagerError};
use crate::metrics::CrlMetrics;
use crate::store::{CrlFetchRecord, Store, StoreError, Write};
use crate::trace::{self, TraceContext};

/// The name of this job in the audit log.
pub const JOB: &str = "crl-fetch";

/// What is audited before anybody is asked, and again with what came of it.
const OPERATION: &str = "crlDistributorConfigs.fetch";

/// Seconds for which a service that has said so is the only one to fetch: more than it can take.
const CLAIM: i64 = 600;

/// Distributors that are fetched at the same time.
const AT_ONCE: usize = 4;

/// Shortest and longest time between two looks at what is due.
const LOOKS: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(60));

/// How often a list is verified again because another was published meanwhile.
const TRIES: usize = 3;

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
    manager: Manager,
    store: Arc<dyn Store>,
    downloader: Downloader,
    rules: FetchRules,
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

/// Why a turn came to nothing.
enum Turn {
    Busy,
    Gone,
    Failed(ManagerError),
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
            let progress = read(record.as_ref());
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
                match self.fetch(&source, record).await {
                    // Done, left to somebody else, or deleted meanwhile.
                    Ok(()) | Err(Turn::Busy | Turn::Gone) => {}
                    Err(Turn::Failed(error)) => {
                        let place = source.place();
                        error!(distributor = place, %error, "cannot fetch revocation lists");
                    }
                }
            })
            .await;
        Ok(next)
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
            Err(Turn::Busy) => Ok(FetchedNow::Busy),
            Err(Turn::Gone) => Err(gone()),
            Err(Turn::Failed(error)) => Err(error),
        }
    }

    /// What came of it so far, and when it is fetched next. `None` before the first time.
    pub async fn progress(
        &self,
        distributor: SecretId,
    ) -> Result<Option<(CrlProgress, UnixTime)>, StoreError> {
        let record = self.store.crl_fetch(distributor).await?;
        Ok(record.map(|record| (read(Some(&record)), record.next_at)))
    }

    /// Where all distributors stand, by their ids.
    pub fn gauges(&self) -> Vec<CrlGauge> {
        let gauges = self.gauges.lock().unwrap_or_else(PoisonError::into_inner);
        gauges.values().cloned().collect()
    }

    /// In the trace of who asked for it, else in one of its own: its lines in the log and the requests to
    /// the servers belong together.
    async fn fetch(&self, source: &CrlSource, record: Option<CrlFetchRecord>) -> Result<(), Turn> {
        let trace = trace::current().or_else(TraceContext::begin);
        let id = trace.map(|trace| tracing::field::display(trace.trace_id()));
        let span = info_span!("crl_fetch", trace_id = id);
        trace::within(trace, self.fetch_all(source, record).instrument(span)).await
    }

    async fn fetch_all(
        &self,
        source: &CrlSource,
        record: Option<CrlFetchRecord>,
    ) -> Result<(), Turn> {
        let progress = read(record.as_ref());
        let claim = self.claim(source, record).await?;
        let fetched = self.fetch_claimed(source, progress, claim).await;
        let reason = match &fetched {
            Ok(()) | Err(Turn::Busy) => return fetched,
            Err(Turn::Gone) => "gone",
            Err(Turn::Failed(_)) => "unavailable",
        };
        let entry = self.entry(source).failed(reason);
        self.store.commit(vec![entry]).await?;
        fetched
    }

    /// Fetches, and commits what came of it with the outcome of what [`Self::claim`] began.
    async fn fetch_claimed(
        &self,
        source: &CrlSource,
        mut progress: CrlProgress,
        claim: CrlFetchRecord,
    ) -> Result<(), Turn> {
        let mut outcome = None;
        let signers = self.manager.crl_signers(source).await?;
        let lists = std::iter::once((&source.complete, &mut progress.complete));
        let delta = match &source.delta {
            Some(url) => Some((url, progress.delta.get_or_insert_default())),
            None => {
                progress.delta = None;
                None
            }
        };
        let mut ends = None;
        for (url, list) in lists.chain(delta) {
            list.turn_to(url);
            let failure = match self.fetch_list(source, url, list, &signers).await {
                Ok(end) => {
                    ends = end.or(ends);
                    continue;
                }
                Err(failure) if failure.is_gone() => return Err(Turn::Gone),
                Err(failure) => failure,
            };
            let now = (self.rules.now)();
            let (place, code) = (source.place(), failure.code());
            warn!(distributor = place, %url, code, error = %failure, "a revocation list was not fetched; the last good one stays");
            list.failed(&failure, now);
            outcome = Some(code);
        }
        progress.next_update = ends.map(|end: UnixTime| end.0).or(progress.next_update);
        self.show(source, &progress);
        let failures = progress.failures();
        let now = (self.rules.now)();
        let next = Schedule::new(source.frequency).next(now, failures, (self.rules.chance)());
        let done = CrlFetchRecord {
            revision: claim.revision.saturating_add(1),
            next_at: next,
            claimed_until: None,
            progress: serde_json::to_string(&progress).map_err(ManagerError::from)?,
            ..claim
        };
        let write = Write::PutCrlFetch {
            expected: claim.revision,
            fetch: done,
        };
        let entry = self.entry(source);
        let entry = match outcome {
            Some(code) => entry.failed(code),
            None => entry.allowed(),
        };
        self.store.commit(vec![write, entry]).await?;
        Ok(())
    }

    fn entry(&self, source: &CrlSource) -> Entry {
        let (scope, object) = (source.group.scope, source.audited());
        Entry::of_service(JOB, scope, OPERATION, object, (self.rules.now)())
    }

    /// From here on nobody else fetches, in this process or another one on the same store. The log says
    /// so before anybody is asked.
    async fn claim(
        &self,
        source: &CrlSource,
        record: Option<CrlFetchRecord>,
    ) -> Result<CrlFetchRecord, Turn> {
        let now = (self.rules.now)();
        let record = record.unwrap_or_else(|| CrlFetchRecord {
            distributor: source.id(),
            revision: 0,
            next_at: now,
            claimed_until: None,
            progress: "{}".to_owned(),
        });
        if record.claimed_until.is_some_and(|until| until > now) {
            return Err(Turn::Busy);
        }
        let claim = CrlFetchRecord {
            revision: record.revision.saturating_add(1),
            claimed_until: Some(UnixTime(now.0.saturating_add(CLAIM))),
            ..record
        };
        let write = Write::PutCrlFetch {
            expected: record.revision,
            fetch: claim.clone(),
        };
        let begun = self.entry(source).begun();
        self.store.commit(vec![write, begun]).await?;
        Ok(claim)
    }

    /// Fetches a list and puts it into force; gives the moment at which the first of the lists in force
    /// ends, if it is another one.
    async fn fetch_list(
        &self,
        source: &CrlSource,
        url: &CrlUrl,
        list: &mut Attempted,
        signers: &[Certificate],
    ) -> Result<Option<UnixTime>, FetchFailure> {
        let downloaded = self.downloader.download(url, &list.validators, signers);
        let (crl, validators) = match downloaded.await? {
            Downloaded::NotModified => {
                list.confirmed((self.rules.now)());
                return Ok(None);
            }
            Downloaded::Crl(crl, validators) => (Bytes::from(crl), validators),
        };
        let now = (self.rules.now)();
        let (update, ends) = self.put_into_force(source, crl, now).await?;
        let dropped = match update {
            CrlUpdate::Replaced { dropped } => dropped.certificates,
            CrlUpdate::Added | CrlUpdate::Unchanged => 0,
        };
        let place = source.place();
        match dropped {
            0 => info!(distributor = place, %url, ?update, "a revocation list was fetched"),
            dropped => {
                warn!(distributor = place, %url, dropped, "a newer revocation list lists fewer certificates");
            }
        }
        list.taken(validators, dropped, now);
        Ok(ends)
    }

    async fn put_into_force(
        &self,
        source: &CrlSource,
        crl: Bytes,
        now: UnixTime,
    ) -> Result<(CrlUpdate, Option<UnixTime>), FetchFailure> {
        let earliest = UnixTime(now.0.saturating_sub(self.rules.listed_for));
        let dropped = DroppedCertificates::RefusedAfter(earliest);
        let mut tries = TRIES;
        loop {
            tries = tries.saturating_sub(1);
            let published =
                self.manager
                    .publish_fetched_crl(JOB, source, crl.clone(), dropped, now);
            match published.await {
                Ok((update, in_force)) => {
                    let lists = in_force.revocations.lists().iter();
                    return Ok((update, lists.map(|list| list.next_update()).min()));
                }
                // Somebody has published another one in the meantime.
                Err(ManagerError::Changed { .. }) if tries > 0 => {}
                Err(error) => return Err(error.into()),
            }
        }
    }

    fn show(&self, source: &CrlSource, progress: &CrlProgress) {
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
            next_update: progress.next_update.map(UnixTime),
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
    let free = record.claimed_until.unwrap_or(UnixTime(i64::MIN));
    match progress.is_about(&source.complete, source.delta.as_ref()) {
        true => record.next_at.max(free),
        false => free,
    }
}

/// What does not read, of a newer service perhaps, counts as nothing: everything is fetched again.
fn read(record: Option<&CrlFetchRecord>) -> CrlProgress {
    record
        .and_then(|record| serde_json::from_str(&record.progress).ok())
        .unwrap_or_default()
}

impl From<ManagerError> for Turn {
    fn from(error: ManagerError) -> Self {
        match error {
            ManagerError::NoSuch { .. } => Self::Gone,
            error => Self::Failed(error),
        }
    }
}

impl From<StoreError> for Turn {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Stale { .. } => Self::Busy,
            StoreError::Gone { .. } => Self::Gone,
            error => Self::Failed(error.into()),
        }
    }
}

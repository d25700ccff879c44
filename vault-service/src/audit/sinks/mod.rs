//! Where the audit log goes besides the store: files, stdout, syslog.
//!
//! Data path: `Store::commit` -> [`Store::log_lines`] -> one thread per sink ([`carrier`]) -> its device
//! (`file`, `stdout`, `syslog`) -> [`Standing`]. The store is the source: a sink that was away reads
//! there what it missed. Nothing waits for all of them; an answer waits for the first
//! (`docs/decisions/0028-audit-sinks.md`).

mod carrier;
mod file;
mod standing;
mod stdout;
mod syslog;

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use thiserror::Error;
use tokio::runtime::Handle;
use tokio::sync::watch;

use self::carrier::{Carrier, Device};
use self::standing::Shown;
pub use self::standing::Standing;
use crate::metrics::AuditMetrics;
use crate::settings::{SinkSettings, SinkTarget};
use crate::store::Store;

/// All sinks of a vault.
#[derive(Clone)]
pub struct Sinks(Arc<Inner>);

struct Inner {
    sinks: Vec<Arc<Shown>>,
    head: watch::Receiver<u64>,
    moved: watch::Receiver<()>,
    reopenings: Arc<AtomicU64>,
}

/// No sink has the entry, so what it tells of must not happen.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("no audit sink accepts entries ({})", .sinks.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
pub struct NoSink {
    /// How each of those that count stands.
    pub sinks: Vec<SinkStanding>,
}

/// How a sink stands.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{name}: {standing}")]
pub struct SinkStanding {
    /// `file`, `stdout`, `syslog`; with a number from the second of a kind on.
    pub name: String,
    /// How it stands.
    pub standing: Standing,
}

impl Sinks {
    /// Starts a thread for each. They end with the store.
    pub fn start(
        store: &Arc<dyn Store>,
        settings: &[SinkSettings],
        metrics: &AuditMetrics,
    ) -> io::Result<Self> {
        let (moves, moved) = watch::channel(());
        let moves = Arc::new(moves);
        let reopenings = Arc::new(AtomicU64::new(0));
        let mut sinks: Vec<Arc<Shown>> = Vec::new();
        for settings in settings {
            let kind = settings.target.kind();
            let same = sinks.iter().filter(|sink| sink.kind == kind).count();
            let shown = Arc::new(Shown::new(kind, same, settings, Arc::clone(&moves)));
            sinks.push(Arc::clone(&shown));
            Carrier {
                device: device(&settings.target, settings.deadline, &reopenings),
                lines: store.log_lines(),
                started_at: *store.log_head().borrow(),
                store: Arc::downgrade(store),
                runtime: Handle::current(),
                shown,
                metrics: metrics.clone(),
            }
            .start()?;
        }
        Ok(Self(Arc::new(Inner {
            sinks,
            head: store.log_head(),
            moved,
            reopenings,
        })))
    }

    /// Whether an entry that is made now has a chance. Without a sink that counts the store alone decides.
    pub fn check(&self) -> Result<(), NoSink> {
        let mut counting = self.counting().peekable();
        match counting.peek().is_none() || counting.any(|sink| sink.standing().accepts()) {
            true => Ok(()),
            false => Err(self.refusal()),
        }
    }

    /// Returns when one of the sinks that count has every entry that is in the store by now; at once
    /// when none counts.
    pub async fn taken(&self) -> Result<(), NoSink> {
        let head = *self.0.head.borrow();
        let taken = || self.counting().any(|sink| sink.taken() >= head);
        if taken() || self.counting().next().is_none() {
            return Ok(());
        }
        let patience = self.counting().map(|sink| sink.deadline).max();
        let waited = self
            .wait(patience, || taken() || self.check().is_err())
            .await;
        match waited && taken() {
            true => Ok(()),
            false => Err(self.refusal()),
        }
    }

    /// Waits for the sinks when the service starts or stops: until all have everything, or no longer
    /// than their deadlines.
    pub async fn settle(&self) {
        let head = *self.0.head.borrow();
        let sinks = &self.0.sinks;
        let patience = sinks.iter().map(|sink| sink.deadline).max();
        let all = || {
            let mut sinks = sinks.iter();
            sinks.all(|sink| sink.taken() >= head || sink.standing().failing())
        };
        self.wait(patience, all).await;
    }

    /// Lets files be opened anew before the next entry: somebody has moved them.
    pub fn reopen(&self) {
        self.0.reopenings.fetch_add(1, Ordering::Relaxed);
    }

    /// How all of them stand.
    pub fn standings(&self) -> Vec<SinkStanding> {
        self.0.sinks.iter().map(|sink| sink.to_standing()).collect()
    }

    fn counting(&self) -> impl Iterator<Item = &Arc<Shown>> {
        self.0.sinks.iter().filter(|sink| sink.counts)
    }

    fn refusal(&self) -> NoSink {
        NoSink {
            sinks: self.counting().map(|sink| sink.to_standing()).collect(),
        }
    }

    async fn wait(&self, patience: Option<Duration>, done: impl Fn() -> bool) -> bool {
        let mut moved = self.0.moved.clone();
        let done = moved.wait_for(|()| done());
        let patience = patience.unwrap_or_default();
        matches!(tokio::time::timeout(patience, done).await, Ok(Ok(_)))
    }
}

fn device(target: &SinkTarget, deadline: Duration, reopenings: &Arc<AtomicU64>) -> Box<dyn Device> {
    match target {
        SinkTarget::File(settings) => {
            Box::new(file::Rotating::new(settings, Arc::clone(reopenings)))
        }
        SinkTarget::Stdout => Box::new(stdout::Stdout),
        SinkTarget::Syslog(address) => Box::new(syslog::Syslog::new(address.clone(), deadline)),
    }
}

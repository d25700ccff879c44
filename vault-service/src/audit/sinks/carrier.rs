//! The thread of a sink: it may be held up as long as its device likes, and nobody else is.
//!
//! Its queue is its place in [`Store::log_lines`], which is bounded: what falls out of it is read from
//! the store.

use std::io;
use std::ops::ControlFlow;
use std::sync::{Arc, Weak};
use std::thread;
use std::time::Duration;

use sallyport_model::audit::AuditLineError;
use thiserror::Error;
use tokio::runtime::Handle;
use tokio::sync::broadcast;
use tokio::sync::broadcast::error::RecvError;
use tracing::{info, warn};

use super::standing::Shown;
use crate::metrics::AuditMetrics;
use crate::store::{LogLine, LogLines, Store, StoreError};

/// How long a failed sink is left alone.
const PAUSE: Duration = Duration::from_millis(500);

/// Lines that are read from the store at once.
const PAGE: u32 = 256;

/// What lines are written to.
pub(super) trait Device: Send {
    /// Opens it, again after a failure.
    fn open(&mut self) -> Result<Holds, DeviceError>;

    /// Writes lines in order.
    fn write(&mut self, lines: &[LogLine]) -> Result<(), DeviceError>;
}

/// What an open device holds already.
pub(super) enum Holds {
    /// It cannot tell.
    Unknown,
    /// Nothing: it wants the whole log.
    Nothing,
    /// The log up to this line.
    Through(LogLine),
}

/// Why a sink does not take entries. Shown to whoever asks for readiness: no path, no address.
#[derive(Debug, Error)]
pub(super) enum DeviceError {
    /// The system said so.
    #[error(transparent)]
    System(#[from] io::Error),
    /// The file is of something else.
    #[error("its last line is {0}")]
    Foreign(#[from] AuditLineError),
    /// The file is of another log, or of a later state of this one.
    #[error("its entry {seq} is not the one of this vault")]
    Diverged {
        /// The last entry in the file.
        seq: u64,
    },
    /// The handshake failed, or its settings are of no use.
    #[error("TLS: {0}")]
    Tls(#[from] rustls::Error),
    /// A file of certificates or of a key is not there, or not readable.
    #[error("{setting}: {source}")]
    File {
        /// Which.
        setting: &'static str,
        /// Why.
        source: io::Error,
    },
    /// It is no PEM. What it is instead is not shown: it may be a key.
    #[error("{setting} is no PEM, or has not what belongs there")]
    Pem {
        /// Which.
        setting: &'static str,
    },
    /// There is nothing to read what was missed from.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// A sink's thread.
pub(super) struct Carrier {
    pub(super) device: Box<dyn Device>,
    pub(super) lines: broadcast::Receiver<LogLines>,
    /// Where the log was when the service started.
    pub(super) started_at: u64,
    pub(super) store: Weak<dyn Store>,
    pub(super) runtime: Handle,
    pub(super) shown: Arc<Shown>,
    pub(super) metrics: AuditMetrics,
}

/// The store is closed.
struct Over;

impl Carrier {
    /// Runs until the store is closed. Nobody waits for its end: it may be held up.
    pub(super) fn start(mut self) -> io::Result<()> {
        let name = format!("audit-{}", self.shown.name());
        thread::Builder::new().name(name).spawn(move || {
            while self.store.strong_count() > 0 {
                match self.carry() {
                    Ok(Over) => return,
                    Err(error) => self.pause(&error),
                }
            }
        })?;
        Ok(())
    }

    fn pause(&self, error: &DeviceError) {
        self.metrics.sink_failed();
        if self.shown.failing(error.to_string()) {
            let sink = self.shown.name();
            warn!(sink, %error, "an audit sink does not accept entries");
        }
        thread::sleep(PAUSE);
    }

    fn carry(&mut self) -> Result<Over, DeviceError> {
        self.shown.at_work();
        let mut taken = match self.device.open()? {
            Holds::Nothing => 0,
            Holds::Unknown => self.shown.taken().max(self.started_at),
            Holds::Through(line) => self.known(line)?,
        };
        self.shown.has(taken);
        loop {
            taken = match self.catch_up(taken)? {
                ControlFlow::Continue(taken) => taken,
                ControlFlow::Break(over) => return Ok(over),
            };
            if self.shown.following() {
                info!(
                    sink = self.shown.name(),
                    "an audit sink accepts entries again"
                );
            }
            taken = match self.follow(taken)? {
                ControlFlow::Continue(taken) => taken,
                ControlFlow::Break(over) => return Ok(over),
            };
        }
    }

    /// The position of a line that must be in the store.
    fn known(&self, line: LogLine) -> Result<u64, DeviceError> {
        let seq = line.seq;
        let stored = self.page(seq.saturating_sub(1), 1)?;
        match stored.is_none_or(|stored| stored.first() == Some(&line)) {
            true => Ok(seq),
            false => Err(DeviceError::Diverged { seq }),
        }
    }

    /// Reads from the store until there is nothing more.
    fn catch_up(&mut self, mut taken: u64) -> Result<ControlFlow<Over, u64>, DeviceError> {
        loop {
            let Some(page) = self.page(taken, PAGE)? else {
                return Ok(ControlFlow::Break(Over));
            };
            let Some(last) = page.last() else {
                return Ok(ControlFlow::Continue(taken));
            };
            self.shown.catching_up();
            taken = last.seq;
            self.write(&page)?;
        }
    }

    /// Takes lines as they come, until some are missing.
    fn follow(&mut self, mut taken: u64) -> Result<ControlFlow<Over, u64>, DeviceError> {
        loop {
            let lines = match self.lines.blocking_recv() {
                Ok(lines) => lines,
                Err(RecvError::Lagged(_)) => return Ok(ControlFlow::Continue(taken)),
                Err(RecvError::Closed) => return Ok(ControlFlow::Break(Over)),
            };
            let known = lines.iter().take_while(|line| line.seq <= taken).count();
            let news = lines.get(known..).unwrap_or_default();
            let (Some(first), Some(last)) = (news.first(), news.last()) else {
                continue;
            };
            if first.seq != taken.saturating_add(1) {
                return Ok(ControlFlow::Continue(taken));
            }
            taken = last.seq;
            self.write(news)?;
        }
    }

    fn write(&mut self, lines: &[LogLine]) -> Result<(), DeviceError> {
        self.shown.at_work();
        self.device.write(lines)?;
        if let Some(last) = lines.last() {
            self.shown.has(last.seq);
        }
        Ok(())
    }

    fn page(&self, after: u64, limit: u32) -> Result<Option<Vec<LogLine>>, StoreError> {
        let Some(store) = self.store.upgrade() else {
            return Ok(None);
        };
        self.runtime.block_on(store.log(after, limit)).map(Some)
    }
}

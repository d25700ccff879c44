//! How a sink stands, as its thread leaves it and others see it.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use thiserror::Error;
use tokio::sync::watch;

use super::SinkStanding;
use crate::settings::SinkSettings;

/// Whether a sink accepts entries, and why not.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Standing {
    /// It has taken what it was given in time.
    #[error("accepting")]
    Accepting,
    /// It is being opened.
    #[error("being opened")]
    Opening,
    /// It reads from the store what it missed.
    #[error("catching up")]
    CatchingUp,
    /// It has been given entries and does not come back.
    #[error("blocked: it has not taken an entry for {} s", .since.as_secs())]
    Blocked {
        /// For how long.
        since: Duration,
    },
    /// Its last attempt failed.
    #[error("failing: {reason}")]
    Failing {
        /// What the system said; no path, no address.
        reason: String,
    },
}

impl Standing {
    pub(super) const fn accepts(&self) -> bool {
        matches!(self, Self::Accepting)
    }

    pub(super) const fn failing(&self) -> bool {
        matches!(self, Self::Failing { .. })
    }
}

/// What others see of a sink.
pub(super) struct Shown {
    pub(super) kind: &'static str,
    pub(super) deadline: Duration,
    /// Whether what it has taken is somewhere.
    pub(super) counts: bool,
    name: String,
    taken: AtomicU64,
    now: Mutex<Now>,
    moves: Arc<watch::Sender<()>>,
}

/// `at_work_since` is set while the thread may be held up.
struct Now {
    stage: Stage,
    at_work_since: Option<Instant>,
}

#[derive(Clone, PartialEq, Eq)]
enum Stage {
    Opening,
    CatchingUp,
    Following,
    Failing(String),
}

impl Shown {
    pub(super) fn new(
        kind: &'static str,
        same: usize,
        settings: &SinkSettings,
        moves: Arc<watch::Sender<()>>,
    ) -> Self {
        Self {
            kind,
            deadline: settings.deadline,
            counts: settings.target.counts(),
            name: match same {
                0 => kind.to_owned(),
                same => format!("{kind}-{}", same.saturating_add(1)),
            },
            taken: AtomicU64::new(0),
            now: Mutex::new(Now {
                stage: Stage::Opening,
                at_work_since: None,
            }),
            moves,
        }
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// The newest entry it has.
    pub(super) fn taken(&self) -> u64 {
        self.taken.load(Ordering::Acquire)
    }

    pub(super) fn standing(&self) -> Standing {
        let now = self.now();
        let since = now.at_work_since.map(|since| since.elapsed());
        match (&now.stage, since) {
            (Stage::Failing(reason), _) => Standing::Failing {
                reason: reason.clone(),
            },
            (_, Some(since)) if since > self.deadline => Standing::Blocked { since },
            (Stage::Opening, _) => Standing::Opening,
            (Stage::CatchingUp, _) => Standing::CatchingUp,
            (Stage::Following, _) => Standing::Accepting,
        }
    }

    pub(super) fn to_standing(&self) -> SinkStanding {
        SinkStanding {
            name: self.name.clone(),
            standing: self.standing(),
        }
    }

    /// It may take a while from here on. What was failing is so until it is [`Self::following`].
    pub(super) fn at_work(&self) {
        self.now().at_work_since = Some(Instant::now());
    }

    pub(super) fn catching_up(&self) {
        let mut now = self.now();
        // One that follows is behind for moments only, and answers wait for it.
        if now.stage == Stage::Opening {
            now.stage = Stage::CatchingUp;
        }
    }

    /// It has everything up to an entry.
    pub(super) fn has(&self, seq: u64) {
        self.now().at_work_since = None;
        self.taken.store(seq, Ordering::Release);
        self.moves.send_replace(());
    }

    /// It has all there was; gives whether it was failing before.
    pub(super) fn following(&self) -> bool {
        let mut now = self.now();
        now.at_work_since = None;
        let before = std::mem::replace(&mut now.stage, Stage::Following);
        drop(now);
        self.moves.send_replace(());
        matches!(before, Stage::Failing(_))
    }

    /// The last attempt failed; gives whether that is new.
    pub(super) fn failing(&self, reason: String) -> bool {
        let mut now = self.now();
        now.at_work_since = None;
        let stage = Stage::Failing(reason);
        let news = now.stage != stage;
        now.stage = stage;
        drop(now);
        self.moves.send_replace(());
        news
    }

    fn now(&self) -> MutexGuard<'_, Now> {
        self.now.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

//! Whose turn it is to fetch: a claim in the store, written with compare-and-set.

use sallyport_pki::UnixTime;

use super::progress::{CrlProgress, UnderWay};
use crate::manager::{CrlSource, ManagerError};
use crate::store::{CrlFetchRecord, StoreError, Write};

/// Seconds for which a service that has said so is the only one to fetch: more than it can take.
const CLAIM: i64 = 600;

/// The right to fetch the lists of a distributor.
pub(super) struct Turn(CrlFetchRecord);

/// Why a turn came to nothing.
pub(super) enum NoTurn {
    Busy,
    /// Another version of the distributor is in force.
    Superseded {
        found: u64,
    },
    Gone,
    Failed(ManagerError),
}

impl Turn {
    /// One that becomes valid when [`Self::write`] is committed. Who fetches for another version of the
    /// distributor is not waited for: what comes of it is not wanted any more.
    pub(super) fn claim(
        source: &CrlSource,
        record: Option<CrlFetchRecord>,
        now: UnixTime,
    ) -> Result<Self, NoTurn> {
        let progress = CrlProgress::of(record.as_ref(), now);
        if progress.is_under_way(source.version()) {
            return Err(NoTurn::Busy);
        }
        let record = record.unwrap_or_else(|| CrlFetchRecord {
            distributor: source.id(),
            revision: 0,
            next_at: now,
            claimed_until: None,
            progress: String::new(),
        });
        let progress = CrlProgress {
            under_way: Some(UnderWay {
                since: now.0,
                version: source.version(),
            }),
            ..progress
        };
        Ok(Self(CrlFetchRecord {
            revision: record.revision.saturating_add(1),
            claimed_until: Some(UnixTime(now.0.saturating_add(CLAIM))),
            progress: progress.to_json()?,
            ..record
        }))
    }

    /// One that somebody has left behind.
    pub(super) fn left_behind(record: CrlFetchRecord) -> Option<Self> {
        record.claimed_until.is_some().then_some(Self(record))
    }

    pub(super) fn write(&self) -> Write {
        Write::PutCrlFetch {
            expected: self.0.revision.saturating_sub(1),
            fetch: self.0.clone(),
        }
    }

    /// Ends it with what came of it.
    pub(super) fn done(
        self,
        progress: &CrlProgress,
        next_at: UnixTime,
    ) -> Result<Write, ManagerError> {
        let ended = Self(CrlFetchRecord {
            revision: self.0.revision.saturating_add(1),
            next_at,
            claimed_until: None,
            progress: progress.to_json()?,
            ..self.0
        });
        Ok(ended.write())
    }

    /// Ends it as if it had never been.
    pub(super) fn given_back(self, now: UnixTime) -> Result<Write, ManagerError> {
        let progress = CrlProgress {
            under_way: None,
            ..CrlProgress::of(Some(&self.0), now)
        };
        let next_at = self.0.next_at;
        self.done(&progress, next_at)
    }
}

impl From<ManagerError> for NoTurn {
    fn from(error: ManagerError) -> Self {
        match error {
            ManagerError::NoSuch { .. } => Self::Gone,
            ManagerError::Changed { found } => Self::Superseded { found },
            error => Self::Failed(error),
        }
    }
}

impl From<StoreError> for NoTurn {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Stale { .. } => Self::Busy,
            StoreError::Gone { .. } => Self::Gone,
            error => Self::Failed(error.into()),
        }
    }
}

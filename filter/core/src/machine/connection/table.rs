//! The connections that are known, and those of them that something has to be done about.

use std::collections::BTreeMap;
use std::ops::Bound;
use std::time::Duration;

use sallyport_pki::UnixTime;

use crate::config::PolicyIndex;
use crate::event::{Speaker, StreamId};
use crate::machine::SHORTEST_TICK;
use crate::machine::consequence::Standing;
use crate::machine::judge::WaitingOn;
use crate::streams::Streams;
use crate::time::Now;

/// Most connections that a change of the snapshot, or the end of verdicts, has looked at in one step;
/// the others follow with the next ticks.
pub(in crate::machine) const LOOKS: usize = 64;

/// All connections on which bytes arrived.
#[derive(Debug, Default)]
pub(in crate::machine) struct Connections {
    pub(super) all: BTreeMap<StreamId, Connection>,
    /// Those that are held.
    pub(super) waiting: Streams<()>,
    /// When verdicts end.
    pub(super) ends: Vec<(UnixTime, StreamId)>,
    sweep: Sweep,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Connection {
    /// By what it is judged; chosen when it is first looked at.
    pub(super) policy: Option<PolicyIndex>,
    /// When its first bytes arrived.
    pub(super) since: Duration,
    /// Whether bytes are at hand that were not let go.
    pub(super) pending: Pending,
    pub(super) stage: Stage,
}

/// Whose bytes wait for a verdict. The host can let the client's go later; it has no way to let the
/// server's go, so those cannot be held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pending {
    Nothing,
    OfClient,
    OfServer,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    /// Not looked at.
    New,
    /// Held; nothing of it went on.
    Held {
        on: WaitingOn,
        until: Duration,
        generation: u64,
    },
    /// Let go under this generation of the snapshot, from and until these moments.
    Live {
        generation: u64,
        from: UnixTime,
        until: UnixTime,
    },
    /// Closed, but not gone yet.
    Closed,
}

/// A walk through all connections after the snapshot changed.
#[derive(Debug, Default)]
struct Sweep {
    /// The generation it is about.
    generation: u64,
    /// Where it goes on; nothing when it is done.
    next: Option<StreamId>,
}

impl Connections {
    pub(in crate::machine) fn len(&self) -> usize {
        self.all.len()
    }

    /// Time until something has to be looked at.
    pub(in crate::machine) fn next_look(&self, now: Now) -> Option<Duration> {
        let ended = self
            .ends
            .first()
            .is_some_and(|(until, _)| *until < now.wall);
        if ended || self.sweep.next.is_some() {
            return Some(SHORTEST_TICK);
        }
        let held = self
            .waiting
            .iter()
            .filter_map(|(stream, ())| self.all.get(stream));
        held.map(|connection| match connection.stage {
            Stage::Held {
                on: WaitingOn::Vault,
                until,
                ..
            } => until.saturating_sub(now.uptime),
            _ => SHORTEST_TICK,
        })
        .min()
    }

    pub(super) fn set(&mut self, stream: StreamId, connection: Connection) {
        self.remove(stream);
        match connection.stage {
            Stage::Held { .. } => {
                self.waiting.set(stream, ());
            }
            Stage::Live { until, .. } => {
                if let Err(place) = self.ends.binary_search(&(until, stream)) {
                    self.ends.insert(place, (until, stream));
                }
            }
            Stage::New | Stage::Closed => {}
        }
        self.all.insert(stream, connection);
    }

    pub(super) fn remove(&mut self, stream: StreamId) {
        self.waiting.remove(stream);
        if let Some(Connection {
            stage: Stage::Live { until, .. },
            ..
        }) = self.all.remove(&stream)
            && let Ok(place) = self.ends.binary_search(&(until, stream))
        {
            self.ends.remove(place);
        }
    }

    /// The next connections that were last looked at under another generation.
    pub(super) fn outdated(&mut self, generation: u64) -> Vec<StreamId> {
        let Sweep {
            generation: swept,
            next,
        } = &mut self.sweep;
        if *swept != generation {
            *swept = generation;
            *next = Some(StreamId(0));
        }
        let Some(first) = *next else {
            return Vec::new();
        };
        let mut rest = self.all.range((Bound::Included(first), Bound::Unbounded));
        let outdated = rest
            .by_ref()
            .take(LOOKS)
            .filter(|(_, connection)| connection.stage.is_outdated(generation))
            .map(|(stream, _)| *stream)
            .collect();
        *next = rest.next().map(|(stream, _)| *stream);
        outdated
    }
}

impl Stage {
    const fn is_outdated(self, current: u64) -> bool {
        match self {
            Self::Held { generation, .. } | Self::Live { generation, .. } => generation != current,
            Self::New | Self::Closed => false,
        }
    }
}

impl Connection {
    pub(super) const fn standing(&self) -> Standing {
        match self.stage {
            Stage::Live { .. } => Standing::Live,
            Stage::New | Stage::Held { .. } | Stage::Closed => Standing::New,
        }
    }
}

impl Pending {
    pub(super) const fn and(self, speaker: Speaker) -> Self {
        match (self, speaker) {
            (Self::OfServer, _) | (_, Speaker::Server) => Self::OfServer,
            (_, Speaker::Client) => Self::OfClient,
        }
    }
}

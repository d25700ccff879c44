//! Tells of new entries of the audit log.

use tokio::sync::{broadcast, watch};

use super::super::LogLines;

// Transactions a reader may be behind before it has to look into the file.
const KEPT: usize = 256;

/// Where the log stands, for all who follow it.
#[derive(Clone, Debug)]
pub(super) struct Log {
    head: watch::Sender<u64>,
    lines: broadcast::Sender<LogLines>,
}

impl Log {
    pub(super) fn at(newest: u64) -> Self {
        Self {
            head: watch::Sender::new(newest),
            lines: broadcast::Sender::new(KEPT),
        }
    }

    /// Lines of a transaction that is on the disk.
    pub(super) fn committed(&self, lines: LogLines) {
        let Some(newest) = lines.last().map(|line| line.seq) else {
            return;
        };
        // Nobody may be following.
        let _ = self.lines.send(lines);
        self.head.send_replace(newest);
    }

    pub(super) fn head(&self) -> watch::Receiver<u64> {
        self.head.subscribe()
    }

    pub(super) fn lines(&self) -> broadcast::Receiver<LogLines> {
        self.lines.subscribe()
    }
}

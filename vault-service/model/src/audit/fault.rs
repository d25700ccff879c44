//! What can be wrong with a log, and where.

use super::verify::SignedThrough;

/// The first line that breaks a log.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {fault}")]
pub struct AuditFinding {
    /// Number of the line, from 1; one behind the last where something is missing at the end.
    pub line: u64,
    /// What is wrong there.
    pub fault: AuditFault,
    /// The last good checkpoint before.
    pub after: Option<SignedThrough>,
}

/// What is wrong with a log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AuditFault {
    /// The line is not an entry.
    #[error("edited: this is not a line of an audit log")]
    Malformed,
    /// The content does not fit its hash.
    #[error("edited: the content does not fit the hash")]
    Edited,
    /// Entries are nowhere to be found.
    #[error("removed: entries {first} to {last} are missing")]
    Removed {
        /// Sequence number of the first missing entry.
        first: u64,
        /// Sequence number of the last.
        last: u64,
    },
    /// An entry stands after one it should precede.
    #[error("reordered: entry {found} stands where entry {expected} should be")]
    Reordered {
        /// The sequence number that should be here.
        expected: u64,
        /// The one that is.
        found: u64,
    },
    /// Content and hash fit, but not the entry before.
    #[error("edited: entry {seq} does not follow from the entry before, which was rewritten")]
    Unchained {
        /// Its sequence number.
        seq: u64,
    },
    /// A checkpoint without a signature, or an ordinary entry with one.
    #[error("edited: a signature was {}", if *.present { "added" } else { "taken away" })]
    Signature {
        /// Whether there is one.
        present: bool,
    },
    /// The signature of a checkpoint is not of this key.
    #[error(
        "edited: the signature of checkpoint {seq} does not hold; an entry since the checkpoint \
         before was rewritten, or the key is another"
    )]
    Forged {
        /// The checkpoint's sequence number.
        seq: u64,
    },
    /// The last line is cut.
    #[error("truncated: the last line is cut")]
    Cut,
    /// The log ends with entries nobody has signed.
    #[error(
        "truncated: the last {entries} entries are signed by no checkpoint, so more may be missing"
    )]
    OpenTail {
        /// How many.
        entries: u64,
    },
    /// The log ends too early.
    #[error("truncated: entries {first} to {last} are missing at the end")]
    Short {
        /// Sequence number of the first missing entry.
        first: u64,
        /// The one the log must reach.
        last: u64,
    },
    /// There is nothing to prove anything with.
    #[error("empty: there is not one entry")]
    Empty,
}

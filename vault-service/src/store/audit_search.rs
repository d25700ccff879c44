//! Looking for entries of the audit log.

use sallyport_model::{ActorId, GroupName};
use sallyport_pki::UnixTime;

use super::{AuditOutcome, AuditRecord};
use crate::trace::TraceId;

/// Entries that are looked at for one page: it is answered in time, however few of them match.
pub const MAX_SCANNED: u32 = 50_000;

/// Which entries; what is not set lets all pass.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AuditFilter {
    /// Of whom.
    pub actor: Option<AuditActor>,
    /// Which operation.
    pub operation: Option<AuditOperation>,
    /// A part of the object.
    pub object: Option<String>,
    /// In or of a secret group, as a path or a reference names it.
    pub group: Option<GroupName>,
    /// With this outcome.
    pub outcome: Option<AuditOutcome>,
    /// Of this trace.
    pub trace: Option<TraceId>,
    /// Not before.
    pub since: Option<UnixTime>,
    /// Not after.
    pub until: Option<UnixTime>,
}

/// Somebody, as an entry knows them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AuditActor {
    /// By id.
    Id(ActorId),
    /// By name, as it was then.
    Name(String),
}

/// One operation or several.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AuditOperation {
    /// This one.
    Exactly(String),
    /// All that begin so.
    Beginning(String),
}

/// Entries that were found, oldest first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditPage {
    /// The entries.
    pub entries: Vec<AuditRecord>,
    /// After which entry to go on; `None` when there is nothing more by now.
    pub next: Option<u64>,
}

//! The audit log as it leaves the store: lines, in order, complete.

use std::borrow::Cow;
use std::sync::Arc;

use sallyport_model::audit::{AuditEntry, CHECKPOINT};
use sallyport_pki::UnixTime;

use super::record::{AuditOutcome, AuditPlace, AuditRecord};
use crate::clock;

/// The name under which the vault itself is in the log.
const VAULT: &str = "sallyport-vault";

/// A line of the log, in the format of [`sallyport_model::audit`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogLine {
    /// Its position.
    pub seq: u64,
    /// The line, without its line feed.
    pub line: Arc<str>,
}

/// Lines that were committed together.
pub type LogLines = Arc<[LogLine]>;

impl AuditRecord {
    /// An entry that vouches for all before it; the key is named by its digest.
    pub(super) fn checkpoint(at: UnixTime, key: String) -> Self {
        Self {
            seq: 0,
            at,
            place: AuditPlace::Vault,
            actor: None,
            actor_name: VAULT.to_owned(),
            actor_kind: None,
            operation: CHECKPOINT.to_owned(),
            object: key,
            outcome: AuditOutcome::Allowed,
            reason: None,
            version: None,
            trace: None,
        }
    }

    /// The record as an entry of the log at a position.
    pub(super) fn entry(&self, seq: u64) -> AuditEntry<'_> {
        let (organization, environment) = match self.place {
            AuditPlace::Environment(scope) => (Some(scope.organization), Some(scope.environment)),
            AuditPlace::Organization(organization) => (Some(organization), None),
            AuditPlace::Vault => (None, None),
        };
        AuditEntry {
            seq,
            time: clock::rfc3339(self.at).into(),
            organization,
            environment,
            actor: Cow::Borrowed(&self.actor_name),
            actor_id: self.actor,
            actor_kind: self.actor_kind.map(|kind| kind.as_str().into()),
            operation: Cow::Borrowed(&self.operation),
            object: Cow::Borrowed(&self.object),
            outcome: self.outcome.as_str().into(),
            reason: self.reason.as_deref().map(Cow::Borrowed),
            version: self.version,
            trace_id: self.trace.map(|trace| trace.to_string().into()),
        }
    }
}

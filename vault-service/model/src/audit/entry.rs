//! One entry of the audit log.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use crate::id::{ActorId, EnvironmentId, OrganizationId};

/// The operation of an entry that vouches for those before it.
pub const CHECKPOINT: &str = "audit.checkpoint";

/// Who did what, on what, with which outcome. The order of the fields is that of the line; one that is
/// not set is left out, so that fields can be added without changing older lines.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AuditEntry<'a> {
    /// Position in the log; the next entry has the next number.
    pub seq: u64,
    /// When, RFC 3339 in UTC.
    pub time: Cow<'a, str>,
    /// Organization; absent where the vault itself acted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub organization: Option<OrganizationId>,
    /// Environment, if it was in one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub environment: Option<EnvironmentId>,
    /// Name of who.
    pub actor: Cow<'a, str>,
    /// Id of who, if known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub actor_id: Option<ActorId>,
    /// `user`, `connectedApp` or `gateway`, if known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub actor_kind: Option<Cow<'a, str>>,
    /// What: `secret.resolve`, `sharedSecrets.create`, ...
    pub operation: Cow<'a, str>,
    /// On what: a reference or a path.
    pub object: Cow<'a, str>,
    /// `allowed`, `refused` or `failed`; `begun` where the outcome is another entry.
    pub outcome: Cow<'a, str>,
    /// Stable reason of a refusal or failure.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<Cow<'a, str>>,
    /// Version that was read or written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<u64>,
    /// The trace of the call (W3C Trace Context), 32 hexadecimal digits, if it came with one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trace_id: Option<Cow<'a, str>>,
}

impl AuditEntry<'_> {
    /// Whether it must carry a signature.
    pub fn is_checkpoint(&self) -> bool {
        self.operation == CHECKPOINT
    }
}

//! An entry in the making. It knows the trace of the work it is made in.

use sallyport_pki::UnixTime;

use crate::access::Caller;
use crate::store::{AuditOutcome, AuditPlace, AuditRecord, Write};
use crate::trace;

/// An entry in the making.
#[derive(Clone, Debug)]
pub struct Entry(AuditRecord);

impl Entry {
    /// `operation` is a stable word like `sharedSecrets.create`; `object` a reference or path.
    pub fn new(
        caller: &Caller,
        place: impl Into<AuditPlace>,
        operation: impl Into<String>,
        object: impl Into<String>,
        at: UnixTime,
    ) -> Self {
        let mut entry = Self::by(caller.name.clone(), place, operation, object, at);
        entry.0.actor = Some(caller.id);
        entry.0.actor_kind = Some(caller.kind);
        entry
    }

    /// What the service did by itself; `job` names the part of it.
    pub fn of_service(
        job: &'static str,
        place: impl Into<AuditPlace>,
        operation: impl Into<String>,
        object: impl Into<String>,
        at: UnixTime,
    ) -> Self {
        Self::by(job.to_owned(), place, operation, object, at)
    }

    fn by(
        actor_name: String,
        place: impl Into<AuditPlace>,
        operation: impl Into<String>,
        object: impl Into<String>,
        at: UnixTime,
    ) -> Self {
        Self(AuditRecord {
            seq: 0,
            at,
            place: place.into(),
            actor: None,
            actor_name,
            actor_kind: None,
            operation: operation.into(),
            object: object.into(),
            outcome: AuditOutcome::Failed,
            reason: None,
            version: None,
            trace: trace::current().map(|context| context.trace_id()),
        })
    }

    /// The version that was read or written.
    pub fn version(mut self, version: u64) -> Self {
        self.0.version = Some(version);
        self
    }

    /// It is about to be done outside of the store: the outcome will be another entry.
    pub fn begun(self) -> Write {
        self.end(AuditOutcome::Begun, None)
    }

    /// It was done.
    pub fn allowed(self) -> Write {
        self.end(AuditOutcome::Allowed, None)
    }

    /// The caller may not.
    pub fn refused(self, reason: &'static str) -> Write {
        self.end(AuditOutcome::Refused, Some(reason))
    }

    /// It was allowed but did not work.
    pub fn failed(self, reason: &'static str) -> Write {
        self.end(AuditOutcome::Failed, Some(reason))
    }

    fn end(mut self, outcome: AuditOutcome, reason: Option<&'static str>) -> Write {
        self.0.outcome = outcome;
        self.0.reason = reason.map(str::to_owned);
        Write::Audit(self.0)
    }
}

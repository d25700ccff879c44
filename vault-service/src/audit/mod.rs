//! Who did what, on what, with which outcome.
//!
//! An entry is committed in the same batch as the write it tells of, and before a value leaves the
//! Provider ([`AuditLog::record`]): what is not in the log did not happen (see
//! `docs/decisions/0004-audit-with-the-write.md`). The store chains what it commits, [`checkpoint`]s
//! sign the chain (`docs/decisions/0027-audit-chain.md`), [`Sinks`] carry it elsewhere
//! (`docs/decisions/0028-audit-sinks.md`).

pub mod checkpoint;
mod entry;
mod log;
mod sinks;

pub use entry::Entry;
pub use log::{AuditError, AuditLog};
pub use sinks::{NoSink, SinkStanding, Sinks, Standing};

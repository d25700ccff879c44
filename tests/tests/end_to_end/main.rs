//! The real parts together: the built service, command line and filter, a real Envoy, real TLS peers.

#![forbid(unsafe_code)]
#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "clippy knows #[test] functions, not what they call"
)]

mod access_log;
mod attacks;
mod audit_kept;
mod audit_stdout;
mod bad_input;
mod contexts;
mod failure_matrix;
mod gateway;
mod large_snapshot;
mod message_signatures;
mod recipes;
mod sds;
mod seven_lines;
mod shared_watch;
mod signatures;
mod tcp;
mod traps;
mod vault_away;
mod vault_data;
mod warm;

//! What is done with messages, by secrets of the vault: one room for each policy. Pure: a policy, what
//! may be used of the snapshot, a message and the time go in.

pub mod check;
pub mod encryption;
pub(crate) mod keys;
pub(crate) mod replay;
pub mod sign;

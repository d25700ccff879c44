//! The audit log as lines: what an entry looks like, how it is chained, and how to prove that none is
//! missing.
//!
//! ```text
//! {"seq":7,"time":...,"version":3,"prev":"<hash of 6>","hash":"<of all before this comma>"}
//! {"seq":8,...,"operation":"audit.checkpoint",...,"prev":"...","hash":"...","signature":"<of the hash>"}
//! ```
//!
//! One line is one entry. Its hash is the SHA-256 of the bytes before `,"hash":`, which hold the hash
//! of the entry before; a checkpoint carries an Ed25519 signature of its own hash, and so vouches for
//! everything before it.

mod entry;
mod fault;
mod key;
mod line;
mod verify;

pub use entry::{AuditEntry, CHECKPOINT};
pub use fault::{AuditFault, AuditFinding};
pub use key::{AuditPublicKey, AuditPublicKeyError, AuditSignature, signed_message};
pub use line::{AuditLine, AuditLineError, GENESIS, MAX_LINE, Sealed, render, seal};
pub use verify::{AuditProof, AuditVerifier, OpenTail, Signatures, SignedThrough};

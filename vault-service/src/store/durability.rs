//! What the record of a read has survived before its answer leaves.

use clap::ValueEnum;
use serde::Deserialize;

/// For entries of the audit log that tell of no write; a write and its entries are always on the disk.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum AuditDurability {
    /// It is on the disk: it survives a crash of the machine.
    #[default]
    Disk,
    /// The operating system has it: it survives a crash of the vault, not of the machine.
    Kernel,
}

//! Certificates, answers of the vault and a host that does what it is told, for the tests.

mod authority;
mod flows;
mod host;
mod ledger;
mod messages;
mod provider;
mod shelf;
pub(crate) mod verifying_host;

pub(crate) use authority::{Authority, Leaf, key};
pub(crate) use flows::Flow;
pub(crate) use host::{Fate, Host, from_client, to_server};
pub(crate) use ledger::Ledger;
pub(crate) use messages::{Lines, aes_key, basic, random, secret_key, symmetric, token};
pub(crate) use provider::{Contents, pinset, pinset_of, tls_context, unavailable, vault_answer};
pub(crate) use shelf::Shelf;

use sallyport_pki::UnixTime;

/// 9 June 2026: within the validity of every certificate here, which is the year 2026.
pub(crate) const AT: UnixTime = UnixTime(1_781_000_000);
/// 2027, after it.
pub(crate) const AFTER: UnixTime = UnixTime(1_800_000_000);
/// 2025, before it.
pub(crate) const BEFORE: UnixTime = UnixTime(1_750_000_000);

//! What the filter lives through in a real Envoy with a real vault, as its brain's tests replay it. All secrets in it are
//! made for it. `SALLYPORT_FILTER_WASM` names the filter that records.

mod clients;
mod log;
mod scene;
mod servers;
mod tcp;

use crate::{Error, Result};

/// Of all recordings.
pub const NAMES: [&str; 9] = [
    "mtls-inbound",
    "pin-upstream",
    "vault-down",
    "two-workers",
    "watcher",
    "tcp",
    "check-callers",
    "encrypt-bodies",
    "inject-credentials",
];

/// Plays one of them, and gives its lines.
pub async fn record(name: &str) -> Result<String> {
    match name {
        "mtls-inbound" => clients::rotation_and_revocation().await,
        "vault-down" => clients::vault_down_at_the_start().await,
        "two-workers" => clients::two_workers().await,
        "watcher" => servers::a_service_that_watches().await,
        "check-callers" => clients::callers().await,
        "encrypt-bodies" => servers::bodies().await,
        "pin-upstream" => servers::pins().await,
        "inject-credentials" => servers::credentials().await,
        "tcp" => tcp::connections().await,
        _ => Err(Error::NotStarted("such a recording")),
    }
}

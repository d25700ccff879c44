//! Sockets where Envoy takes any certificate, and no filter beside it has one verified.

use serde_json::Value;

use super::configuration::TlsSocket;
use super::drift::Drift;
use super::render::Direction;
use super::report::Finding;

/// Where a validation context stands that is written into the configuration.
const PLACES: [&str; 2] = [
    "/common_tls_context/validation_context/trust_chain_verification",
    "/common_tls_context/combined_validation_context/default_validation_context/trust_chain_verification",
];

const OF_CLIENTS: &str = "VERIFY_TRUST_CHAIN, or a filter with a tlsContext in this chain: as it is, Envoy lets clients \
     through with any certificate, and without a trusted_ca those that show none";

const OF_SERVERS: &str = "VERIFY_TRUST_CHAIN, or a filter with a tlsContext in this cluster: as it is, Envoy sends \
     requests to whoever answers";

/// What verifies nobody. A filter that would not start is reported as such.
pub(super) fn untrusted(socket: &TlsSocket) -> impl Iterator<Item = Finding> {
    let guarded = socket.filters.contexts().next().is_some() || !socket.filters.unread.is_empty();
    let wanted = match socket.direction {
        Direction::Downstream => OF_CLIENTS,
        Direction::Upstream => OF_SERVERS,
    };
    let places = PLACES.into_iter().filter(move |_| !guarded);
    places.filter_map(move |within| {
        let found = socket.configuration.pointer(within)?;
        accepts_all(found).then(|| Finding {
            context: None,
            drift: Drift {
                place: format!("{}{within}", socket.place),
                found: found.clone(),
                wanted: wanted.into(),
                left_to: None,
            },
            is_note: false,
        })
    })
}

/// Enums may be written as numbers too.
fn accepts_all(verification: &Value) -> bool {
    *verification == "ACCEPT_UNTRUSTED" || *verification == 1
}

//! Who comes to the internal door and is not let in.

use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

use super::ByWord;

/// Gateways that are turned away.
#[derive(Clone, Debug)]
pub struct GatewayMetrics {
    turned_away: ByWord<Counter>,
    lapsed: Gauge,
}

impl GatewayMetrics {
    pub(super) fn register(registry: &mut Registry) -> Self {
        let turned_away = ByWord::new_with_constructor(Counter::default as fn() -> Counter);
        registry.register(
            "gateways_turned_away",
            "Connections and calls at the internal door that were not let in, by reason",
            turned_away.clone(),
        );
        let lapsed = Gauge::default();
        registry.register(
            "crl_gateway_cas_lapsed",
            "CAs of gateways that are held against revocation lists and have none in force",
            lapsed.clone(),
        );
        Self {
            turned_away,
            lapsed,
        }
    }

    /// Somebody was turned away.
    pub fn turned_away(&self, reason: TurnedAway) {
        self.turned_away
            .get_or_create(&[("reason", reason.word())])
            .inc();
    }

    /// So many CAs have no lists in force.
    pub fn lapsed(&self, cas: usize) {
        self.lapsed.set(i64::try_from(cas).unwrap_or(i64::MAX));
    }
}

/// Why somebody is turned away at the internal door.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TurnedAway {
    /// Its network has too many handshakes open.
    NetworkFull,
    /// The handshake took too long.
    HandshakeTimeout,
    /// It showed no certificate.
    NoCertificate,
    /// No CA that is trusted has signed its certificate.
    UnknownCa,
    /// Its certificate has ended.
    Expired,
    /// The lists of its CA name its certificate, or none in force says that it is good.
    Revoked,
    /// Something else is wrong with its certificate.
    BadCertificate,
    /// The handshake failed for another reason.
    BadHandshake,
    /// Its certificate has no name that its CA may give.
    NoIdentity,
    /// Nobody is registered under its name, or not any more.
    NotRegistered,
}

impl TurnedAway {
    const fn word(self) -> &'static str {
        match self {
            Self::NetworkFull => "network_full",
            Self::HandshakeTimeout => "handshake_timeout",
            Self::NoCertificate => "no_certificate",
            Self::UnknownCa => "unknown_ca",
            Self::Expired => "expired",
            Self::Revoked => "revoked",
            Self::BadCertificate => "bad_certificate",
            Self::BadHandshake => "bad_handshake",
            Self::NoIdentity => "no_identity",
            Self::NotRegistered => "not_registered",
        }
    }
}

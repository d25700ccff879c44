//! Peers that have passed, so that their next request costs as few attributes as Envoy can tell them by.
//!
//! A client is told by its connection: its certificate and version of TLS never change there, for
//! servers do not renegotiate, and Envoy gives no id twice. The intermediates a request forwards can
//! differ, but they only help to find a path for the certificate that has passed. A server is told by
//! all that its verdict depends on. Refusals are never kept here.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use sallyport_pki::{PinRole, UnixTime};

use crate::config::PolicyIndex;
use crate::time::Now;

/// Most peers and policies at a time. Nobody tells when a connection ends, so they are all
/// forgotten when there is no room.
const MAX_KNOWN: usize = 4096;

/// A peer that is the same as before if this is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum PeerId {
    /// A client's connection, by Envoy's number for it (`connection.id`): unique in a process.
    Connection(u64),
    /// A server.
    Server {
        /// `upstream.sha256_peer_certificate_digest`: of the leaf, in hexadecimal digits.
        certificate: Vec<u8>,
        /// `upstream.tls_version`.
        tls_version: Vec<u8>,
    },
}

/// What was decided about a peer.
#[derive(Clone, Debug)]
pub(crate) struct Known {
    /// The role of the pin that matched.
    pub(crate) pin: Option<PinRole>,
    /// What the access log shows.
    pub(crate) note: Arc<str>,
    /// What other filters are told.
    pub(crate) names: Option<Arc<str>>,
    /// Within these moments the same comes out.
    pub(crate) from: UnixTime,
    pub(crate) until: UnixTime,
    /// Until then all secrets are fresh.
    pub(crate) fresh_until: Duration,
}

/// The peers.
#[derive(Debug, Default)]
pub(crate) struct KnownPeers {
    generation: u64,
    known: BTreeMap<(PeerId, PolicyIndex), Known>,
}

impl KnownPeers {
    /// What was decided about a peer by a policy under a generation of the snapshot, if it
    /// still holds.
    pub(crate) fn look_up(
        &self,
        whom: &(PeerId, PolicyIndex),
        generation: u64,
        now: Now,
    ) -> Option<&Known> {
        if generation != self.generation {
            return None;
        }
        let known = self.known.get(whom)?;
        let holds = (known.from..=known.until).contains(&now.wall);
        (holds && now.uptime < known.fresh_until).then_some(known)
    }

    /// Remembers an allowance. Those of other generations are forgotten.
    pub(crate) fn remember(
        &mut self,
        peer: PeerId,
        policy: PolicyIndex,
        generation: u64,
        known: Known,
    ) {
        if generation != self.generation || self.known.len() >= MAX_KNOWN {
            self.known.clear();
            self.generation = generation;
        }
        self.known.insert((peer, policy), known);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: PolicyIndex = PolicyIndex::DEFAULT;
    const PEER: PeerId = PeerId::Connection(7);

    fn known() -> Known {
        Known {
            pin: None,
            note: "allowed".into(),
            names: None,
            from: UnixTime(100),
            until: UnixTime(200),
            fresh_until: Duration::from_secs(60),
        }
    }

    fn at(wall: i64, uptime: u64) -> Now {
        Now {
            wall: UnixTime(wall),
            uptime: Duration::from_secs(uptime),
        }
    }

    fn server(certificate: &str, tls_version: &str) -> PeerId {
        PeerId::Server {
            certificate: certificate.into(),
            tls_version: tls_version.into(),
        }
    }

    #[test]
    fn a_peer_is_known_for_its_policy_and_generation_while_the_verdict_holds_and_all_is_fresh() {
        let mut peers = KnownPeers::default();
        peers.remember(PEER, ONE, 3, known());
        let look_up = |peer, policy, generation, now| {
            let found = peers.look_up(&(peer, policy), generation, now);
            found.is_some()
        };
        assert!(look_up(PEER, ONE, 3, at(100, 0)));
        assert!(look_up(PEER, ONE, 3, at(200, 59)));
        assert!(!look_up(PeerId::Connection(8), ONE, 3, at(150, 0)));
        assert!(!look_up(PEER, PolicyIndex::of_route(0), 3, at(150, 0)));
        assert!(!look_up(PEER, ONE, 4, at(150, 0)));
        assert!(!look_up(PEER, ONE, 3, at(99, 0)));
        assert!(!look_up(PEER, ONE, 3, at(201, 0)));
        assert!(!look_up(PEER, ONE, 3, at(150, 60)));
    }

    #[test]
    fn a_server_is_another_one_with_another_certificate_or_another_version_of_tls() {
        let mut peers = KnownPeers::default();
        peers.remember(server("aa", "TLSv1.3"), ONE, 1, known());
        let knows = |peer| peers.look_up(&(peer, ONE), 1, at(150, 0)).is_some();
        assert!(knows(server("aa", "TLSv1.3")));
        assert!(!knows(server("ab", "TLSv1.3")));
        assert!(!knows(server("aa", "TLSv1.2")));
        assert!(!knows(server("aaTLSv1.3", "")));
    }

    #[test]
    fn a_new_generation_forgets_all_of_the_old_one() {
        let mut peers = KnownPeers::default();
        peers.remember(PEER, ONE, 1, known());
        peers.remember(PeerId::Connection(8), ONE, 2, known());
        for generation in [1, 2] {
            let found = peers.look_up(&(PEER, ONE), generation, at(150, 0));
            assert!(found.is_none(), "{generation}");
        }
    }

    #[test]
    fn many_peers_stay_bounded() {
        let mut peers = KnownPeers::default();
        for id in 0..3 * MAX_KNOWN as u64 {
            peers.remember(PeerId::Connection(id), ONE, 1, known());
            assert!(peers.known.len() <= MAX_KNOWN);
        }
        let last = PeerId::Connection(3 * MAX_KNOWN as u64 - 1);
        assert!(peers.look_up(&(last, ONE), 1, at(150, 0)).is_some());
    }
}

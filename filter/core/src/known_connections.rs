//! Client connections whose certificate has passed, so that their next request costs one attribute.
//!
//! A connection's certificate and version of TLS never change: servers do not renegotiate, and Envoy
//! gives no id twice. The intermediates a request forwards can differ, but they only help to find a
//! path for the certificate that has passed. Refusals are never kept here.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use sallyport_pki::{PinRole, UnixTime};

use crate::config::PolicyIndex;
use crate::time::Now;

/// Most connections and policies at a time. Nobody tells when a connection ends, so they are all
/// forgotten when there is no room.
const MAX_KNOWN: usize = 4096;

/// A connection of a client, by Envoy's number for it (`connection.id`): unique in a process.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ConnectionId(pub u64);

/// What was decided about a connection.
#[derive(Clone, Debug)]
pub(crate) struct Known {
    /// The role of the pin that matched.
    pub(crate) pin: Option<PinRole>,
    /// What the access log shows.
    pub(crate) note: Arc<str>,
    /// Within these moments the same comes out.
    pub(crate) from: UnixTime,
    pub(crate) until: UnixTime,
    /// Until then all secrets are fresh.
    pub(crate) fresh_until: Duration,
}

/// The connections.
#[derive(Debug, Default)]
pub(crate) struct KnownConnections {
    generation: u64,
    known: BTreeMap<(ConnectionId, PolicyIndex), Known>,
}

impl KnownConnections {
    /// What was decided about a connection by a policy under a generation of the snapshot, if it
    /// still holds.
    pub(crate) fn look_up(
        &self,
        connection: ConnectionId,
        policy: PolicyIndex,
        generation: u64,
        now: Now,
    ) -> Option<&Known> {
        if generation != self.generation {
            return None;
        }
        let known = self.known.get(&(connection, policy))?;
        let holds = (known.from..=known.until).contains(&now.wall);
        (holds && now.uptime < known.fresh_until).then_some(known)
    }

    /// Remembers an allowance. Those of other generations are forgotten.
    pub(crate) fn remember(
        &mut self,
        connection: ConnectionId,
        policy: PolicyIndex,
        generation: u64,
        known: Known,
    ) {
        if generation != self.generation || self.known.len() >= MAX_KNOWN {
            self.known.clear();
            self.generation = generation;
        }
        self.known.insert((connection, policy), known);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: PolicyIndex = PolicyIndex::DEFAULT;
    const CONNECTION: ConnectionId = ConnectionId(7);

    fn known() -> Known {
        Known {
            pin: None,
            note: "allowed".into(),
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

    #[test]
    fn a_connection_is_known_for_its_policy_and_generation_while_the_verdict_holds_and_all_is_fresh()
     {
        let mut connections = KnownConnections::default();
        connections.remember(CONNECTION, ONE, 3, known());
        let look_up = |connection, policy, generation, now| {
            let found = connections.look_up(connection, policy, generation, now);
            found.is_some()
        };
        assert!(look_up(CONNECTION, ONE, 3, at(100, 0)));
        assert!(look_up(CONNECTION, ONE, 3, at(200, 59)));
        assert!(!look_up(ConnectionId(8), ONE, 3, at(150, 0)));
        assert!(!look_up(
            CONNECTION,
            PolicyIndex::of_route(0),
            3,
            at(150, 0)
        ));
        assert!(!look_up(CONNECTION, ONE, 4, at(150, 0)));
        assert!(!look_up(CONNECTION, ONE, 3, at(99, 0)));
        assert!(!look_up(CONNECTION, ONE, 3, at(201, 0)));
        assert!(!look_up(CONNECTION, ONE, 3, at(150, 60)));
    }

    #[test]
    fn a_new_generation_forgets_all_of_the_old_one() {
        let mut connections = KnownConnections::default();
        connections.remember(CONNECTION, ONE, 1, known());
        connections.remember(ConnectionId(8), ONE, 2, known());
        for generation in [1, 2] {
            let found = connections.look_up(CONNECTION, ONE, generation, at(150, 0));
            assert!(found.is_none(), "{generation}");
        }
    }

    #[test]
    fn many_connections_stay_bounded() {
        let mut connections = KnownConnections::default();
        for id in 0..3 * MAX_KNOWN as u64 {
            connections.remember(ConnectionId(id), ONE, 1, known());
            assert!(connections.known.len() <= MAX_KNOWN);
        }
        let last = ConnectionId(3 * MAX_KNOWN as u64 - 1);
        assert!(connections.look_up(last, ONE, 1, at(150, 0)).is_some());
    }
}

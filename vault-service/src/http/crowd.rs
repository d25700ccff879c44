//! How many connections each network has open.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use super::network::Network;

/// Networks with open connections.
#[derive(Clone, Default)]
pub(super) struct Crowd {
    open: Arc<Mutex<HashMap<Network, usize>>>,
}

/// One open connection; gives its place back when dropped.
pub(super) struct Place {
    crowd: Crowd,
    network: Network,
}

impl Crowd {
    /// A place for one more connection of a network, if it has fewer than `most`.
    pub(super) fn enter(&self, network: Network, most: usize) -> Option<Place> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let count = open.entry(network).or_default();
        if *count >= most {
            return None;
        }
        *count += 1;
        Some(Place {
            crowd: self.clone(),
            network,
        })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut open = self
            .crowd
            .open
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = open.get_mut(&self.network) {
            *count -= 1;
            if *count == 0 {
                open.remove(&self.network);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

    use super::*;

    #[test]
    fn a_place_is_given_back_and_an_empty_network_forgotten() {
        let crowd = Crowd::default();
        let [one, other] = ["192.0.2.1", "192.0.2.2"]
            .map(|address| Network::from(address.parse::<IpAddr>().unwrap()));
        let first = crowd.enter(one, 2).unwrap();
        let second = crowd.enter(one, 2).unwrap();
        assert!(crowd.enter(one, 2).is_none());
        assert!(crowd.enter(other, 2).is_some());
        drop(first);
        drop(crowd.enter(one, 2).unwrap());
        drop(second);
        assert!(crowd.open.lock().unwrap().is_empty());
    }
}

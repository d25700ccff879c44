//! How many of something each of a kind has open: connections a network, streams a gateway.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, PoisonError};

/// Who has something open.
pub(crate) struct Crowd<K> {
    open: Arc<Mutex<HashMap<K, usize>>>,
}

/// One place; given back when dropped.
pub(crate) struct Place<K: Copy + Eq + Hash> {
    crowd: Crowd<K>,
    of: K,
}

impl<K> Default for Crowd<K> {
    fn default() -> Self {
        Self {
            open: Arc::default(),
        }
    }
}

impl<K: Copy + Eq + Hash> Crowd<K> {
    /// A place for one more, if it has fewer than `most`.
    pub(crate) fn enter(&self, of: K, most: usize) -> Option<Place<K>> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let count = open.entry(of).or_default();
        if *count >= most {
            return None;
        }
        *count += 1;
        Some(Place {
            crowd: Self {
                open: Arc::clone(&self.open),
            },
            of,
        })
    }
}

impl<K: Copy + Eq + Hash> Drop for Place<K> {
    fn drop(&mut self) {
        let mut open = self
            .crowd
            .open
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = open.get_mut(&self.of) {
            *count -= 1;
            if *count == 0 {
                open.remove(&self.of);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_given_back_and_who_has_none_forgotten() {
        let crowd = Crowd::default();
        let [one, other] = ["one", "other"];
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

//! The right to watch for all, for a while.

use std::time::Duration;

/// How long a lease lasts that is not renewed: how long nobody watches when the holder is gone.
pub(super) const LEASE: Duration = Duration::from_millis(2500);

/// How often it is renewed.
pub(super) const RENEWAL: Duration = Duration::from_millis(500);

/// Who holds a lease, and the generation of the index: what every member looks at on its tick.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Lease {
    pub(super) holder: u64,
    pub(super) rank: Rank,
    /// On the process's monotonic clock, whole milliseconds.
    pub(super) until: Duration,
    pub(super) generation: u64,
}

/// Who is to watch where several can.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Rank {
    /// A filter, in some worker.
    Filter,
    /// A service on the main thread, where large answers hold up no request.
    Watcher,
}

impl Lease {
    /// Whether somebody of this rank may take it over.
    pub(super) fn is_open_to(&self, rank: Rank, uptime: Duration) -> bool {
        uptime >= self.until || rank > self.rank
    }

    pub(super) fn to_bytes(self) -> [u8; 32] {
        let until = u64::try_from(self.until.as_millis()).unwrap_or(u64::MAX);
        let numbers = [self.holder, self.rank as u64, until, self.generation];
        let mut bytes = [0; 32];
        let (places, _) = bytes.as_chunks_mut::<8>();
        for (place, number) in places.iter_mut().zip(numbers) {
            *place = number.to_be_bytes();
        }
        bytes
    }

    pub(super) fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (numbers, []) = bytes.as_chunks::<8>() else {
            return None;
        };
        let &[holder, rank, until, generation] = numbers else {
            return None;
        };
        Some(Self {
            holder: u64::from_be_bytes(holder),
            rank: match u64::from_be_bytes(rank) {
                0 => Rank::Filter,
                1 => Rank::Watcher,
                _ => return None,
            },
            until: Duration::from_millis(u64::from_be_bytes(until)),
            generation: u64::from_be_bytes(generation),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lease_survives_its_bytes_and_nothing_else_is_one() {
        for rank in [Rank::Filter, Rank::Watcher] {
            let lease = Lease {
                holder: 7,
                rank,
                until: Duration::from_millis(123_456),
                generation: u64::MAX,
            };
            let mut bytes = lease.to_bytes();
            assert_eq!(Lease::from_bytes(&bytes), Some(lease));
            assert_eq!(Lease::from_bytes(&bytes[1..]), None);
            bytes[15] = 2;
            assert_eq!(Lease::from_bytes(&bytes), None);
        }
        assert_eq!(Lease::from_bytes(&[]), None);
    }

    #[test]
    fn a_lease_is_taken_when_it_ends_or_by_a_higher_rank() {
        let lease = Lease {
            holder: 1,
            rank: Rank::Filter,
            until: Duration::from_secs(5),
            generation: 0,
        };
        let early = Duration::from_millis(4_999);
        assert!(!lease.is_open_to(Rank::Filter, early) && lease.is_open_to(Rank::Watcher, early));
        assert!(lease.is_open_to(Rank::Filter, lease.until));
        let watcher = Lease {
            rank: Rank::Watcher,
            ..lease
        };
        assert!(!watcher.is_open_to(Rank::Watcher, early));
    }
}

//! A large set of serial numbers, of which only one small bucket is read per look-up.
//!
//! The records of a set are dealt out by the SHA-256 of their serial numbers, so that whoever gets
//! certificates issued cannot fill one bucket. Each bucket carries a number of its set: what does
//! not have it is not this set's.

use crate::digest::Digest;
use crate::revocation::serials::{Revocation, SerialSet};

/// Entries of a bucket on average: about 3 KiB.
const ENTRIES: usize = 128;

/// Most buckets of a set.
const MAX_BUCKETS: usize = 1 << 16;

/// Octets in front of the records of a bucket: the number of its set, big-endian.
const HEAD: usize = size_of::<u64>();

/// Reads a bucket by its name; `None` if there is none.
pub type ReadBucket = fn(&str) -> Option<Vec<u8>>;

/// Where the listed serial numbers of one issuer are.
#[derive(Clone, Debug)]
pub struct SerialBuckets {
    /// Octets of a serial number, as in [`crate::ListedSerials`].
    pub width: usize,
    /// How many serial numbers are listed.
    pub entries: usize,
    /// How many buckets there are.
    pub buckets: usize,
    /// The number that every bucket of this set begins with.
    pub number: u64,
    /// In front of the position of a bucket (`<name>/<position>`).
    pub name: String,
    /// Who reads them.
    pub read: ReadBucket,
}

/// A bucket that is not there, or not the one that is wanted: nothing is known of what it lists.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a part of the revocation list cannot be read")]
pub struct UnreadableBucket;

impl SerialBuckets {
    /// Deals records out, as [`crate::ListedSerials`] has them; `None` if they are not such.
    pub fn deal(width: usize, records: Vec<u8>, number: u64) -> Option<Vec<Vec<u8>>> {
        let set = SerialSet::from_records(width, records, usize::MAX)?;
        let count = set.len().div_ceil(ENTRIES).clamp(1, MAX_BUCKETS);
        let mut buckets = vec![number.to_be_bytes().to_vec(); count];
        for record in set.iter_records() {
            let serial = record.get(..width)?;
            let bucket = buckets.get_mut(position(serial, count)?)?;
            // Sorted before, sorted in each bucket.
            bucket.extend_from_slice(record);
        }
        Some(buckets)
    }

    /// The name of a bucket.
    pub fn bucket_name(name: &str, position: usize) -> String {
        format!("{name}/{position}")
    }

    /// What is recorded about a serial number (the content of an INTEGER).
    pub(crate) fn find(&self, serial: &[u8]) -> Result<Option<Revocation>, UnreadableBucket> {
        let Some(extended) = SerialSet::extended(serial, self.width) else {
            // Longer than any that is listed.
            return Ok(None);
        };
        let position = position(&extended, self.buckets).ok_or(UnreadableBucket)?;
        let bucket = (self.read)(&Self::bucket_name(&self.name, position));
        let mut bucket = bucket.ok_or(UnreadableBucket)?;
        if bucket.get(..HEAD) != Some(&self.number.to_be_bytes()) {
            return Err(UnreadableBucket);
        }
        let records = bucket.split_off(HEAD);
        let set = SerialSet::from_records(self.width, records, self.entries);
        Ok(set.ok_or(UnreadableBucket)?.find(serial))
    }
}

impl PartialEq for SerialBuckets {
    /// Who reads them makes no difference.
    fn eq(&self, other: &Self) -> bool {
        let facts = |one: &Self| (one.width, one.entries, one.buckets, one.number);
        facts(self) == facts(other) && self.name == other.name
    }
}

impl Eq for SerialBuckets {}

/// The bucket of a serial number that was extended to the width of its set.
fn position(extended: &[u8], buckets: usize) -> Option<usize> {
    let digest = Digest::of(extended);
    let start = digest.as_bytes().first_chunk().copied()?;
    usize::try_from(u32::from_be_bytes(start))
        .ok()?
        .checked_rem(buckets)
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;
    use crate::revocation::der::shortest_integer;
    use crate::revocation::reason::RevocationReason;
    use crate::revocation::serials::MAX_SERIAL_OCTETS;
    use crate::unix_time::UnixTime;

    thread_local! {
        static SHELF: RefCell<BTreeMap<String, Vec<u8>>> = RefCell::default();
    }

    fn read(name: &str) -> Option<Vec<u8>> {
        SHELF.with_borrow(|shelf| shelf.get(name).cloned())
    }

    /// The set in buckets, on a shelf of its own.
    fn put(set: &SerialSet, number: u64) -> SerialBuckets {
        let buckets = SerialBuckets::deal(set.width(), set.records().to_vec(), number).unwrap();
        let named = (0..).zip(&buckets);
        let named =
            named.map(|(at, bucket)| (SerialBuckets::bucket_name("set", at), bucket.clone()));
        SHELF.set(named.collect());
        SerialBuckets {
            width: set.width(),
            entries: set.len(),
            buckets: buckets.len(),
            number,
            name: "set".to_owned(),
            read,
        }
    }

    fn set_of<'a>(serials: impl IntoIterator<Item = &'a [u8]>) -> SerialSet {
        let serials: Vec<&[u8]> = serials.into_iter().collect();
        let longest = serials.iter().map(|serial| serial.len()).max();
        let mut set = SerialSet::with_capacity(serials.len(), longest.unwrap_or(0));
        for serial in serials {
            let revocation = Revocation {
                at: UnixTime(7),
                reason: RevocationReason::KeyCompromise,
            };
            set.push(serial, revocation);
        }
        set.finish();
        set
    }

    #[test]
    fn a_bucket_that_is_missing_damaged_or_of_another_edition_tells_nothing() {
        let serials: Vec<[u8; 3]> = (1..1000_u16)
            .map(|n| [1, n.to_be_bytes()[0], n.to_be_bytes()[1]])
            .collect();
        let set = set_of(serials.iter().map(|serial| &serial[..]));
        let buckets = put(&set, 9);
        assert!(buckets.buckets > 4, "{}", buckets.buckets);
        assert!(buckets.find(&serials[0]).unwrap().is_some());
        assert_eq!(buckets.find(&[9, 9, 9]), Ok(None));
        assert_eq!(buckets.find(&[1; 30]), Ok(None));

        let other = SerialBuckets {
            number: 8,
            ..buckets.clone()
        };
        assert_eq!(other.find(&serials[0]), Err(UnreadableBucket));
        SHELF.with_borrow_mut(|shelf| shelf.values_mut().for_each(|bucket| bucket.truncate(9)));
        assert_eq!(buckets.find(&serials[0]), Err(UnreadableBucket));
        SHELF.with_borrow_mut(|shelf| shelf.values_mut().for_each(Vec::clear));
        assert_eq!(buckets.find(&serials[0]), Err(UnreadableBucket));
        SHELF.with_borrow_mut(BTreeMap::clear);
        assert_eq!(buckets.find(&serials[0]), Err(UnreadableBucket));
        let none = SerialBuckets {
            buckets: 0,
            ..buckets
        };
        assert_eq!(none.find(&serials[0]), Err(UnreadableBucket));
    }

    #[test]
    fn only_sorted_records_are_dealt_out() {
        let set = set_of([&[1][..], &[2]]);
        let (first, second) = set.records().split_at(14);
        assert!(SerialBuckets::deal(8, set.records().to_vec(), 1).is_some());
        assert_eq!(SerialBuckets::deal(8, [second, first].concat(), 1), None);
        assert_eq!(SerialBuckets::deal(9, set.records().to_vec(), 1), None);
    }

    fn serial() -> impl Strategy<Value = Vec<u8>> {
        prop::collection::vec(any::<u8>(), 1..=MAX_SERIAL_OCTETS)
            .prop_filter("shortest", |serial| shortest_integer(serial).is_ok())
    }

    proptest! {
        #[test]
        fn buckets_tell_what_the_whole_set_tells(
            listed in prop::collection::vec(serial(), 0..400),
            others in prop::collection::vec(serial(), 0..60),
        ) {
            let set = set_of(listed.iter().map(Vec::as_slice));
            let buckets = put(&set, 3);
            for serial in listed.iter().chain(&others) {
                prop_assert_eq!(buckets.find(serial), Ok(set.find(serial)));
            }
        }
    }
}

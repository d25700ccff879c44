//! The host's shared data, and the keys of one namespace in it.

use std::rc::Rc;

use sallyport_pki::{Digest, ReadBucket, SerialBuckets};
use zeroize::Zeroizing;

use super::index::{Index, Place};
use super::lease::Lease;
use crate::config::Vault;
use crate::json;

/// Numbers the writings of a key; a number is never used again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Writing(pub u32);

/// Values that all virtual machines of an Envoy process see. A call is never half done, but others
/// may write between two calls.
pub trait SharedData {
    /// The value of a key, empty if there is none, and its writing; `None` if nobody ever wrote.
    fn read(&self, key: &str) -> (Zeroizing<Vec<u8>>, Option<Writing>);

    /// Writes if nobody has since `seen`; whether that was so.
    fn replace(&self, key: &str, value: &[u8], seen: Option<Writing>) -> bool;

    /// Reads without this object, for look-ups in the middle of a decision.
    fn reader(&self) -> ReadBucket;

    /// Writes whatever is there. An empty value takes the former one out of the host's memory.
    fn write(&self, key: &str, value: &[u8]);
}

/// The keys of one namespace: filters that ask the same vault for the same scope.
#[derive(Clone)]
pub(super) struct Board {
    data: Rc<dyn SharedData>,
    prefix: String,
}

impl Board {
    /// Filters of another version may share the process: the number is that of the format.
    pub(super) fn new(data: Rc<dyn SharedData>, vault: &Vault) -> Self {
        let name = format!(
            "{} {} {} {}",
            vault.cluster, vault.authority, vault.scope.organization, vault.scope.environment
        );
        let prefix = format!("sallyport/1/{}", Digest::of(name.as_bytes()));
        Self { data, prefix }
    }

    pub(super) fn read(&self, name: &str) -> (Zeroizing<Vec<u8>>, Option<Writing>) {
        self.data.read(&self.key(name))
    }

    pub(super) fn replace(&self, name: &str, value: &[u8], seen: Option<Writing>) -> bool {
        self.data.replace(&self.key(name), value, seen)
    }

    pub(super) fn lease(&self) -> (Option<Lease>, Option<Writing>) {
        let (value, writing) = self.read("lease");
        (Lease::from_bytes(&value), writing)
    }

    /// Whether the lease was still the one that was seen.
    pub(super) fn set_lease(&self, lease: Lease, seen: Option<Writing>) -> bool {
        self.replace("lease", &lease.to_bytes(), seen)
    }

    /// The index; an empty one of generation 0 if there is none.
    pub(super) fn index(&self) -> (Index, Option<Writing>) {
        let (value, writing) = self.read("index");
        (json::read(&value).unwrap_or_default(), writing)
    }

    /// Material that was published in a place; `None` once something newer has taken its place.
    pub(super) fn material(&self, place: Place) -> Option<Zeroizing<Vec<u8>>> {
        let (mut value, _) = self.read(&place.name());
        let found = value.first_chunk().copied().map(u64::from_be_bytes);
        if found != Some(place.sequence) {
            return None;
        }
        Some(Zeroizing::new(value.split_off(SEQUENCE_OCTETS)))
    }

    pub(super) fn put_material(&self, place: Place, material: &[u8]) {
        let mut value = Zeroizing::new(Vec::with_capacity(SEQUENCE_OCTETS + material.len()));
        value.extend(place.sequence.to_be_bytes());
        value.extend_from_slice(material);
        self.data.write(&self.key(&place.name()), &value);
    }

    /// Where the buckets of sets are, and who reads them.
    pub(super) fn bucket_reader(&self) -> (&str, ReadBucket) {
        (&self.prefix, self.data.reader())
    }

    pub(super) fn put_buckets(&self, place: Place, buckets: &[Vec<u8>]) {
        for (position, bucket) in buckets.iter().enumerate() {
            self.data.write(&self.bucket_key(place, position), bucket);
        }
    }

    pub(super) fn clear_buckets(&self, place: Place, buckets: usize) {
        for position in 0..buckets {
            self.data.write(&self.bucket_key(place, position), &[]);
        }
    }

    /// Whether the buckets of a set are still there.
    pub(super) fn has_buckets(&self, place: Place) -> bool {
        let (value, _) = self.data.read(&self.bucket_key(place, 0));
        value.first_chunk().copied().map(u64::from_be_bytes) == Some(place.sequence)
    }

    fn bucket_key(&self, place: Place, position: usize) -> String {
        SerialBuckets::bucket_name(&self.key(&place.list_name()), position)
    }

    pub(super) fn clear(&self, place: Place) {
        self.data.write(&self.key(&place.name()), &[]);
    }

    /// Clears buckets that a holder left in places that no index names.
    pub(super) fn sweep_buckets(&self, holder: u64, is_named: impl Fn(Place) -> bool) {
        for slot in 0.. {
            let place = Place {
                holder,
                slot,
                sequence: 0,
            };
            let count = (0..).take_while(|position| {
                let (_, writing) = self.data.read(&self.bucket_key(place, *position));
                writing.is_some()
            });
            match count.count() {
                0 => return,
                _ if is_named(place) => {}
                buckets => self.clear_buckets(place, buckets),
            }
        }
    }

    /// Clears what a holder left in places that no index names.
    pub(super) fn sweep(&self, holder: u64, is_named: impl Fn(Place) -> bool) {
        for slot in 0.. {
            let place = Place {
                holder,
                slot,
                sequence: 0,
            };
            let (value, writing) = self.read(&place.name());
            if writing.is_none() {
                return;
            }
            let sequence = value.first_chunk().copied().map(u64::from_be_bytes);
            if let Some(sequence) = sequence
                && !is_named(Place { sequence, ..place })
            {
                self.clear(place);
            }
        }
    }

    fn key(&self, name: &str) -> String {
        format!("{}/{name}", self.prefix)
    }
}

const SEQUENCE_OCTETS: usize = size_of::<u64>();

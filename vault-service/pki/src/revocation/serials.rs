//! Revoked serial numbers, compact: sorted records of one size in one piece of memory.
//!
//! A record is the serial number, extended to the width of the set with its sign, the moment of
//! revocation (5 octets, seconds since 1970, big-endian) and the reason code (1 octet). A million
//! entries with serial numbers of 16 octets take 21 MiB.

use crate::revocation::reason::RevocationReason;
use crate::unix_time::UnixTime;

/// Most octets of a serial number: 20, and one in front for the sign (RFC 5280 section 4.1.2.2).
pub(crate) const MAX_SERIAL_OCTETS: usize = 21;
/// Widths of serial numbers in a set: few, so that records can be sorted in place.
const WIDTHS: [usize; 4] = [8, 12, 16, MAX_SERIAL_OCTETS];
const MOMENT_OCTETS: usize = 5;
const TAIL_OCTETS: usize = MOMENT_OCTETS + 1;

/// When and why a certificate was revoked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Revocation {
    pub(crate) at: UnixTime,
    pub(crate) reason: RevocationReason,
}

/// Serial numbers that are listed, each once, in ascending order of their records.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SerialSet {
    width: usize,
    records: Vec<u8>,
}

impl SerialSet {
    /// An empty set with room for `count` serial numbers of at most `octets`.
    pub(crate) fn with_capacity(count: usize, octets: usize) -> Self {
        let width = WIDTHS.into_iter().find(|width| *width >= octets);
        let width = width.unwrap_or(MAX_SERIAL_OCTETS);
        Self {
            width,
            records: Vec::with_capacity(count * (width + TAIL_OCTETS)),
        }
    }

    /// Adds one; `serial` is the content of an INTEGER, at most as long as promised.
    pub(crate) fn push(&mut self, serial: &[u8], revocation: Revocation) {
        let fill = sign_octet(serial);
        let missing = self.width.saturating_sub(serial.len());
        self.records.extend(std::iter::repeat_n(fill, missing));
        self.records.extend_from_slice(serial);
        let seconds = revocation.at.0.clamp(0, (1 << 40) - 1);
        // The first three of eight octets are zero.
        self.records.extend(seconds.to_be_bytes().iter().skip(3));
        self.records.push(revocation.reason.code());
    }

    /// Sorts what was pushed and keeps one record of each serial number: the first revocation, and
    /// a removal only if there is nothing else.
    pub(crate) fn finish(&mut self) {
        match self.width {
            8 => sort::<{ 8 + TAIL_OCTETS }>(&mut self.records),
            12 => sort::<{ 12 + TAIL_OCTETS }>(&mut self.records),
            16 => sort::<{ 16 + TAIL_OCTETS }>(&mut self.records),
            _ => sort::<{ MAX_SERIAL_OCTETS + TAIL_OCTETS }>(&mut self.records),
        }
        if self.serials().is_sorted_by(|serial, next| serial < next) {
            return;
        }
        let mut kept: Vec<u8> = Vec::with_capacity(self.records.len());
        for record in self.iter_records() {
            let before = kept.len().saturating_sub(self.record_octets());
            let last = kept.get(before..).unwrap_or_default();
            match (last.get(..self.width), record.get(..self.width)) {
                (Some(known), Some(serial)) if known == serial => {
                    if last.last() == Some(&RevocationReason::RemoveFromCrl.code()) {
                        kept.truncate(before);
                        kept.extend_from_slice(record);
                    }
                }
                _ => kept.extend_from_slice(record),
            }
        }
        self.records = kept;
    }

    /// A set from the octets of another one; `None` unless they are exactly that.
    pub(crate) fn from_records(width: usize, records: Vec<u8>, limit: usize) -> Option<Self> {
        let set = Self { width, records };
        let whole =
            WIDTHS.contains(&width) && set.records.len().is_multiple_of(set.record_octets());
        if !whole || set.len() > limit {
            return None;
        }
        let serials = set.iter_records().map(|record| record.get(..width));
        let ascending = serials.is_sorted_by(|a, b| a < b);
        let mut reasons = set.iter_records().map(|record| record.last().copied());
        let known = reasons.all(|code| code.and_then(RevocationReason::from_code).is_some());
        (ascending && known).then_some(set)
    }

    pub(crate) const fn width(&self) -> usize {
        self.width
    }

    pub(crate) fn records(&self) -> &[u8] {
        &self.records
    }

    pub(crate) fn len(&self) -> usize {
        self.records.len() / self.record_octets()
    }

    /// What is recorded about a serial number (the content of an INTEGER).
    pub(crate) fn find(&self, serial: &[u8]) -> Option<Revocation> {
        self.find_extended(&Self::extended(serial, self.width)?)
    }

    /// A serial number as records of this width have it; `None` if it is longer.
    pub(crate) fn extended(serial: &[u8], width: usize) -> Option<Vec<u8>> {
        let missing = width.checked_sub(serial.len())?;
        let mut extended = vec![sign_octet(serial); missing];
        extended.extend_from_slice(serial);
        Some(extended)
    }

    /// Serial numbers of this set, in their shortest encoding, that are not in `newer`.
    pub(crate) fn missing_in<'a>(&'a self, newer: &'a Self) -> impl Iterator<Item = &'a [u8]> {
        // Both are sorted: one walk, however many there are.
        let mut others = newer.serials().peekable();
        let missing = self.serials().filter(move |serial| {
            if self.width == newer.width {
                while others.next_if(|other| other < serial).is_some() {}
                others.peek() != Some(serial)
            } else {
                // Without its extension it means the same in a set of another width.
                newer.find(shortest(serial)).is_none()
            }
        });
        missing.map(shortest)
    }

    /// Everything that either lists.
    pub(crate) fn union(&self, other: &Self) -> Self {
        let width = self.width.max(other.width);
        let mut all = Self::with_capacity(self.len() + other.len(), width);
        for record in self.iter_records().chain(other.iter_records()) {
            let tail = record.len().saturating_sub(TAIL_OCTETS);
            if let Some((serial, tail)) = record.split_at_checked(tail)
                && let Some(revocation) = read_tail(tail)
            {
                all.push(shortest(serial), revocation);
            }
        }
        all.finish();
        all
    }

    fn serials(&self) -> impl Iterator<Item = &[u8]> {
        let records = self.iter_records();
        records.filter_map(|record| record.get(..self.width))
    }

    fn find_extended(&self, wanted: &[u8]) -> Option<Revocation> {
        let octets = self.record_octets();
        let (mut low, mut high) = (0, self.len());
        while low < high {
            let middle = low + (high - low) / 2;
            let record = self.records.get(middle * octets..(middle + 1) * octets)?;
            let (serial, tail) = record.split_at_checked(self.width)?;
            match serial.cmp(wanted) {
                std::cmp::Ordering::Less => low = middle + 1,
                std::cmp::Ordering::Greater => high = middle,
                std::cmp::Ordering::Equal => return read_tail(tail),
            }
        }
        None
    }

    pub(crate) fn iter_records(&self) -> std::slice::ChunksExact<'_, u8> {
        self.records.chunks_exact(self.record_octets())
    }

    const fn record_octets(&self) -> usize {
        self.width + TAIL_OCTETS
    }
}

fn sort<const OCTETS: usize>(records: &mut [u8]) {
    // Comparing one number first saves a third of the time.
    let start = |record: &[u8; OCTETS]| record.first_chunk().copied().map(u128::from_be_bytes);
    let records = records.as_chunks_mut::<OCTETS>().0;
    records.sort_unstable_by(|a, b| start(a).cmp(&start(b)).then_with(|| a.cmp(b)));
}

/// What a serial number is extended with: the sign, so that -128 (`80`) is not 128 (`00 80`).
fn sign_octet(serial: &[u8]) -> u8 {
    match serial.first() {
        Some(first) if first & 0x80 != 0 => 0xff,
        _ => 0,
    }
}

/// The shortest encoding of the same number.
fn shortest(mut serial: &[u8]) -> &[u8] {
    while let [first, rest @ ..] = serial
        && rest.first().is_some_and(|_| sign_octet(rest) == *first)
    {
        serial = rest;
    }
    serial
}

fn read_tail(tail: &[u8]) -> Option<Revocation> {
    let (moment, reason) = tail.split_at_checked(MOMENT_OCTETS)?;
    let seconds = moment
        .iter()
        .fold(0_i64, |seconds, octet| seconds << 8 | i64::from(*octet));
    Some(Revocation {
        at: UnixTime(seconds),
        reason: RevocationReason::from_code(*reason.first()?)?,
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;
    use crate::revocation::der::shortest_integer;

    fn revocation(at: i64, reason: RevocationReason) -> Revocation {
        Revocation {
            at: UnixTime(at),
            reason,
        }
    }

    fn set(serials: &[(&[u8], Revocation)]) -> SerialSet {
        let longest = serials.iter().map(|(serial, _)| serial.len()).max();
        let mut set = SerialSet::with_capacity(serials.len(), longest.unwrap_or(0));
        for (serial, revocation) in serials {
            set.push(serial, *revocation);
        }
        set.finish();
        set
    }

    #[test]
    fn a_serial_number_is_not_its_look_alike_with_another_sign_or_length() {
        let hold = revocation(7, RevocationReason::CertificateHold);
        let set = set(&[(&[0x00, 0x80], hold), (&[0x01, 0x00], hold)]);
        assert_eq!(set.find(&[0x00, 0x80]), Some(hold));
        for other in [&[0x80][..], &[0x01], &[0x00], &[0xff, 0x80], &[1; 30], &[]] {
            assert_eq!(set.find(other), None, "{other:x?}");
        }
    }

    #[test]
    fn of_a_serial_number_listed_twice_the_first_revocation_counts() {
        let (early, late) = (
            revocation(5, RevocationReason::Superseded),
            revocation(9, RevocationReason::KeyCompromise),
        );
        let removed = revocation(1, RevocationReason::RemoveFromCrl);
        let set = set(&[
            (&[7], late),
            (&[7], early),
            (&[7], removed),
            (&[8], removed),
        ]);
        assert_eq!(set.len(), 2);
        assert_eq!(set.find(&[7]), Some(early));
        assert_eq!(set.find(&[8]), Some(removed));
    }

    #[test]
    fn only_sorted_records_of_known_reasons_make_a_set() {
        let hold = revocation(7, RevocationReason::CertificateHold);
        let good = set(&[(&[1], hold), (&[2], hold)]);
        let read = |records: &[u8]| SerialSet::from_records(8, records.to_vec(), 2);
        assert_eq!(read(good.records()), Some(good.clone()));
        assert_eq!(SerialSet::from_records(8, good.records().to_vec(), 1), None);
        assert_eq!(SerialSet::from_records(9, good.records().to_vec(), 2), None);
        let (first, second) = good.records().split_at(14);
        assert_eq!(read(&[second, first].concat()), None);
        assert_eq!(read(&[first, first].concat()), None);
        assert_eq!(read(&[first, &[0]].concat()), None);
        let mut reason = first.to_vec();
        reason[13] = 7;
        assert_eq!(read(&reason), None);
    }

    fn serial() -> impl Strategy<Value = Vec<u8>> {
        prop::collection::vec(any::<u8>(), 1..=MAX_SERIAL_OCTETS)
            .prop_filter("shortest", |serial| shortest_integer(serial).is_ok())
    }

    proptest! {
        #[test]
        fn a_set_finds_what_was_put_in_and_nothing_else(
            listed in prop::collection::btree_map(serial(), 0_i64..1 << 40, 0..60),
            others in prop::collection::vec(serial(), 0..60),
        ) {
            let entries: Vec<_> = listed
                .iter()
                .map(|(serial, at)| {
                    (serial.as_slice(), revocation(*at, RevocationReason::Unspecified))
                })
                .collect();
            let set = set(&entries);
            let known: BTreeMap<_, _> = entries.iter().copied().collect();
            prop_assert_eq!(set.len(), known.len());
            for serial in listed.keys().chain(&others) {
                prop_assert_eq!(set.find(serial), known.get(serial.as_slice()).copied());
            }
            let again = SerialSet::from_records(set.width(), set.records().to_vec(), 60);
            prop_assert_eq!(again.as_ref(), Some(&set));
            prop_assert_eq!(set.missing_in(&set).count(), 0);
        }
    }
}

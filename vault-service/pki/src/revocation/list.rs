//! A verified CRL in its compact form, with the delta CRL that was added to it.

use litemap::LiteMap;

use crate::revocation::buckets::{SerialBuckets, UnreadableBucket};
use crate::revocation::crl::Crl;
use crate::revocation::crl_error::CrlError;
use crate::revocation::crl_number::CrlNumber;
use crate::revocation::entries::{MAX_CRL_ENTRIES, MAX_ENTRY_ISSUERS, SerialSets, read_entries};
use crate::revocation::reason::RevocationReason;
use crate::revocation::scope::CrlScope;
use crate::revocation::serials::{Revocation, SerialSet};
use crate::revocation::signer::CrlSigner;
use crate::unix_time::UnixTime;

/// What one signer says about the certificates of one scope.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RevocationList {
    /// Who says it.
    pub signer: CrlSigner,
    /// About which certificates.
    pub scope: CrlScope,
    /// The complete CRL.
    pub complete: CrlEdition,
    /// Changes since then.
    pub delta: Option<CrlEdition>,
}

/// The content of one CRL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CrlEdition {
    pub(crate) number: CrlNumber,
    pub(crate) this_update: UnixTime,
    pub(crate) next_update: UnixTime,
    pub(crate) sets: SerialSets,
    /// By issuer, as in `sets`: what is kept elsewhere.
    buckets: LiteMap<Vec<u8>, SerialBuckets>,
}

/// Certificates that were listed and are listed no longer. A CA drops those that have expired; which
/// these are, a CRL does not say.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Dropped {
    /// How many.
    pub certificates: usize,
    /// When the last of them was revoked, those on hold aside: a hold may end.
    pub last_revoked: Option<UnixTime>,
}

/// Listed serial numbers of one issuer, borrowed or owned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedSerials<B> {
    /// DER of the issuer's name.
    pub issuer: B,
    /// Octets of a serial number: 8, 12, 16 or 21.
    pub width: usize,
    /// One record after the other: the serial number, extended to `width` octets with its sign; the
    /// moment of revocation (5 octets, seconds since 1970); the reason code (1 octet). Ascending,
    /// no serial number twice, numbers big-endian.
    pub records: B,
}

/// Listed serial numbers that are not as [`ListedSerials`] says, or too many, or dates in the wrong
/// order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the listed serial numbers are not sorted records or too many, or the dates are reversed")]
pub struct InvalidListedSerials;

impl Dropped {
    fn count(&mut self, revocation: Revocation) {
        self.certificates += 1;
        if revocation.reason != RevocationReason::CertificateHold {
            self.last_revoked = self.last_revoked.max(Some(revocation.at));
        }
    }
}

impl RevocationList {
    /// From when on it counts: the delta stands for both (RFC 5280 section 5.2.4).
    pub fn this_update(&self) -> UnixTime {
        self.newest().this_update
    }

    /// When it expires.
    pub fn next_update(&self) -> UnixTime {
        self.newest().next_update
    }

    /// Number of the newest CRL in it.
    pub fn number(&self) -> CrlNumber {
        self.newest().number
    }

    pub(crate) fn content(&self) -> Content<'_> {
        Content {
            complete: &self.complete,
            delta: self.delta.as_ref(),
        }
    }

    fn newest(&self) -> &CrlEdition {
        self.delta.as_ref().unwrap_or(&self.complete)
    }

    /// Whether a certificate is revoked; `issuer` is the DER of its issuer's name, `serial` the
    /// content of its serial number.
    pub(crate) fn find(
        &self,
        issuer: &[u8],
        serial: &[u8],
    ) -> Result<Option<Revocation>, UnreadableBucket> {
        self.content().find(issuer, serial)
    }
}

/// A complete CRL and the delta CRL on top of it.
#[derive(Clone, Copy)]
pub(crate) struct Content<'a> {
    pub(crate) complete: &'a CrlEdition,
    pub(crate) delta: Option<&'a CrlEdition>,
}

impl Content<'_> {
    /// What was revoked by `before` and is no longer.
    pub(crate) fn dropped_since(self, before: Content<'_>) -> Dropped {
        let none = SerialSet::with_capacity(0, 0);
        let complete = before.complete.missing_in(self.complete, &none);
        let delta = before.delta.into_iter();
        let delta = delta
            .flat_map(|delta| delta.missing_in(self.complete, &none))
            .filter(|(issuer, serial)| before.complete.find(issuer, serial) == Ok(None));
        let mut dropped = Dropped::default();
        for (issuer, serial) in complete.chain(delta) {
            if let Ok(Some(revocation)) = before.find(issuer, serial)
                && self.find(issuer, serial) == Ok(None)
            {
                dropped.count(revocation);
            }
        }
        dropped
    }

    fn find(self, issuer: &[u8], serial: &[u8]) -> Result<Option<Revocation>, UnreadableBucket> {
        let changed = self.delta;
        match changed.map_or(Ok(None), |delta| delta.find(issuer, serial))? {
            Some(change) if change.reason == RevocationReason::RemoveFromCrl => Ok(None),
            Some(change) => Ok(Some(change)),
            None => self.complete.find(issuer, serial),
        }
    }
}

impl CrlEdition {
    /// Takes over what was compacted elsewhere.
    ///
    /// # Errors
    /// Serial numbers that are not sorted records, an issuer that occurs twice, too many, or dates
    /// in the wrong order.
    pub fn new(
        number: CrlNumber,
        (this_update, next_update): (UnixTime, UnixTime),
        listed: Vec<ListedSerials<Vec<u8>>>,
    ) -> Result<Self, InvalidListedSerials> {
        if listed.len() > MAX_ENTRY_ISSUERS || this_update >= next_update {
            return Err(InvalidListedSerials);
        }
        let mut sets = SerialSets::new();
        let mut left = MAX_CRL_ENTRIES;
        for serials in listed {
            let set = SerialSet::from_records(serials.width, serials.records, left);
            let set = set.ok_or(InvalidListedSerials)?;
            left = left.saturating_sub(set.len());
            if sets.insert(serials.issuer, set).is_some() {
                return Err(InvalidListedSerials);
            }
        }
        Ok(Self {
            number,
            this_update,
            next_update,
            sets,
            buckets: LiteMap::new(),
        })
    }

    pub(crate) fn read(crl: &Crl<'_>) -> Result<Self, CrlError> {
        Ok(Self {
            number: crl.extensions.number,
            this_update: crl.this_update,
            next_update: crl.next_update,
            sets: read_entries(crl.entries, crl.issuer, crl.extensions.scope.indirect)?,
            buckets: LiteMap::new(),
        })
    }

    /// Lets the listed serial numbers of an issuer be looked up elsewhere, in place of those that are
    /// here.
    pub fn keep_elsewhere(&mut self, issuer: Vec<u8>, buckets: SerialBuckets) {
        self.sets.remove(&issuer);
        self.buckets.insert(issuer, buckets);
    }

    /// The CRL's number.
    pub fn number(&self) -> CrlNumber {
        self.number
    }

    /// When the CRL was made.
    pub fn this_update(&self) -> UnixTime {
        self.this_update
    }

    /// When the next one is to come.
    pub fn next_update(&self) -> UnixTime {
        self.next_update
    }

    /// How many serial numbers are listed.
    pub fn entries(&self) -> usize {
        let here = self.sets.values().map(SerialSet::len);
        here.chain(self.buckets.values().map(|buckets| buckets.entries))
            .sum()
    }

    /// The listed serial numbers, by issuer, as far as they are not kept elsewhere.
    pub fn listed(&self) -> impl Iterator<Item = ListedSerials<&[u8]>> {
        self.sets.iter().map(|(issuer, set)| ListedSerials {
            issuer: issuer.as_slice(),
            width: set.width(),
            records: set.records(),
        })
    }

    /// Serial numbers of this edition, with their issuers, that `newer` does not list; `none` stands
    /// for issuers it does not know.
    fn missing_in<'a>(
        &'a self,
        newer: &'a Self,
        none: &'a SerialSet,
    ) -> impl Iterator<Item = (&'a [u8], &'a [u8])> {
        self.sets.iter().flat_map(move |(issuer, set)| {
            let missing = set.missing_in(newer.sets.get(issuer).unwrap_or(none));
            missing.map(|serial| (issuer.as_slice(), serial))
        })
    }

    /// Adds what another edition of the same number lists.
    pub(crate) fn add(&mut self, other: Self) {
        for (issuer, set) in other.sets {
            let all = match self.sets.get(&issuer) {
                Some(known) => known.union(&set),
                None => set,
            };
            self.sets.insert(issuer, all);
        }
    }

    fn find(&self, issuer: &[u8], serial: &[u8]) -> Result<Option<Revocation>, UnreadableBucket> {
        match self.buckets.get(issuer) {
            Some(buckets) => buckets.find(serial),
            None => Ok(self.sets.get(issuer).and_then(|set| set.find(serial))),
        }
    }
}

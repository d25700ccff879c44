//! Pin sets: which keys and certificates a path must contain one of.

use std::fmt;

use super::pin::{Pin, PinKind, PinRole};
use crate::certificate::Certificate;
use crate::digest::Digest;
use crate::path::VerifiedPath;
use crate::profile::{BackupPin, Profile};
use crate::unix_time::UnixTime;

/// Most pins in one set.
pub const MAX_PINS: usize = 1000;

/// A set of pins, at least one of them not retired. One key or certificate is in it once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PinSet {
    /// Sorted by digest and kind, each once.
    pins: Vec<Pin>,
}

/// Why pins are not a pin set.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PinSetError {
    /// No pin at all: such a set would let nobody pass, or everybody, depending on the reader.
    #[error("a pin set needs at least one pin")]
    Empty,
    /// Retired pins only: nobody could ever pass.
    #[error("a pin set needs at least one pin that is not retired")]
    AllRetired,
    /// More pins than [`MAX_PINS`].
    #[error("{count} pins: at most {limit} are allowed")]
    TooMany {
        /// How many there were, duplicates included.
        count: usize,
        /// [`MAX_PINS`].
        limit: usize,
    },
    /// One key or certificate twice, with different roles or dates.
    #[error("{digest} is pinned twice, with different roles or dates")]
    Ambiguous {
        /// The digest.
        digest: Digest,
    },
    /// A pin that ends before it begins.
    #[error("the pin {digest} ends before it begins")]
    Dates {
        /// The digest.
        digest: Digest,
    },
}

/// A pin and what it matched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PinMatch {
    /// The pin.
    pub pin: Pin,
    /// Where on the path: 0 is the peer's own certificate, the last is the trust anchor's.
    pub position: usize,
}

/// Why no pin counts.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PinRefusal {
    /// No usable pin matches.
    #[error("no pin matches{}", but(unusable.as_ref()))]
    Mismatch {
        /// A pin that matches and does not count.
        unusable: Option<UnusablePin>,
    },
    /// Every pin that is not retired is outside of its dates, so nobody can pass.
    #[error("no pin of the set counts at {at}{}", but(unusable.as_ref()))]
    OutOfDate {
        /// The moment in question.
        at: UnixTime,
        /// A pin that matches and does not count.
        unusable: Option<UnusablePin>,
    },
    /// The profile wants a backup, and none counts.
    #[error("no backup pin of the set counts at {at}")]
    NoBackup {
        /// The moment in question.
        at: UnixTime,
    },
}

/// A pin that matches and does not count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnusablePin {
    /// What matched.
    pub found: PinMatch,
    /// Why it does not count.
    pub why: PinUnusable,
}

/// Why a pin does not count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PinUnusable {
    /// It is retired.
    Retired,
    /// It counts later.
    NotYet(UnixTime),
    /// It counted until then.
    Ended(UnixTime),
}

impl PinSet {
    /// A set of pins; exact duplicates are dropped.
    ///
    /// # Errors
    /// No pin that is not retired, more than [`MAX_PINS`], one that ends before it begins, or one
    /// digest with two roles or dates.
    pub fn new(given: Vec<Pin>) -> Result<Self, PinSetError> {
        if given.is_empty() {
            return Err(PinSetError::Empty);
        }
        if given.len() > MAX_PINS {
            return Err(PinSetError::TooMany {
                count: given.len(),
                limit: MAX_PINS,
            });
        }
        // They are few; a sort is three kilobytes of WebAssembly for each kind of thing.
        let mut pins: Vec<Pin> = Vec::with_capacity(given.len());
        for pin in given {
            let place = pins.partition_point(|known| key(known) <= key(&pin));
            pins.insert(place, pin);
        }
        if pins.iter().all(|pin| pin.role == PinRole::Retired) {
            return Err(PinSetError::AllRetired);
        }
        if let Some(pin) = pins.iter().find(|pin| ends_before_it_begins(pin)) {
            let digest = pin.digest;
            return Err(PinSetError::Dates { digest });
        }
        pins.dedup();
        let mut neighbours = pins.iter().zip(pins.iter().skip(1));
        if let Some((pin, _)) = neighbours.find(|(one, next)| key(one) == key(next)) {
            let digest = pin.digest;
            return Err(PinSetError::Ambiguous { digest });
        }
        Ok(Self { pins })
    }

    /// Active pins of public keys, without dates.
    ///
    /// # Errors
    /// No digest, or more than [`MAX_PINS`].
    pub fn of_public_keys(digests: Vec<Digest>) -> Result<Self, PinSetError> {
        let pins = digests.into_iter();
        Self::new(pins.map(|spki| Pin::active(PinKind::Spki, spki)).collect())
    }

    /// The pin that a certificate on the path matches at the moment `at`, nearest to the peer first.
    /// Only a *verified* path is looked at, never the chain that a peer presented (RFC 7469 section
    /// 2.6).
    ///
    /// # Errors
    /// No usable pin matches.
    pub fn match_path(&self, path: &VerifiedPath, at: UnixTime) -> Result<PinMatch, PinRefusal> {
        let certificates = path.sha256s().iter();
        let keys = path.spki_sha256s().iter();
        self.find(certificates.copied().zip(keys.copied()), at)
    }

    /// The pin that the certificate itself matches at the moment `at`.
    ///
    /// # Errors
    /// No usable pin matches.
    pub fn match_certificate(
        &self,
        certificate: &Certificate,
        at: UnixTime,
    ) -> Result<PinMatch, PinRefusal> {
        let digests = (certificate.sha256(), certificate.spki_sha256());
        self.find(std::iter::once(digests), at)
    }

    /// Whether the peer could lose its key at the moment `at` and still be let in.
    pub fn has_backup(&self, at: UnixTime) -> bool {
        let mut pins = self.pins.iter();
        pins.any(|pin| pin.role == PinRole::Backup && pin.is_usable(at))
    }

    /// Whether the profile takes the set.
    ///
    /// # Errors
    /// It wants a backup that counts at the moment `at`, and there is none.
    pub fn check_backup(&self, profile: &Profile, at: UnixTime) -> Result<(), PinRefusal> {
        match profile.backup_pin {
            BackupPin::Required if !self.has_backup(at) => Err(PinRefusal::NoBackup { at }),
            BackupPin::Required | BackupPin::Optional => Ok(()),
        }
    }

    /// The pins, sorted by digest.
    pub fn pins(&self) -> &[Pin] {
        &self.pins
    }

    /// `certificates`: digests of each and of its key, the peer's first.
    fn find(
        &self,
        certificates: impl Iterator<Item = (Digest, Digest)>,
        at: UnixTime,
    ) -> Result<PinMatch, PinRefusal> {
        let mut unusable = None;
        for (position, (certificate, spki)) in certificates.enumerate() {
            let wanted = [(certificate, PinKind::Certificate), (spki, PinKind::Spki)];
            for pin in wanted.iter().filter_map(|wanted| self.get(wanted)) {
                let found = PinMatch { pin, position };
                match why_unusable(&pin, at) {
                    None => return Ok(found),
                    Some(why) => unusable = unusable.or(Some(UnusablePin { found, why })),
                }
            }
        }
        if self.pins.iter().any(|pin| pin.is_usable(at)) {
            Err(PinRefusal::Mismatch { unusable })
        } else {
            Err(PinRefusal::OutOfDate { at, unusable })
        }
    }

    fn get(&self, wanted: &(Digest, PinKind)) -> Option<Pin> {
        let index = self.pins.binary_search_by_key(wanted, key).ok()?;
        self.pins.get(index).copied()
    }
}

fn key(pin: &Pin) -> (Digest, PinKind) {
    (pin.digest, pin.kind)
}

fn ends_before_it_begins(pin: &Pin) -> bool {
    matches!((pin.not_before, pin.not_after), (Some(begin), Some(end)) if end < begin)
}

fn why_unusable(pin: &Pin, at: UnixTime) -> Option<PinUnusable> {
    if pin.is_usable(at) {
        return None;
    }
    Some(match (pin.role, pin.not_before, pin.not_after) {
        (PinRole::Retired, ..) => PinUnusable::Retired,
        (_, Some(not_before), _) if at < not_before => PinUnusable::NotYet(not_before),
        (_, _, Some(not_after)) => PinUnusable::Ended(not_after),
        (_, _, None) => return None,
    })
}

fn but(unusable: Option<&UnusablePin>) -> String {
    unusable.map_or_else(String::new, |unusable| format!("; {unusable}"))
}

impl fmt::Display for PinMatch {
    /// `active spki pin <digest> at position 0`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at position {}", self.pin, self.position)
    }
}

impl fmt::Display for UnusablePin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the {} ", self.found)?;
        match self.why {
            PinUnusable::Retired => f.write_str("would match"),
            PinUnusable::NotYet(not_before) => write!(f, "counts from {not_before}"),
            PinUnusable::Ended(not_after) => write!(f, "counted until {not_after}"),
        }
    }
}

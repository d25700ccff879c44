//! One pin and its life.

use std::fmt;
use std::str::FromStr;

use crate::digest::Digest;
use crate::unix_time::UnixTime;

/// What a digest is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PinKind {
    /// The whole certificate: a renewal needs a new pin.
    Certificate,
    /// The SubjectPublicKeyInfo (RFC 7469 section 2.4): a renewal with the same key needs none.
    Spki,
}

/// Where a pin stands in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PinRole {
    /// In use.
    Active,
    /// Not in use yet, and already good: what the peer changes to when its key is lost (RFC 7469
    /// section 4.3).
    Backup,
    /// Never good again. It stays so that its use can be told from a stranger's.
    Retired,
}

/// A digest of the wanted key or certificate, and when it counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Pin {
    /// What it is a digest of.
    pub kind: PinKind,
    /// SHA-256.
    pub digest: Digest,
    /// Whether it counts.
    pub role: PinRole,
    /// First moment at which it counts; from ever if absent.
    pub not_before: Option<UnixTime>,
    /// Last moment at which it counts; for ever if absent.
    pub not_after: Option<UnixTime>,
}

/// A word that is neither a kind nor a role.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{known} is wanted here")]
pub struct UnknownPinWord {
    /// The words there are.
    pub known: &'static str,
}

impl Pin {
    /// An active pin without dates.
    pub const fn active(kind: PinKind, digest: Digest) -> Self {
        Self {
            kind,
            digest,
            role: PinRole::Active,
            not_before: None,
            not_after: None,
        }
    }

    /// Whether a match counts at this moment.
    pub fn is_usable(&self, at: UnixTime) -> bool {
        self.role != PinRole::Retired
            && self.not_before.is_none_or(|not_before| at >= not_before)
            && self.not_after.is_none_or(|not_after| at <= not_after)
    }
}

impl PinKind {
    /// The word on the wire and in logs.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Certificate => "certificate",
            Self::Spki => "spki",
        }
    }
}

impl PinRole {
    /// The word on the wire, in logs and in counters.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Backup => "backup",
            Self::Retired => "retired",
        }
    }
}

impl FromStr for PinKind {
    type Err = UnknownPinWord;

    fn from_str(text: &str) -> Result<Self, UnknownPinWord> {
        [Self::Certificate, Self::Spki]
            .into_iter()
            .find(|kind| kind.as_str() == text)
            .ok_or(UnknownPinWord {
                known: "spki or certificate",
            })
    }
}

impl FromStr for PinRole {
    type Err = UnknownPinWord;

    fn from_str(text: &str) -> Result<Self, UnknownPinWord> {
        [Self::Active, Self::Backup, Self::Retired]
            .into_iter()
            .find(|role| role.as_str() == text)
            .ok_or(UnknownPinWord {
                known: "active, backup or retired",
            })
    }
}

impl fmt::Display for Pin {
    /// `active spki pin <digest>`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (role, kind) = (self.role.as_str(), self.kind.as_str());
        write!(f, "{role} {kind} pin {}", self.digest)
    }
}

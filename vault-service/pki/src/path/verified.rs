//! A path that may be relied on.

use super::{Usage, basics};
use crate::certificate::Certificate;
use crate::digest::Digest;
use crate::path_error::PathError;
use crate::unix_time::UnixTime;

/// A path that has been verified; only [`crate::PathRules::verify`] and
/// [`crate::PinnedCertificates::verify`] make one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifiedPath {
    certificates: Vec<Certificate>,
    spki_sha256s: Vec<Digest>,
    sha256s: Vec<Digest>,
    not_before: UnixTime,
    not_after: UnixTime,
}

impl VerifiedPath {
    /// The certificates of the path: the peer's first, the anchor's last.
    pub fn certificates(&self) -> &[Certificate] {
        &self.certificates
    }

    /// SubjectPublicKeyInfo digests of the path, in the same order.
    pub fn spki_sha256s(&self) -> &[Digest] {
        &self.spki_sha256s
    }

    /// Certificate digests of the path, in the same order.
    pub fn sha256s(&self) -> &[Digest] {
        &self.sha256s
    }

    /// The latest of the first moments of validity on the path.
    pub fn not_before(&self) -> UnixTime {
        self.not_before
    }

    /// The earliest of the last moments of validity on the path: a cached verdict ends here.
    pub fn not_after(&self) -> UnixTime {
        self.not_after
    }

    /// The path of a certificate that is trusted as it is: that certificate, as of `at`.
    pub(crate) fn of_pinned(
        peer: &Certificate,
        usage: Usage,
        at: UnixTime,
    ) -> Result<Self, PathError> {
        basics::check_validity(peer, at)?;
        basics::check_usage(peer, usage)?;
        Self::of(&[peer]).ok_or(PathError::Refused)
    }

    /// `None` without a certificate.
    pub(super) fn of(path: &[&Certificate]) -> Option<Self> {
        Some(Self {
            certificates: path.iter().copied().cloned().collect(),
            spki_sha256s: path.iter().map(|one| one.spki_sha256()).collect(),
            sha256s: path.iter().map(|one| one.sha256()).collect(),
            not_before: path.iter().map(|one| one.not_before()).max()?,
            not_after: path.iter().map(|one| one.not_after()).min()?,
        })
    }
}

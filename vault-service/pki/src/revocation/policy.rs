//! How strictly revocation is looked at.

/// What has to be known about the certificates of a path; everything, unless told otherwise.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct RevocationPolicy {
    /// A certificate that no CRL is about.
    pub unknown: UnknownStatus,
    /// A certificate that only CRLs past their nextUpdate are about.
    pub expired: ExpiredCrl,
    /// Which certificates are looked at.
    pub certificates: CheckedCertificates,
}

/// What happens to a certificate that no CRL is about.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum UnknownStatus {
    /// The path is refused.
    #[default]
    Deny,
    /// It counts as not revoked.
    Allow,
}

/// What happens to a certificate that only expired CRLs are about. One that they list is refused in
/// either case.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum ExpiredCrl {
    /// The path is refused.
    #[default]
    Deny,
    /// They count as if they had not expired.
    Allow,
}

/// Which certificates of a path are looked at. The anchor never is: nobody could revoke it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum CheckedCertificates {
    /// Every one below the anchor ("CRL for all CAs").
    #[default]
    AllBelowAnchor,
    /// The peer's.
    PeerOnly,
}

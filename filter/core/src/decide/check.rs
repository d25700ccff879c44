//! The checks of a verdict, in the order they are made, and who is told of those that were passed.

use crate::reason::Reason;
use crate::word::words;

/// One question about a peer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(
    test,
    derive(schemars::JsonSchema),
    schemars(inline, rename_all = "camelCase")
)]
pub enum Check {
    /// The version of TLS is allowed.
    TlsVersion,
    /// The peer presented a certificate that can be read. Nobody can name it in a configuration.
    #[cfg_attr(test, schemars(skip))]
    Certificate,
    /// A path leads from it to the truststore: signatures, dates, purposes, constraints, depth.
    Path,
    /// The path has an acceptable certificate policy.
    Policies,
    /// Nothing on the path was revoked.
    Revocation,
    /// A pin matches.
    Pins,
    /// It is the server that was called.
    ServerName,
    /// It has one of the names that may come in.
    PeerNames,
}

words!(Check {
    TlsVersion = "tlsVersion",
    Path = "path",
    Policies = "policies",
    Revocation = "revocation",
    Pins = "pins",
    ServerName = "serverName",
    PeerNames = "peerNames",
});

/// Some of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Checks(u8);

/// Told of each check that is passed. The filter does not listen, so evidence is made on demand.
pub(super) trait Listener {
    fn passed(&mut self, check: Check, evidence: &dyn Fn() -> String);
}

/// Nobody listens.
pub(super) struct Silent;

impl Listener for Silent {
    fn passed(&mut self, _: Check, _: &dyn Fn() -> String) {}
}

impl Checks {
    /// Whether it is one of these.
    pub const fn contains(self, check: Check) -> bool {
        self.0 & check.bit() != 0
    }

    /// Whether there are none.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// These without that one.
    pub(super) const fn without(self, check: Check) -> Self {
        Self(self.0 & !check.bit())
    }

    /// Those that are in both.
    pub(super) const fn and(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// Each of these, in the order they are made.
    pub(super) fn iter(self) -> impl Iterator<Item = Check> {
        Check::ALL
            .into_iter()
            .filter(move |check| self.contains(*check))
    }
}

impl FromIterator<Check> for Checks {
    fn from_iter<I: IntoIterator<Item = Check>>(checks: I) -> Self {
        let bits = checks.into_iter().map(Check::bit);
        Self(bits.fold(0, |all, bit| all | bit))
    }
}

impl Check {
    const fn bit(self) -> u8 {
        1 << self as u8
    }

    /// All of them, in the order they are made.
    pub const ALL: [Self; 8] = [
        Self::TlsVersion,
        Self::Certificate,
        Self::Path,
        Self::Policies,
        Self::Revocation,
        Self::Pins,
        Self::ServerName,
        Self::PeerNames,
    ];

    /// Stable name, `snake_case`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::TlsVersion => "tls_version",
            Self::Certificate => "certificate",
            Self::Path => "path",
            Self::Policies => "policies",
            Self::Revocation => "revocation",
            Self::Pins => "pins",
            Self::ServerName => "server_name",
            Self::PeerNames => "peer_names",
        }
    }

    /// The check that ends with this reason, `None` if no check of a peer does.
    pub(super) const fn behind(reason: Reason) -> Option<Self> {
        Some(match reason {
            Reason::TlsVersionUnknown | Reason::TlsVersionRefused => Self::TlsVersion,
            Reason::CertificateMissing | Reason::CertificateMalformed => Self::Certificate,
            Reason::TruststoreMissing
            | Reason::UnknownIssuer
            | Reason::CertificateExpired
            | Reason::CertificateNotYetValid
            | Reason::WrongUsage
            | Reason::InvalidSignature
            | Reason::CertificateRefused
            | Reason::PathTooDeep => Self::Path,
            Reason::PolicyNotAcceptable => Self::Policies,
            Reason::CertificateRevoked | Reason::RevocationUnknown | Reason::RevocationExpired => {
                Self::Revocation
            }
            Reason::PinsWithoutCertificate
            | Reason::PinsOutOfDate
            | Reason::PinsWithoutBackup
            | Reason::PinMismatch => Self::Pins,
            Reason::ServerNameMismatch => Self::ServerName,
            Reason::NamesWithoutCertificate | Reason::PeerNameMismatch => Self::PeerNames,
            Reason::SecretAbsent
            | Reason::SecretExpired
            | Reason::SecretStale
            | Reason::SecretWithdrawn
            | Reason::SecretRefused
            | Reason::SecretMalformed
            | Reason::GatewayDenied
            | Reason::TooManyWaiting
            | Reason::TooManyConnections
            | Reason::HandshakeTimeout
            | Reason::SecretNotChosen
            | Reason::CredentialUnusable
            | Reason::CredentialAbsent
            | Reason::CredentialMalformed
            | Reason::CredentialAmbiguous
            | Reason::CredentialWrong
            | Reason::CredentialExpired
            | Reason::CallerRefused
            | Reason::SignatureReplayed
            | Reason::RequestMalformed
            | Reason::BodyAltered
            | Reason::BodyUnsupported
            | Reason::DecryptionFailed
            | Reason::EncryptionFailed
            | Reason::ResponseUnsupported
            | Reason::ResponseDecryptionFailed
            | Reason::ResponseEncryptionFailed
            | Reason::ResponseTooLarge
            | Reason::ResponseTimeout
            | Reason::BodyTooLarge
            | Reason::BodyTimeout
            | Reason::Internal => return None,
        })
    }
}

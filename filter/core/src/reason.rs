//! Why a request is denied: a closed list of stable codes.
//!
//! The client gets the code and a short sentence. Evidence (which certificate, which reference)
//! goes to the log only. Which side did not pass is told by the status: 400, 401, 403, 408 and 413 the
//! client, 502 the server, 503 the gateway itself cannot decide or has no credential, 504 no handshake in time.

use crate::direction::Direction;

/// A reason to deny.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reason {
    /// The vault has not answered since the filter started.
    SecretAbsent,
    /// The vault has not answered for longer than its last answer may be used.
    SecretExpired,
    /// The vault has not confirmed it in time, and the configuration does not let that do.
    SecretStale,
    /// The secret was deleted.
    SecretWithdrawn,
    /// The vault refuses the reference to this gateway.
    SecretRefused,
    /// What the vault sent cannot be used.
    SecretMalformed,
    /// The vault does not know this gateway any more.
    GatewayDenied,
    /// Too many requests wait already.
    TooManyWaiting,
    /// Too many connections are open already.
    TooManyConnections,
    /// The TLS context wants certificates checked, but has no truststore.
    TruststoreMissing,
    /// Pins are configured, but the TLS context does not ask for client certificates.
    PinsWithoutCertificate,
    /// Names are configured, but the TLS context does not ask for client certificates.
    NamesWithoutCertificate,
    /// Every pin that is not retired is outside of its dates.
    PinsOutOfDate,
    /// The TLS context is strict, and no backup pin counts.
    PinsWithoutBackup,
    /// No TLS, or a version that is not known.
    TlsVersionUnknown,
    /// A TLS version outside of the TLS context's range.
    TlsVersionRefused,
    /// The peer presented no certificate.
    CertificateMissing,
    /// The certificate is not readable as one.
    CertificateMalformed,
    /// No path to the truststore.
    UnknownIssuer,
    /// A certificate on the path has expired.
    CertificateExpired,
    /// A certificate on the path is not valid yet.
    CertificateNotYetValid,
    /// The certificate is for another purpose.
    WrongUsage,
    /// A signature on the path is wrong.
    InvalidSignature,
    /// The path breaks another rule: key size, algorithm, constraints, size.
    CertificateRefused,
    /// A revocation list names a certificate on the path.
    CertificateRevoked,
    /// No revocation list is about a certificate on the path.
    RevocationUnknown,
    /// The revocation lists about a certificate on the path have expired.
    RevocationExpired,
    /// The path has no acceptable certificate policy.
    PolicyNotAcceptable,
    /// More CAs stand between the peer and its trust anchor than are allowed.
    PathTooDeep,
    /// No certificate on the path is pinned.
    PinMismatch,
    /// The server's certificate does not carry the configured name.
    ServerNameMismatch,
    /// The peer's certificate carries none of the allowed names.
    PeerNameMismatch,
    /// The handshake with the server took too long.
    HandshakeTimeout,
    /// The request names none of the secrets of which one is chosen.
    SecretNotChosen,
    /// The credential cannot be written into a header.
    CredentialUnusable,
    /// The caller shows no credential that is accepted.
    CredentialAbsent,
    /// The caller's credential is not of its form.
    CredentialMalformed,
    /// The caller's credential is there more than once.
    CredentialAmbiguous,
    /// The caller's credential fits no secret.
    CredentialWrong,
    /// The caller's credential is over, not valid yet, or too old.
    CredentialExpired,
    /// The credential holds, but not for this: issuer, audience, claims, covered parts.
    CallerRefused,
    /// The signature was seen before.
    SignatureReplayed,
    /// The head of the request cannot be protected or checked as it is.
    RequestMalformed,
    /// The body is not the one that was signed.
    BodyAltered,
    /// The body is longer than the policy takes.
    BodyTooLarge,
    /// The body did not arrive in time.
    BodyTimeout,
    /// A body that is a stream, or is encoded, is neither encrypted nor decrypted.
    BodyUnsupported,
    /// The body of the request is no message that our keys open.
    DecryptionFailed,
    /// The body of the request is not what the policy encrypts.
    EncryptionFailed,
    /// The response is a stream, a part of one, or encoded, and is neither encrypted nor decrypted.
    ResponseUnsupported,
    /// The response is no message that our keys open.
    ResponseDecryptionFailed,
    /// The response is not what the policy encrypts.
    ResponseEncryptionFailed,
    /// The response is longer than the policy takes.
    ResponseTooLarge,
    /// The response did not arrive in time.
    ResponseTimeout,
    /// The filter itself failed; it denies rather than guesses.
    Internal,
}

/// Why a secret is not at hand.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Unavailable {
    /// The vault did not answer in time.
    Unreachable,
    /// The vault does not give it.
    Denied,
    /// What the vault sent cannot be used.
    Malformed,
}

impl Reason {
    /// All reasons, in the order of the documentation.
    pub const ALL: [Self; 55] = [
        Self::SecretAbsent,
        Self::SecretExpired,
        Self::SecretStale,
        Self::SecretWithdrawn,
        Self::SecretRefused,
        Self::SecretMalformed,
        Self::GatewayDenied,
        Self::TooManyWaiting,
        Self::TooManyConnections,
        Self::TruststoreMissing,
        Self::PinsWithoutCertificate,
        Self::NamesWithoutCertificate,
        Self::PinsOutOfDate,
        Self::PinsWithoutBackup,
        Self::TlsVersionUnknown,
        Self::TlsVersionRefused,
        Self::CertificateMissing,
        Self::CertificateMalformed,
        Self::UnknownIssuer,
        Self::CertificateExpired,
        Self::CertificateNotYetValid,
        Self::WrongUsage,
        Self::InvalidSignature,
        Self::CertificateRefused,
        Self::CertificateRevoked,
        Self::RevocationUnknown,
        Self::RevocationExpired,
        Self::PolicyNotAcceptable,
        Self::PathTooDeep,
        Self::PinMismatch,
        Self::ServerNameMismatch,
        Self::PeerNameMismatch,
        Self::HandshakeTimeout,
        Self::SecretNotChosen,
        Self::CredentialUnusable,
        Self::CredentialAbsent,
        Self::CredentialMalformed,
        Self::CredentialAmbiguous,
        Self::CredentialWrong,
        Self::CredentialExpired,
        Self::CallerRefused,
        Self::SignatureReplayed,
        Self::RequestMalformed,
        Self::BodyAltered,
        Self::BodyTooLarge,
        Self::BodyTimeout,
        Self::BodyUnsupported,
        Self::DecryptionFailed,
        Self::EncryptionFailed,
        Self::ResponseUnsupported,
        Self::ResponseDecryptionFailed,
        Self::ResponseEncryptionFailed,
        Self::ResponseTooLarge,
        Self::ResponseTimeout,
        Self::Internal,
    ];

    /// The stable code.
    pub const fn code(self) -> &'static str {
        match self {
            Self::SecretAbsent => "secret_absent",
            Self::SecretExpired => "secret_expired",
            Self::SecretStale => "secret_stale",
            Self::SecretWithdrawn => "secret_withdrawn",
            Self::SecretRefused => "secret_refused",
            Self::SecretMalformed => "secret_malformed",
            Self::GatewayDenied => "gateway_denied",
            Self::TooManyWaiting => "too_many_waiting",
            Self::TooManyConnections => "too_many_connections",
            Self::TruststoreMissing => "truststore_missing",
            Self::PinsWithoutCertificate => "pins_without_certificate",
            Self::NamesWithoutCertificate => "names_without_certificate",
            Self::PinsOutOfDate => "pins_out_of_date",
            Self::PinsWithoutBackup => "pins_without_backup",
            Self::TlsVersionUnknown => "tls_version_unknown",
            Self::TlsVersionRefused => "tls_version_refused",
            Self::CertificateMissing => "certificate_missing",
            Self::CertificateMalformed => "certificate_malformed",
            Self::UnknownIssuer => "unknown_issuer",
            Self::CertificateExpired => "certificate_expired",
            Self::CertificateNotYetValid => "certificate_not_yet_valid",
            Self::WrongUsage => "wrong_usage",
            Self::InvalidSignature => "invalid_signature",
            Self::CertificateRefused => "certificate_refused",
            Self::CertificateRevoked => "certificate_revoked",
            Self::RevocationUnknown => "revocation_unknown",
            Self::RevocationExpired => "revocation_expired",
            Self::PolicyNotAcceptable => "policy_not_acceptable",
            Self::PathTooDeep => "path_too_deep",
            Self::PinMismatch => "pin_mismatch",
            Self::ServerNameMismatch => "server_name_mismatch",
            Self::PeerNameMismatch => "peer_name_mismatch",
            Self::HandshakeTimeout => "handshake_timeout",
            Self::SecretNotChosen => "secret_not_chosen",
            Self::CredentialUnusable => "credential_unusable",
            Self::CredentialAbsent => "credential_absent",
            Self::CredentialMalformed => "credential_malformed",
            Self::CredentialAmbiguous => "credential_ambiguous",
            Self::CredentialWrong => "credential_wrong",
            Self::CredentialExpired => "credential_expired",
            Self::CallerRefused => "caller_refused",
            Self::SignatureReplayed => "signature_replayed",
            Self::RequestMalformed => "request_malformed",
            Self::BodyAltered => "body_altered",
            Self::BodyTooLarge => "body_too_large",
            Self::BodyTimeout => "body_timeout",
            Self::BodyUnsupported => "body_unsupported",
            Self::DecryptionFailed => "decryption_failed",
            Self::EncryptionFailed => "encryption_failed",
            Self::ResponseUnsupported => "response_unsupported",
            Self::ResponseDecryptionFailed => "response_decryption_failed",
            Self::ResponseEncryptionFailed => "response_encryption_failed",
            Self::ResponseTooLarge => "response_too_large",
            Self::ResponseTimeout => "response_timeout",
            Self::Internal => "internal",
        }
    }

    /// The HTTP status of the answer.
    pub const fn status(self, direction: Direction) -> u16 {
        match self {
            Self::SecretAbsent
            | Self::SecretExpired
            | Self::SecretStale
            | Self::SecretWithdrawn
            | Self::SecretRefused
            | Self::SecretMalformed
            | Self::GatewayDenied
            | Self::TooManyWaiting
            | Self::TooManyConnections
            | Self::TruststoreMissing
            | Self::PinsWithoutCertificate
            | Self::NamesWithoutCertificate
            | Self::PinsOutOfDate
            | Self::PinsWithoutBackup
            | Self::CredentialUnusable
            | Self::Internal => 503,
            Self::HandshakeTimeout | Self::ResponseTimeout => 504,
            Self::ResponseUnsupported
            | Self::ResponseDecryptionFailed
            | Self::ResponseEncryptionFailed
            | Self::ResponseTooLarge => 502,
            Self::CredentialAbsent
            | Self::CredentialMalformed
            | Self::CredentialWrong
            | Self::CredentialExpired => 401,
            Self::SecretNotChosen | Self::CallerRefused | Self::SignatureReplayed => 403,
            Self::CredentialAmbiguous
            | Self::RequestMalformed
            | Self::BodyAltered
            | Self::DecryptionFailed
            | Self::EncryptionFailed => 400,
            Self::BodyTooLarge => 413,
            Self::BodyTimeout => 408,
            Self::BodyUnsupported => 415,
            Self::TlsVersionUnknown
            | Self::TlsVersionRefused
            | Self::CertificateMissing
            | Self::CertificateMalformed
            | Self::UnknownIssuer
            | Self::CertificateExpired
            | Self::CertificateNotYetValid
            | Self::WrongUsage
            | Self::InvalidSignature
            | Self::CertificateRefused
            | Self::CertificateRevoked
            | Self::RevocationUnknown
            | Self::RevocationExpired
            | Self::PolicyNotAcceptable
            | Self::PathTooDeep
            | Self::PinMismatch
            | Self::ServerNameMismatch
            | Self::PeerNameMismatch => match direction {
                Direction::Downstream => 403,
                Direction::Upstream => 502,
            },
        }
    }

    /// The kind of unavailability behind it; `None` where a secret is not what is missing.
    pub const fn unavailable(self) -> Option<Unavailable> {
        match self {
            Self::SecretAbsent | Self::SecretExpired | Self::SecretStale => {
                Some(Unavailable::Unreachable)
            }
            Self::SecretWithdrawn | Self::SecretRefused | Self::GatewayDenied => {
                Some(Unavailable::Denied)
            }
            Self::SecretMalformed => Some(Unavailable::Malformed),
            _ => None,
        }
    }

    /// A sentence for the client; says no more than the code.
    pub const fn message(self) -> &'static str {
        match self {
            Self::SecretAbsent => "the gateway has not received its policy yet",
            Self::SecretExpired => "the gateway's policy is too old to decide by",
            Self::SecretStale => "the gateway's policy was not confirmed in time",
            Self::SecretWithdrawn => "a secret that the gateway needs was withdrawn",
            Self::SecretRefused => "a secret that the gateway needs was refused to it",
            Self::SecretMalformed => "a secret that the gateway needs cannot be used",
            Self::GatewayDenied => "the vault does not serve this gateway",
            Self::TooManyWaiting => "too many requests are waiting",
            Self::TooManyConnections => "too many connections are open",
            Self::TruststoreMissing => "the TLS context has no truststore to check against",
            Self::PinsWithoutCertificate => "the TLS context asks for no certificate to pin",
            Self::NamesWithoutCertificate => "the TLS context asks for no certificate with a name",
            Self::PinsOutOfDate => "the gateway's pins have ended or not begun",
            Self::PinsWithoutBackup => "the gateway's pins have no backup",
            Self::TlsVersionUnknown => "the connection's TLS version is not known",
            Self::TlsVersionRefused => "the connection's TLS version is not allowed",
            Self::CertificateMissing => "a certificate is required",
            Self::CertificateMalformed => "the certificate cannot be read",
            Self::UnknownIssuer => "the certificate was not issued by a trusted authority",
            Self::CertificateExpired => "the certificate has expired",
            Self::CertificateNotYetValid => "the certificate is not valid yet",
            Self::WrongUsage => "the certificate is for another purpose",
            Self::InvalidSignature => "the certificate's signature is not valid",
            Self::CertificateRefused => "the certificate breaks a rule",
            Self::CertificateRevoked => "the certificate was revoked",
            Self::RevocationUnknown => "it is not known whether the certificate was revoked",
            Self::RevocationExpired => "the revocation lists about the certificate have expired",
            Self::PolicyNotAcceptable => "the certificate has no acceptable certificate policy",
            Self::PathTooDeep => "too many authorities stand above the certificate",
            Self::PinMismatch => "the certificate is not one of the pinned ones",
            Self::ServerNameMismatch => "the certificate is for another server",
            Self::PeerNameMismatch => "the certificate has none of the allowed names",
            Self::HandshakeTimeout => "the server's handshake took too long",
            Self::SecretNotChosen => "the request names no secret that there is for it",
            Self::CredentialUnusable => "a secret that the gateway needs does not fit its use",
            Self::CredentialAbsent => "a credential is required",
            Self::CredentialMalformed => "the credential cannot be read",
            Self::CredentialAmbiguous => "the request says more than once who sent it",
            Self::CredentialWrong => "the credential is not accepted",
            Self::CredentialExpired => "the credential is outside of its time",
            Self::CallerRefused => "the credential is not for this request",
            Self::SignatureReplayed => "the signature was used before",
            Self::RequestMalformed => "the request cannot be read",
            Self::BodyAltered => "the body is not the one that was signed",
            Self::BodyTooLarge => "the body is too large",
            Self::BodyTimeout => "the body did not arrive in time",
            Self::BodyUnsupported => "a body of this kind cannot be encrypted or decrypted",
            Self::DecryptionFailed => "the body cannot be decrypted",
            Self::EncryptionFailed => "the body cannot be encrypted",
            Self::ResponseUnsupported => "a response of this kind cannot be encrypted or decrypted",
            Self::ResponseDecryptionFailed => "the response cannot be decrypted",
            Self::ResponseEncryptionFailed => "the response cannot be encrypted",
            Self::ResponseTooLarge => "the response is too large",
            Self::ResponseTimeout => "the response did not arrive in time",
            Self::Internal => "the gateway could not decide",
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_reason_has_its_own_code_in_snake_case() {
        let codes: BTreeSet<_> = Reason::ALL.map(Reason::code).into_iter().collect();
        assert_eq!(codes.len(), Reason::ALL.len());
        assert!(codes.iter().all(|code| {
            code.bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte == b'_')
        }));
    }

    #[test]
    fn the_status_tells_which_side_did_not_pass() {
        assert_eq!(Reason::PinMismatch.status(Direction::Downstream), 403);
        assert_eq!(Reason::PinMismatch.status(Direction::Upstream), 502);
        assert_eq!(Reason::HandshakeTimeout.status(Direction::Upstream), 504);
        for direction in [Direction::Downstream, Direction::Upstream] {
            assert_eq!(Reason::SecretAbsent.status(direction), 503);
        }
    }
}

//! What is wrong with what a caller shows, as a reason to deny.

use sallyport_message::api_key::ApiKeyError;
use sallyport_message::basic::BasicError;
use sallyport_message::http_signatures::HttpSignatureError;
use sallyport_message::jwt::JwtError;

use crate::reason::Reason;

pub(super) const fn of_basic(error: BasicError) -> Reason {
    match error {
        BasicError::Absent | BasicError::Scheme => Reason::CredentialAbsent,
        BasicError::Repeated(_) => Reason::CredentialAmbiguous,
        BasicError::TooLong(_) | BasicError::Syntax | BasicError::Control => {
            Reason::CredentialMalformed
        }
        BasicError::Wrong => Reason::CredentialWrong,
        BasicError::Accepted => Reason::CredentialUnusable,
    }
}

pub(super) const fn of_api_key(error: ApiKeyError) -> Reason {
    match error {
        ApiKeyError::Absent => Reason::CredentialAbsent,
        ApiKeyError::Repeated(_) => Reason::CredentialAmbiguous,
        ApiKeyError::TooLong(_) => Reason::CredentialMalformed,
        ApiKeyError::Wrong => Reason::CredentialWrong,
        ApiKeyError::Accepted => Reason::CredentialUnusable,
    }
}

pub(super) const fn of_jwt(error: &JwtError) -> Reason {
    match error {
        JwtError::TooLong(_)
        | JwtError::Parts
        | JwtError::Base64
        | JwtError::Header(_)
        | JwtError::Claims(_) => Reason::CredentialMalformed,
        JwtError::Algorithm
        | JwtError::Critical
        | JwtError::Type
        | JwtError::NoKey
        | JwtError::Signature => Reason::CredentialWrong,
        JwtError::KeyTooShort { .. } => Reason::CredentialUnusable,
        JwtError::Expired { .. } | JwtError::NotYetValid { .. } | JwtError::TooOld { .. } => {
            Reason::CredentialExpired
        }
        JwtError::Claim(_) | JwtError::Issuer | JwtError::Audience => Reason::CallerRefused,
    }
}

pub(super) const fn of_signature(error: &HttpSignatureError) -> Reason {
    match error {
        HttpSignatureError::Absent => Reason::CredentialAbsent,
        HttpSignatureError::DuplicateLabel(_)
        | HttpSignatureError::Ambiguous(_)
        | HttpSignatureError::DuplicateComponent(_)
        | HttpSignatureError::ComponentValue(_) => Reason::CredentialAmbiguous,
        HttpSignatureError::TooLong { .. }
        | HttpSignatureError::Syntax(_)
        | HttpSignatureError::TooManySignatures
        | HttpSignatureError::TooManyComponents
        | HttpSignatureError::UnknownComponent
        | HttpSignatureError::MissingComponent(_)
        | HttpSignatureError::Parameter(_)
        | HttpSignatureError::UnknownAlgorithm
        | HttpSignatureError::DigestAlgorithm => Reason::CredentialMalformed,
        HttpSignatureError::NotCovered(_) | HttpSignatureError::Tag => Reason::CallerRefused,
        HttpSignatureError::NotYetValid { .. }
        | HttpSignatureError::Expired { .. }
        | HttpSignatureError::TooOld { .. } => Reason::CredentialExpired,
        HttpSignatureError::KeyTooShort(_) => Reason::CredentialUnusable,
        HttpSignatureError::AlgorithmMismatch
        | HttpSignatureError::NoKey
        | HttpSignatureError::Signature => Reason::CredentialWrong,
    }
}

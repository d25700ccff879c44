//! Revisions: tokens that change exactly when the answer to a reference changes.

use sallyport_model::{Field, Refusal, Revision, SecretId};
use sallyport_pki::Digest;

/// Bytes of a digest that are in a revision.
const LENGTH: usize = 16;

/// The revision of material made from these versions.
pub(super) fn of_versions(versions: &[(SecretId, u64)], field: Option<&Field>) -> Revision {
    let mut bytes = Vec::with_capacity(versions.len() * 24 + 16);
    for (secret, version) in versions {
        bytes.extend_from_slice(secret.as_bytes());
        bytes.extend_from_slice(&version.to_be_bytes());
    }
    bytes.extend_from_slice(field.map_or("", Field::as_str).as_bytes());
    let digest = Digest::of(&bytes);
    let start = digest.as_bytes().first_chunk::<LENGTH>();
    Revision(start.map(hex::encode).unwrap_or_default())
}

/// The revision of a tombstone.
pub(super) fn of_withdrawal() -> Revision {
    Revision("withdrawn".to_owned())
}

/// The revision of a refusal.
pub(super) fn of_refusal(reason: Refusal) -> Revision {
    Revision(format!("refused-{}", reason.as_str()))
}

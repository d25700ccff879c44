//! What lets a gateway fetch its first certificate.

use sallyport_model::ActorId;
use sallyport_pki::UnixTime;

/// A token for the first certificate of a gateway; only its hash is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JoinTokenRecord {
    /// The gateway; it has one token at most.
    pub gateway: ActorId,
    /// SHA-256 of the token.
    pub sha256: [u8; 32],
    /// When it ends.
    pub expires_at: UnixTime,
}

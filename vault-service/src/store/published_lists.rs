//! Revocation lists of a CRL distributor.

use sallyport_model::SecretId;
use sallyport_pki::UnixTime;

/// What a CRL distributor publishes at the moment. It is public and not sealed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublishedLists {
    /// The distributor.
    pub distributor: SecretId,
    /// Counts from 1.
    pub edition: u64,
    /// [`sallyport_model::RevocationMaterial`] as JSON.
    pub lists: Vec<u8>,
    /// When it was published.
    pub published_at: UnixTime,
    /// Name of who published it.
    pub published_by: String,
}

//! How far the fetching of a CRL distributor's lists has come.

use sallyport_model::SecretId;
use sallyport_pki::UnixTime;

/// Where a CRL distributor's lists stand with the job that fetches them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CrlFetchRecord {
    /// The distributor.
    pub distributor: SecretId,
    /// Counts writes from 1: of several services that want to fetch, the first to write does.
    pub revision: u64,
    /// When to fetch next.
    pub next_at: UnixTime,
    /// Until when somebody fetches, unless it ends before.
    pub claimed_until: Option<UnixTime>,
    /// What came of it so far, as JSON.
    pub progress: String,
}

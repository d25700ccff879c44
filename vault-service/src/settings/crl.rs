//! Settings of the job that fetches revocation lists.

use std::num::NonZeroU32;
use std::path::PathBuf;

use ipnet::IpNet;

use super::Given;

/// Settings in force.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CrlSettings {
    /// Networks that are contacted although they are not public.
    pub networks: Vec<IpNet>,
    /// CAs of servers of lists (PEM), besides the certificates of the distributor.
    pub ca_file: Option<PathBuf>,
    /// Most MiB of a list.
    pub max_mib: NonZeroU32,
    /// Days for which a revoked certificate has to stay listed.
    pub listed_days: u32,
}

impl CrlSettings {
    const MAX_MIB: NonZeroU32 = NonZeroU32::new(64).unwrap();
    const LISTED_DAYS: u32 = 7;

    pub(super) fn from_given(given: &Given) -> Self {
        Self {
            networks: given.crl_networks.clone().unwrap_or_default(),
            ca_file: given.crl_ca_file.clone(),
            max_mib: given.crl_max_mib.unwrap_or(Self::MAX_MIB),
            listed_days: given.crl_listed_days.unwrap_or(Self::LISTED_DAYS),
        }
    }

    /// Most bytes of a list.
    pub fn max_bytes(&self) -> usize {
        usize::try_from(self.max_mib.get())
            .map_or(usize::MAX, |mib| mib.saturating_mul(1024 * 1024))
    }

    /// Seconds for which a revoked certificate has to stay listed.
    pub fn listed_seconds(&self) -> i64 {
        i64::from(self.listed_days) * 24 * 60 * 60
    }
}

//! Revocation lists that are fetched.

use prometheus_client::registry::Registry;
use sallyport_pki::UnixTime;

use super::Listing;
use crate::jobs::crl_fetch::CrlGauge;

/// Where CRL distributors stand, by `distributor`.
#[derive(Clone, Debug)]
pub struct CrlMetrics {
    next_update: Listing,
    succeeded: Listing,
    failures: Listing,
}

impl CrlMetrics {
    pub(super) fn register(registry: &mut Registry) -> Self {
        Self {
            next_update: Listing::register(
                registry,
                "crl_next_update_timestamp_seconds",
                "Next update of a distributor's lists in force, of those that end first",
            ),
            succeeded: Listing::register(
                registry,
                "crl_success_timestamp_seconds",
                "When a distributor's lists were fetched or confirmed last, oldest first",
            ),
            failures: Listing::register(
                registry,
                "crl_fetch_failures",
                "Failures in a row to fetch a distributor's lists, most first",
            ),
        }
    }

    /// Tells where all distributors stand.
    pub fn show<'a>(&self, gauges: impl Iterator<Item = &'a CrlGauge> + Clone) {
        let labels = |gauge: &CrlGauge| vec![("distributor", gauge.distributor.to_string())];
        let earliest = |moment: fn(&CrlGauge) -> Option<UnixTime>| {
            let known = gauges.clone();
            let known = known.filter_map(|gauge| Some((labels(gauge), moment(gauge)?.0)));
            let mut known: Vec<_> = known.collect();
            known.sort_by_key(|(_, moment)| *moment);
            known
        };
        self.next_update
            .replace(earliest(|gauge| gauge.next_update));
        self.succeeded.replace(earliest(|gauge| gauge.succeeded_at));
        let failures = gauges.map(|gauge| (labels(gauge), i64::from(gauge.failures)));
        let mut failures: Vec<_> = failures.collect();
        failures.sort_by_key(|(_, failures)| std::cmp::Reverse(*failures));
        self.failures.replace(failures);
    }
}

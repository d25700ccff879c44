//! Revocation lists of CRL distributors.

use prometheus_client::registry::Registry;
use sallyport_model::SecretId;
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

    /// Tells when the lists in force of all distributors end.
    pub fn show_ends(&self, ends: impl Iterator<Item = (SecretId, UnixTime)>) {
        self.next_update.replace(earliest_first(ends));
    }

    /// Tells how the fetching of all distributors' lists goes.
    pub fn show<'a>(&self, gauges: impl Iterator<Item = &'a CrlGauge> + Clone) {
        let succeeded = gauges
            .clone()
            .filter_map(|gauge| Some((gauge.distributor, gauge.succeeded_at?)));
        self.succeeded.replace(earliest_first(succeeded));
        let failures = gauges.map(|gauge| (labels(gauge.distributor), i64::from(gauge.failures)));
        let mut failures: Vec<_> = failures.collect();
        failures.sort_by_key(|(_, failures)| std::cmp::Reverse(*failures));
        self.failures.replace(failures);
    }
}

type Series = (Vec<(&'static str, String)>, i64);

fn labels(distributor: SecretId) -> Vec<(&'static str, String)> {
    vec![("distributor", distributor.to_string())]
}

fn earliest_first(moments: impl Iterator<Item = (SecretId, UnixTime)>) -> Vec<Series> {
    let series = moments.map(|(distributor, moment)| (labels(distributor), moment.0));
    let mut series: Vec<Series> = series.collect();
    series.sort_by_key(|(_, moment)| *moment);
    series
}

//! What metrics tell of ends and gateways: looked up now and then, not for every scrape.

use std::collections::HashMap;
use std::time::Duration;

use sallyport_model::ActorId;
use sallyport_pki::{Certificate, UnixTime};
use tokio::sync::watch;
use tracing::error;

use super::Provider;
use crate::clock;
use crate::metrics::LISTED;
use crate::store::{ActorKind, StoreError};

/// Time between two looks.
const BETWEEN: Duration = Duration::from_secs(60);

impl Provider {
    /// Looks at once, then every minute, until `stop` says so.
    pub async fn keep_measuring(
        &self,
        now: impl Fn() -> UnixTime + Send,
        mut stop: watch::Receiver<bool>,
    ) {
        loop {
            if let Err(error) = self.measure(now()).await {
                error!(%error, "cannot look at what metrics are about");
            }
            // Told to stop, or nobody is left who could tell.
            let told = tokio::time::timeout(BETWEEN, stop.wait_for(|stop| *stop));
            if told.await.is_ok() {
                return;
            }
        }
    }

    /// Looks once.
    ///
    /// # Errors
    /// The store does not answer; what was told before stays.
    pub async fn measure(&self, now: UnixTime) -> Result<(), StoreError> {
        let expiry = &self.metrics.expiry;
        if let Ok(ca) = Certificate::from_der(self.ca.certificate()) {
            expiry.internal_ca.set(ca.not_after().0);
        }
        let expiries = self
            .store
            .expiries(u32::try_from(LISTED).unwrap_or(u32::MAX))
            .await?;
        let in_all = i64::try_from(expiries.in_all).unwrap_or(i64::MAX);
        expiry.secrets_in_all.set(in_all);
        expiry
            .secrets
            .replace(expiries.soonest.iter().filter_map(|item| {
                let day = clock::first_moment(&item.expiration_date)?;
                let collection = ("collection", item.collection.to_string());
                Some((vec![collection, ("secret", item.secret.to_string())], day.0))
            }));
        self.measure_gateways(now).await
    }

    async fn measure_gateways(&self, now: UnixTime) -> Result<(), StoreError> {
        let in_force = self.store.current_versions(self.rollout.secrets()).await?;
        let in_force: HashMap<_, _> = in_force.into_iter().collect();
        let mut behind = Vec::new();
        let mut ends = Vec::new();
        let mut reporting = 0;
        for (id, lag) in self.rollout.lag(&in_force, now) {
            let actor = self.store.actor(id).await?;
            let Some(gateway) = actor.filter(|actor| actor.kind == ActorKind::Gateway) else {
                continue;
            };
            reporting += 1;
            if lag > 0 {
                behind.push((labels(id), i64::try_from(lag).unwrap_or(i64::MAX)));
            }
            if let Some(end) = gateway.certificate_not_after {
                ends.push((labels(id), end.0));
            }
        }
        behind.sort_by_key(|(_, lag)| std::cmp::Reverse(*lag));
        ends.sort_by_key(|(_, end)| *end);
        let rollout = &self.metrics.rollout;
        rollout.reporting.set(reporting);
        rollout
            .behind
            .set(i64::try_from(behind.len()).unwrap_or(i64::MAX));
        rollout.versions_behind.replace(behind);
        self.metrics.expiry.gateways.replace(ends);
        Ok(())
    }
}

fn labels(gateway: ActorId) -> Vec<(&'static str, String)> {
    vec![("gateway", gateway.to_string())]
}

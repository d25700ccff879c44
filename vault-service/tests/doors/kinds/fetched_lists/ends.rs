//! When lists in force end, wherever they came from.

use sallyport_pki::UnixTime;
use sallyport_vault::clock;
use sallyport_vault::jobs::crl_ends::CrlEnds;
use sallyport_vault::metrics::Metrics;
use time::Duration;
use tokio::sync::watch;

use super::server::list;
use super::{DAY, Fetched, until};

#[tokio::test]
async fn a_list_that_was_published_over_a_fetched_one_is_the_one_that_ends() {
    let mut fetched = Fetched::new().await;
    let mut ends = fetched.ends();
    assert_eq!(ends.look(clock::now()).await.unwrap(), []);
    assert_eq!(fetched.shown(), None);

    let crl = fetched.ca.crl_until(Duration::days(9), 2, &[7]);
    fetched.server.at("/ca.crl", list(crl.der()));
    fetched.fetch(&fetched.job()).await;
    ends.look(clock::now()).await.unwrap();
    let of_fetched = fetched.shown();
    assert_eq!(of_fetched, Some(fetched.next_update().await));

    let crl = fetched.ca.crl_until(Duration::hours(1), 3, &[7]);
    fetched.publish(crl.der()).await;
    ends.look(clock::now()).await.unwrap();
    let of_published = fetched.shown();
    assert_eq!(of_published, Some(fetched.next_update().await));
    assert!(of_published < of_fetched);

    // A fetch that finds nothing newer changes nothing, neither does a restart.
    fetched.fetch(&fetched.job()).await;
    ends.look(clock::now()).await.unwrap();
    assert_eq!(fetched.shown(), of_published);
    drop(ends);
    let scene = fetched.scene.reopened().await;
    let metrics = Metrics::new();
    fetched = Fetched {
        scene,
        metrics,
        ..fetched
    };
    assert_eq!(fetched.shown(), None);
    fetched.ends().look(clock::now()).await.unwrap();
    assert_eq!(fetched.shown(), of_published);
}

#[tokio::test]
async fn lists_that_have_ended_are_named_once_and_their_moment_stays() {
    let fetched = Fetched::new().await;
    let mut ends = fetched.ends();
    let crl = fetched.ca.crl_until(Duration::hours(1), 2, &[7]);
    fetched.publish(crl.der()).await;
    let end = fetched.next_update().await;
    for (now, named) in [(end - 1, false), (end, true), (end + 1, false)] {
        let ended = ends.look(UnixTime(now)).await.unwrap();
        let ended = ended
            .iter()
            .map(|one| (one.distributor.as_str(), one.next_update));
        let expected = named.then_some(("payments/crl", UnixTime(end)));
        assert_eq!(ended.collect::<Vec<_>>(), Vec::from_iter(expected));
        assert_eq!(fetched.shown(), Some(end));
    }
    // The next one ends, too.
    let crl = fetched.ca.crl_until(Duration::hours(2), 3, &[7]);
    fetched.publish(crl.der()).await;
    assert_eq!(ends.look(UnixTime(end)).await.unwrap(), []);
    assert_eq!(ends.look(UnixTime(end + DAY)).await.unwrap().len(), 1);

    fetched.scene.delete_distributor(&fetched.distributor).await;
    assert_eq!(ends.look(UnixTime(end + DAY)).await.unwrap(), []);
    assert_eq!(fetched.shown(), None);
}

#[tokio::test]
async fn what_is_published_is_noticed_while_the_job_runs() {
    let fetched = Fetched::new().await;
    let (tell, stop) = watch::channel(false);
    let running = tokio::spawn(fetched.ends().run(clock::now, stop));
    let crl = fetched.ca.crl_until(Duration::hours(1), 2, &[7]);
    fetched.publish(crl.der()).await;
    until(|| fetched.shown().is_some()).await;
    tell.send_replace(true);
    running.await.unwrap();
}

impl Fetched {
    fn ends(&self) -> CrlEnds {
        let vault = &self.scene.vault;
        let (manager, metrics) = (vault.manager.clone(), self.metrics.crl.clone());
        CrlEnds::new(manager, vault.store.clone(), metrics)
    }

    async fn publish(&self, crl: &[u8]) {
        self.scene.publish(&self.distributor, crl).await.ok();
    }

    /// What `/metrics` says.
    fn shown(&self) -> Option<i64> {
        let metrics = self.metrics.encode().unwrap();
        let series = format!(
            "sallyport_crl_next_update_timestamp_seconds{{distributor=\"{}\"}} ",
            self.distributor
        );
        let value = metrics
            .lines()
            .find_map(|line| line.strip_prefix(&series))?;
        Some(value.parse().unwrap())
    }

    /// What `status` says.
    async fn next_update(&self) -> i64 {
        let status = self.status().await;
        let moment = status["lists"][0]["nextUpdate"].as_str().unwrap();
        clock::first_moment(moment).unwrap().0
    }
}

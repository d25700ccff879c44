//! Distributors that change while somebody fetches for them.

use std::sync::Arc;

use sallyport_vault::manager::ManagerError;
use tokio::sync::{Notify, watch};

use super::server::{Reply, head_and, list};
use super::{Fetched, until};

#[tokio::test]
async fn a_corrected_url_does_not_wait_for_the_server_of_the_wrong_one() {
    let fetched = Fetched::new().await;
    let go = Arc::new(Notify::new());
    let newest = head_and("200 OK", "", fetched.ca.crl(9, &[]).der());
    fetched
        .server
        .at("/ca.crl", Reply::Held(Arc::clone(&go), newest));
    fetched
        .server
        .at("/new.crl", list(fetched.ca.crl(2, &[]).der()));
    let (job, id) = (Arc::new(fetched.job()), fetched.id());
    let slow = tokio::spawn({
        let job = Arc::clone(&job);
        async move { job.fetch_now(id).await }
    });
    until(|| fetched.server.seen().len() == 1).await;

    fetched.turn_to("/new.crl").await;
    let slow = slow.await.unwrap();
    assert!(matches!(slow, Err(ManagerError::Changed { found: 2 })));
    go.notify_one();
    fetched.fetch(&job).await;
    assert_eq!(fetched.numbers().await, ["2"]);
    let outcomes = ["begun ", "failed superseded", "begun ", "allowed "];
    assert_eq!(fetched.outcomes().await, outcomes);
}

#[tokio::test]
async fn the_job_turns_to_a_corrected_url_while_it_waits_for_another_server() {
    let fetched = Fetched::new().await;
    for path in ["/ca.crl", "/slow.crl"] {
        fetched.server.at(path, Reply::Stalled(Vec::new()));
    }
    let slow = fetched.server.url("/slow.crl");
    fetched.scene.add_distributor("slow", &slow).await;
    let (tell, stop) = watch::channel(false);
    let job = fetched.job();
    let running = tokio::spawn(async move { job.run(stop).await });
    until(|| fetched.server.seen().len() == 2).await;
    fetched.turn_to("/new.crl").await;
    until(|| fetched.server.seen().len() == 3).await;
    assert!(fetched.server.seen()[2].starts_with("GET /new.crl "));
    tell.send_replace(true);
    running.await.unwrap();
}

#[tokio::test]
async fn a_claim_for_a_version_that_is_no_more_is_in_nobodys_way() {
    let fetched = Fetched::new().await;
    fetched.server.at("/ca.crl", Reply::Stalled(Vec::new()));
    let (one, other, id) = (fetched.job(), fetched.job(), fetched.id());
    let dying = tokio::spawn(async move { one.fetch_now(id).await });
    until(|| fetched.server.seen().len() == 1).await;
    dying.abort();
    assert!(dying.await.unwrap_err().is_cancelled());

    fetched
        .server
        .at("/new.crl", list(fetched.ca.crl(2, &[]).der()));
    other.fetch_due().await.unwrap();
    assert_eq!(fetched.server.seen().len(), 1);
    fetched.turn_to("/new.crl").await;
    other.fetch_due().await.unwrap();
    assert_eq!(fetched.numbers().await, ["2"]);
}

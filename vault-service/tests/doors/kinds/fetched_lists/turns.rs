//! Whose turn it is, and when.

use std::sync::Arc;

use axum::http::{Method, StatusCode};
use sallyport_model::Access;
use sallyport_vault::jobs::crl_fetch::FetchedNow;
use serde_json::{Value, json};
use tokio::sync::{Notify, watch};

use super::server::{Reply, head_and, list};
use super::{DAY, Fetched, until};

#[tokio::test]
async fn lists_are_fetched_when_they_are_due_and_sooner_after_failures() {
    let fetched = Fetched::new().await;
    let job = fetched.job();
    let seen = || fetched.server.seen().len();
    job.fetch_due().await.unwrap();
    assert_eq!(seen(), 1);
    job.fetch_due().await.unwrap();
    assert_eq!(seen(), 1);
    fetched.server.at(
        "/ca.crl",
        list(fetched.ca.crl_until(time::Duration::days(9), 2, &[]).der()),
    );
    // A minute after the first failure, the whole period after a success.
    for (wait, fetches) in [(59, 1), (1, 2), (3599, 2), (1, 3)] {
        fetched.wait(wait);
        job.fetch_due().await.unwrap();
        assert_eq!(seen(), fetches);
    }
    // Another URL is not waited for.
    fetched.turn_to("/new.crl").await;
    job.fetch_due().await.unwrap();
    assert!(fetched.server.seen()[3].starts_with("GET /new.crl "));
    assert_eq!(fetched.numbers().await, ["2"]);
}

#[tokio::test]
async fn a_distributor_that_is_deleted_meanwhile_is_forgotten() {
    let fetched = Fetched::new().await;
    let job = Arc::new(fetched.job());
    let go = Arc::new(Notify::new());
    let crl = head_and("200 OK", "", fetched.ca.crl(2, &[]).der());
    fetched
        .server
        .at("/ca.crl", Reply::Held(Arc::clone(&go), crl));
    let fetching = tokio::spawn({
        let job = Arc::clone(&job);
        async move { job.fetch_due().await }
    });
    until(|| fetched.server.seen().len() == 1).await;
    fetched.scene.delete_distributor(&fetched.distributor).await;
    go.notify_one();
    fetching.await.unwrap().unwrap();
    assert!(job.fetch_now(fetched.id()).await.is_err());
    assert!(job.progress(fetched.id()).await.unwrap().is_none());
    job.fetch_due().await.unwrap();
    assert_eq!(job.gauges(), []);
}

#[tokio::test]
async fn of_two_services_one_fetches_and_the_claim_of_a_dead_one_ends() {
    let fetched = Fetched::new().await;
    let (one, other) = (Arc::new(fetched.job()), fetched.job());
    let go = Arc::new(Notify::new());
    let crl = head_and("200 OK", "", fetched.ca.crl(2, &[]).der());
    fetched
        .server
        .at("/ca.crl", Reply::Held(Arc::clone(&go), crl));
    let id = fetched.id();
    let fetching = tokio::spawn(async move { one.fetch_now(id).await });
    until(|| fetched.server.seen().len() == 1).await;
    other.fetch_due().await.unwrap();
    assert!(matches!(
        other.fetch_now(id).await.unwrap(),
        FetchedNow::Busy
    ));
    assert_eq!(fetched.server.seen().len(), 1);

    // It dies.
    fetching.abort();
    assert!(fetching.await.unwrap_err().is_cancelled());
    fetched
        .server
        .at("/ca.crl", list(fetched.ca.crl(3, &[]).der()));
    other.fetch_due().await.unwrap();
    assert_eq!(fetched.server.seen().len(), 1);
    fetched.wait(600);
    other.fetch_due().await.unwrap();
    assert_eq!(fetched.numbers().await, ["3"]);
}

#[tokio::test]
async fn a_restart_forgets_nothing() {
    let mut fetched = Fetched::new().await;
    let crl = fetched.ca.crl_until(time::Duration::days(9), 2, &[]);
    let whole = head_and("200 OK", "ETag: \"a\"\r\n", crl.der());
    fetched.server.at("/ca.crl", Reply::Whole(whole));
    let job = fetched.job();
    job.fetch_due().await.unwrap();
    drop(job);
    let before = fetched.status().await;
    let Fetched { scene, .. } = fetched;
    fetched.scene = scene.reopened().await;
    assert_eq!(fetched.status().await, before);
    let job = fetched.job();
    job.fetch_due().await.unwrap();
    assert_eq!(fetched.server.seen().len(), 1);
    assert_eq!(job.gauges().len(), 1);
    fetched.wait(DAY);
    job.fetch_due().await.unwrap();
    assert!(fetched.server.seen()[1].contains("\"a\""));
}

#[tokio::test]
async fn the_job_finds_new_distributors_and_ends_when_it_is_told() {
    let fetched = Fetched::new().await;
    fetched
        .server
        .at("/ca.crl", list(fetched.ca.crl(2, &[]).der()));
    let (tell, stop) = watch::channel(false);
    let job = Arc::new(fetched.job());
    let running = tokio::spawn({
        let job = Arc::clone(&job);
        async move { job.run(stop).await }
    });
    until(|| !fetched.server.seen().is_empty()).await;
    let url = fetched.server.url("/second.crl");
    fetched.scene.add_distributor("second", &url).await;
    until(|| {
        fetched
            .server
            .seen()
            .iter()
            .any(|head| head.contains("/second.crl"))
    })
    .await;
    tell.send_replace(true);
    tokio::time::timeout(std::time::Duration::from_secs(60), running)
        .await
        .unwrap()
        .unwrap();
}

#[tokio::test]
async fn only_who_may_write_has_lists_fetched() {
    let fetched = Fetched::new().await;
    let door = &fetched.scene.door;
    let place = format!("crlDistributorConfigs/{}/lists/fetch", fetched.distributor);
    let answer = door.own(Method::POST, &place, Value::Null).await.ok();
    let complete = &answer["fetching"]["complete"];
    assert_eq!(complete["code"], json!("unresolvable"), "{answer}");

    let group = &fetched.scene.group;
    let (_, token) = fetched
        .scene
        .vault
        .app(group, "reader", &[Access::Read])
        .await;
    let reader = door.for_token(&token);
    let reply = reader.own(Method::POST, &place, Value::Null).await;
    reply.is(StatusCode::FORBIDDEN);
    let elsewhere = place.replace("crlDistributorConfigs", "truststores");
    let reply = door.own(Method::POST, &elsewhere, Value::Null).await;
    reply.is(StatusCode::NOT_FOUND);
}

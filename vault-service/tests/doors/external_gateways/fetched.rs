//! Lists that the vault fetches for a CA of gateways, from their server to open calls.

use std::sync::Arc;
use std::time::Duration;

use axum::http::StatusCode;
use rustls_pki_types::CertificateRevocationListDer;
use rustls_pki_types::pem::PemObject as _;
use sallyport_vault::clock;
use sallyport_vault::jobs::crl_fetch::{CrlFetching, FetchRules};
use sallyport_vault::jobs::external_lists::FollowedLists;
use sallyport_vault::metrics::Metrics;
use serde_json::Value;

use super::revocation::good;
use super::{EDGE, Outside, RESOLVE, Shown, ask, shown};
use crate::kinds::fetched_lists::downloader;
use crate::kinds::fetched_lists::server::{ListServer, Names, list};

impl Outside {
    /// The job that fetches lists.
    fn fetching(&self) -> CrlFetching {
        let (manager, store) = (self.scene.vault.manager.clone(), &self.scene.vault.store);
        let rules = FetchRules {
            listed_for: 0,
            now: Box::new(clock::now),
            chance: Box::new(|| 0),
        };
        let downloader = downloader(Names::at(&["127.0.0.1"]));
        let metrics = Metrics::new().crl;
        CrlFetching::new(manager, Arc::clone(store), downloader, rules, metrics)
    }

    /// The CA publishes a list, and the vault does what it does every few minutes and seconds.
    async fn publish_and_fetch(
        &self,
        server: &ListServer,
        distributor: &str,
        lists: &mut FollowedLists,
        (number, revoked): (u64, &[&Shown]),
    ) {
        let pem = good(&self.spire, number, revoked);
        let der = CertificateRevocationListDer::from_pem_slice(&pem).unwrap();
        server.at("/spire.crl", list(&der));
        let job = self.fetching();
        job.fetch_now(distributor.parse().unwrap()).await.unwrap();
        self.look(lists).await;
    }
}

#[tokio::test]
async fn a_fetched_list_cuts_whom_it_names_off_and_nobody_else() {
    let (outside, edge) = Outside::awaiting_lists().await;
    let other = shown(&outside.spire, &[EDGE], None);
    let server = ListServer::start().await;
    let url = server.url("/spire.crl");
    let distributor = outside.distributor_at(&url, "first", &outside.spire).await;
    let mut lists = outside.distributed();
    outside.look(&mut lists).await;
    assert!(outside.turns_away(&edge).await);
    outside
        .publish_and_fetch(&server, &distributor, &mut lists, (1, &[]))
        .await;
    let call = outside.call(&Value::Null, 0);
    let (_, answer) = outside.ask(RESOLVE, &edge, call).await;
    let waiting = |mut connection| {
        let call = outside.call(&answer["answers"][0]["revision"], 60);
        tokio::spawn(async move { ask(&mut connection, RESOLVE, call).await })
    };
    let cut = waiting(outside.connect(&edge).await.unwrap());
    let stays = waiting(outside.connect(&other).await.unwrap());
    outside
        .until(|outside| {
            let metrics = outside.inside.metrics().unwrap();
            metrics.contains("sallyport_resolve_open 2\n")
        })
        .await;

    outside
        .publish_and_fetch(&server, &distributor, &mut lists, (2, &[&edge]))
        .await;
    let cut = tokio::time::timeout(Duration::from_secs(30), cut).await;
    assert_eq!(cut.unwrap().unwrap().unwrap().0, StatusCode::FORBIDDEN);
    assert!(outside.turns_away(&edge).await);
    assert!(!stays.is_finished());
    assert!(outside.reads(&other).await);
}

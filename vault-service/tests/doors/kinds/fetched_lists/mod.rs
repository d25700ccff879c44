//! Revocation lists that the vault fetches by itself.

mod downloads;
mod ends;
mod interrupted;
mod lists;
pub(crate) mod server;
mod superseded;
mod turns;

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use axum::http::{Method, StatusCode};
use sallyport_model::SecretId;
use sallyport_pki::UnixTime;
use sallyport_vault::clock;
use sallyport_vault::jobs::crl_fetch::{
    AddressRules, CrlFetching, DownloadLimits, Downloader, FetchRules, Resolver,
};
use sallyport_vault::metrics::Metrics;
use serde_json::{Value, json};

use super::published_lists::Ca;
use super::{Scene, path};
use server::{ListServer, Names};

const DAY: i64 = 24 * 60 * 60;

/// A distributor, a server for its lists, and a clock that is moved by hand.
struct Fetched {
    scene: Scene,
    ca: Ca,
    server: Arc<ListServer>,
    distributor: String,
    ahead: Arc<AtomicI64>,
    metrics: Metrics,
}

impl Fetched {
    /// A distributor of the lists at `/ca.crl`.
    async fn new() -> Self {
        let server = ListServer::start().await;
        let url = server.url("/ca.crl");
        Self::with(server, Ca::new("partner CA"), &url, None).await
    }

    async fn with(server: ListServer, ca: Ca, complete: &str, delta: Option<&str>) -> Self {
        let scene = Scene::new().await;
        let distributor = scene.distributor_at(&ca, complete, delta).await;
        Self {
            scene,
            ca,
            server: Arc::new(server),
            distributor,
            ahead: Arc::default(),
            metrics: Metrics::new(),
        }
    }

    fn id(&self) -> SecretId {
        self.distributor.parse().unwrap()
    }

    /// The job, with a server on the loopback network.
    fn job(&self) -> CrlFetching {
        self.job_with(downloader(Names::at(&["127.0.0.1"])))
    }

    fn job_with(&self, downloader: Downloader) -> CrlFetching {
        let ahead = Arc::clone(&self.ahead);
        let rules = FetchRules {
            listed_for: 7 * DAY,
            now: Box::new(move || UnixTime(clock::now().0 + ahead.load(Ordering::SeqCst))),
            chance: Box::new(|| 0),
        };
        let (manager, store) = (self.scene.vault.manager.clone(), &self.scene.vault.store);
        let metrics = self.metrics.crl.clone();
        CrlFetching::new(manager, Arc::clone(store), downloader, rules, metrics)
    }

    /// Time goes by.
    fn wait(&self, seconds: i64) {
        self.ahead.fetch_add(seconds, Ordering::SeqCst);
    }

    /// The complete list is at another path of the server from now on.
    async fn turn_to(&self, path: &str) {
        let place = format!("crlDistributorConfigs/{}", self.distributor);
        let mut config = self.scene.door.get(&place).await.ok();
        config
            .as_object_mut()
            .unwrap()
            .retain(|field, _| field != "meta" && field != "version");
        config["completeCrlIssuerUrl"] = self.server.url(path).into();
        let door = &self.scene.door;
        let replaced = door.json(Method::PUT, &place, &config.to_string()).await;
        replaced.is(StatusCode::OK);
    }

    async fn fetch(&self, job: &CrlFetching) {
        let fetch = job.fetch_now(self.id());
        tokio::time::timeout(Duration::from_secs(60), fetch)
            .await
            .unwrap()
            .unwrap();
    }

    async fn status(&self) -> Value {
        self.scene.status(&self.distributor).await
    }

    /// Fetches; gives the word for why it failed and failures in a row, of the complete list.
    async fn outcome(&self, job: &CrlFetching) -> (Value, Value) {
        self.fetch(job).await;
        let complete = self.status().await["fetching"]["complete"].clone();
        (complete["code"].clone(), complete["failures"].clone())
    }

    /// What the audit log says of fetches, with reasons.
    async fn outcomes(&self) -> Vec<String> {
        let log = self.scene.vault.audit().await.into_iter();
        let fetches = log.filter(|entry| entry.operation == "crlDistributorConfigs.fetch");
        let outcomes = fetches.map(|entry| {
            let reason = entry.reason.unwrap_or_default();
            format!("{} {reason}", entry.outcome.as_str())
        });
        outcomes.collect()
    }

    /// Numbers of the lists in force.
    async fn numbers(&self) -> Vec<String> {
        let lists = self.status().await["lists"].clone();
        let lists = lists.as_array().unwrap().iter();
        lists
            .map(|list| list["number"].as_str().unwrap().to_owned())
            .collect()
    }
}

/// What fetches from servers on the loopback network.
pub(crate) fn downloader(resolver: Arc<dyn Resolver>) -> Downloader {
    Downloader {
        resolver,
        addresses: AddressRules {
            allowed: vec!["127.0.0.0/8".parse().unwrap()],
        },
        limits: DownloadLimits::of_bytes(64 * 1024),
        server_cas: Vec::new(),
    }
}

impl Scene {
    /// One more, signed by whoever signs for the first.
    async fn add_distributor(&self, name: &str, complete: &str) {
        let signers = self.door.get("certificates").await.ok();
        let signer = signers[0]["meta"]["id"].as_str().unwrap();
        let body = json!({
            "name": name, "completeCrlIssuerUrl": complete, "frequency": 60,
            "distributorCertificate": path("certificates", signer),
        });
        self.post("crlDistributorConfigs", body).await;
    }

    async fn delete_distributor(&self, distributor: &str) {
        let place = format!("crlDistributorConfigs/{distributor}");
        self.door
            .call(Method::DELETE, &place, &[], Value::Null)
            .await;
    }
}

/// Waits for a condition.
async fn until(holds: impl Fn() -> bool) {
    let waiting = async {
        while !holds() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), waiting)
        .await
        .unwrap();
}

//! Fetches that somebody has left in the middle.

use std::path::Path;
use std::sync::Arc;

use axum::http::Method;
use sallyport_vault::serve::Vault;
use sallyport_vault::settings::Settings;
use serde_json::{Value, json};
use tokio::sync::{Notify, watch};

use super::server::{ListServer, Reply, head_and, list};
use super::{Ca, Fetched, until};
use crate::http::Door;

#[tokio::test]
async fn a_fetch_that_a_killed_vault_leaves_behind_is_ended_when_it_starts() {
    let mut fetched = Fetched::new().await;
    fetched.server.at("/ca.crl", Reply::Stalled(Vec::new()));
    let (job, id) = (fetched.job(), fetched.id());
    let fetching = tokio::spawn(async move { job.fetch_now(id).await });
    until(|| fetched.server.seen().len() == 1).await;
    let status = fetched.status().await;
    assert!(status["fetching"]["underWaySince"].is_string(), "{status}");
    fetching.abort();
    assert!(fetching.await.unwrap_err().is_cancelled());

    fetched = fetched.closed(async |data| drop(opened(data).await)).await;
    fetched.is_free_and_says_why().await;
}

#[tokio::test]
async fn a_vault_that_stops_ends_its_fetches() {
    let server = ListServer::start().await;
    server.at("/ca.crl", Reply::Stalled(b"HTTP/1.1 200 OK\r\n".to_vec()));
    let url = format!("http://{}/ca.crl", server.address);
    let fetched = Fetched::with(server, Ca::new("partner CA"), &url, None).await;
    let server = Arc::clone(&fetched.server);
    let stopped = async |data: &Path| {
        let (tell, stop) = watch::channel(false);
        let serving = tokio::spawn(opened(data).await.serve(stop));
        until(|| server.seen().len() == 1).await;
        tell.send_replace(true);
        serving.await.unwrap();
    };
    let fetched = fetched.closed(stopped).await;
    fetched.is_free_and_says_why().await;
}

#[tokio::test]
async fn who_has_lists_fetched_and_hangs_up_leaves_no_fetch_without_an_end() {
    let mut fetched = Fetched::new().await;
    let go = Arc::new(Notify::new());
    let crl = head_and("200 OK", "", fetched.ca.crl(2, &[]).der());
    fetched
        .server
        .at("/ca.crl", Reply::Held(Arc::clone(&go), crl));
    fetched.scene.vault.crl_fetching = Arc::new(fetched.job());
    let scene = &fetched.scene;
    let door = Door::open(&scene.vault, scene.group.id).await;
    let place = format!("crlDistributorConfigs/{}/lists/fetch", fetched.distributor);
    let asking = tokio::spawn(async move { door.own(Method::POST, &place, Value::Null).await });
    until(|| fetched.server.seen().len() == 1).await;
    asking.abort();
    assert!(asking.await.is_err());
    go.notify_one();
    fetched.until_free().await;
    assert_eq!(fetched.numbers().await, ["2"]);
}

impl Fetched {
    /// The same after something was done with the data directory that no process had open.
    async fn closed(self, meanwhile: impl AsyncFnOnce(&Path)) -> Self {
        let scene = self.scene.closed(meanwhile).await;
        Self { scene, ..self }
    }

    async fn until_free(&self) {
        let free = async {
            while self.status().await["fetching"]["underWaySince"] != Value::Null {
                tokio::time::sleep(std::time::Duration::from_millis(10)).await;
            }
        };
        tokio::time::timeout(std::time::Duration::from_secs(60), free)
            .await
            .unwrap();
    }

    /// The log has the end of what was begun, and whoever comes next fetches at once.
    async fn is_free_and_says_why(&self) {
        assert_eq!(self.outcomes().await, ["begun ", "failed interrupted"]);
        let fetching = self.status().await["fetching"].clone();
        assert_eq!(
            (
                &fetching["underWaySince"],
                &fetching["complete"]["failures"]
            ),
            (&json!(null), &json!(0))
        );
        self.server.at("/ca.crl", list(self.ca.crl(2, &[]).der()));
        self.job().fetch_due().await.unwrap();
        assert_eq!(self.numbers().await, ["2"]);
    }
}

/// The service itself, which is not served yet.
async fn opened(data: &Path) -> Vault {
    let given = "manager_listen = '127.0.0.1:0'\nprovider_listen = '127.0.0.1:0'\nhealth_listen = 'off'\n\
                 crl_networks = ['127.0.0.0/8']\n";
    let settings = Settings::from_given(toml::from_str(given).unwrap()).unwrap();
    Vault::open(data, &settings).await.unwrap()
}

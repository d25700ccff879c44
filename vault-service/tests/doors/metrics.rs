//! What metrics tell: how things stand, and of whom nothing but ids.

use axum::http::Method;
use sallyport_model::ActorId;
use sallyport_vault::clock;
use sallyport_vault::provider::Gateway;
use serde_json::json;

use crate::scene::{Scene, body};

const BACKEND: &str = "secret://payments/sharedSecrets/backend";

impl Scene {
    /// A shared secret, its id, and a gateway that may read it.
    async fn with_edge() -> (Self, String, ActorId, Gateway) {
        let scene = Self::new().await;
        let id = scene.password("backend", "first").await;
        let (edge, gateway) = scene.vault.gateway("edge").await;
        scene.vault.grant(&scene.group, edge).await;
        (scene, id, edge, gateway)
    }

    /// The lines of a metric, after a look.
    async fn told(&self, metric: &str) -> Vec<String> {
        self.vault.provider.measure(clock::now()).await.unwrap();
        let text = self.vault.provider.metrics().unwrap();
        for name in ["payments", "backend", "edge", "gw"] {
            assert!(!text.contains(name), "{name} is in {text}");
        }
        let lines = text.lines().filter(|line| line.starts_with(metric));
        lines.map(str::to_owned).collect()
    }
}

#[tokio::test]
async fn ends_are_told_by_id_soonest_first_and_how_many_there_are() {
    let scene = Scene::new().await;
    scene.password("never", "x").await;
    let mut ids = Vec::new();
    for (name, date) in [("later", "2031-01-02"), ("soon", "2031-01-01")] {
        let mut dated = body(name, "x");
        dated["expirationDate"] = json!(date);
        let made = scene.door.call(Method::POST, "sharedSecrets", &[], dated);
        ids.push(made.await.created());
    }
    let line = |id: &str, moment| {
        format!(
            "sallyport_secret_expiry_timestamp_seconds{{collection=\"sharedSecrets\",secret=\"{id}\"}} {moment}"
        )
    };
    assert_eq!(
        scene.told("sallyport_secret_expiry_").await,
        [line(&ids[1], 1_924_992_000), line(&ids[0], 1_925_078_400)]
    );
    let in_all = "sallyport_secrets_with_expiry 2";
    assert_eq!(scene.told("sallyport_secrets_with_expiry").await, [in_all]);
    let ca = scene.told("sallyport_internal_ca_expiry_").await.remove(0);
    let (_, end) = ca.rsplit_once(' ').unwrap();
    assert!(end.parse::<i64>().unwrap() > clock::now().0);
}

#[tokio::test]
async fn a_gateway_is_behind_until_it_says_that_it_runs_what_is_in_force() {
    let (scene, id, edge, gateway) = Scene::with_edge().await;
    let ask = async |known| {
        scene
            .vault
            .resolve(&gateway, BACKEND, known, 0)
            .await
            .unwrap()
    };
    let behind = async || {
        let lines = scene.told("sallyport_gateway").await.into_iter();
        let lines: Vec<_> = lines.filter(|line| !line.contains("_expiry_")).collect();
        lines
    };
    let first = ask(None).await;
    ask(Some(&first)).await;
    let counts = |behind| {
        [
            format!("sallyport_gateways_behind {behind}"),
            "sallyport_gateways_reporting 1".to_owned(),
        ]
    };
    assert_eq!(behind().await, counts(0));
    for password in ["second", "third"] {
        scene.replace(&id, "backend", password).await;
    }
    let mut lines = behind().await;
    let line = lines
        .iter()
        .position(|line| line.contains("_versions_behind"));
    assert_eq!(
        lines.remove(line.unwrap()),
        format!("sallyport_gateway_versions_behind{{gateway=\"{edge}\"}} 2")
    );
    assert_eq!(lines, counts(1));
    let third = ask(Some(&first)).await;
    ask(Some(&third)).await;
    assert_eq!(behind().await, counts(0));
    // A gateway that is gone is behind no more, and none of its certificates counts.
    scene.replace(&id, "backend", "fourth").await;
    let (vault, now) = (&scene.vault, clock::now());
    let deleted = vault
        .manager
        .delete_gateway(&vault.administrator, vault.scope, edge, now);
    deleted.await.unwrap();
    assert_eq!(
        scene.told("sallyport_gateway").await,
        [
            "sallyport_gateways_behind 0",
            "sallyport_gateways_reporting 0"
        ]
    );
}

#[tokio::test]
async fn the_certificate_that_a_gateway_runs_with_has_its_end_told() {
    let (scene, _, edge, gateway) = Scene::with_edge().await;
    let first = scene
        .vault
        .resolve(&gateway, BACKEND, None, 0)
        .await
        .unwrap();
    let asked = scene
        .vault
        .resolve(&gateway, BACKEND, Some(&first), 0)
        .await;
    asked.unwrap();
    let end = scene.vault.store.actor(edge).await.unwrap().unwrap();
    let end = end.certificate_not_after.unwrap().0;
    let metric = "sallyport_gateway_certificate_expiry_timestamp_seconds";
    assert_eq!(
        scene.told(metric).await,
        [format!("{metric}{{gateway=\"{edge}\"}} {end}")]
    );
}

#[tokio::test]
async fn calls_are_timed_without_their_wait() {
    let (scene, _, _, gateway) = Scene::with_edge().await;
    let first = scene
        .vault
        .resolve(&gateway, BACKEND, None, 0)
        .await
        .unwrap();
    // Waits for a second, and is answered in less.
    let waited = scene
        .vault
        .resolve(&gateway, BACKEND, Some(&first), 1)
        .await;
    waited.unwrap();
    let count = scene.told("sallyport_resolve_duration_seconds_count").await;
    assert_eq!(count, ["sallyport_resolve_duration_seconds_count 2"]);
    let sum = scene
        .told("sallyport_resolve_duration_seconds_sum")
        .await
        .remove(0);
    let (_, sum) = sum.rsplit_once(' ').unwrap();
    assert!(sum.parse::<f64>().unwrap() < 1.0, "{sum}");
    assert_eq!(
        scene.told("sallyport_store_queue").await,
        ["sallyport_store_queue 0"]
    );
}

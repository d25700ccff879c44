//! Grants that reach kinds of secrets or single ones of a group, at every way out.

use axum::http::{Method, StatusCode};
use futures_util::future::join;
use sallyport_model::{Access, ActorId, DownloadFormat, DownloadRequest};
use sallyport_vault::clock;
use sallyport_vault::provider::{DownloadError, Gateway};
use serde_json::{Value, json};

use crate::scene::{Scene, at};

const BACKEND: &str = "secret://payments/sharedSecrets/backend";
const OTHER: &str = "secret://payments/sharedSecrets/other";
const ABSENT: &str = "secret://payments/sharedSecrets/absent";

impl Scene {
    /// Puts a grant of a gateway, narrowed or not.
    async fn narrow(&self, gateway: ActorId, only: &[&str]) -> Value {
        let body = json!({ "access": ["read"], "only": only });
        let path = format!("grants/{gateway}");
        self.door.own(Method::PUT, &path, body).await.ok()
    }

    /// How a reference is answered: `current`, or the reason of a refusal.
    async fn outcome(&self, gateway: &Gateway, reference: &str) -> String {
        let answer = self
            .vault
            .resolve(gateway, reference, None, 0)
            .await
            .unwrap();
        word(&answer)
    }
}

fn word(answer: &Value) -> String {
    let outcome = answer["outcome"].as_object().unwrap();
    let (word, what) = outcome.iter().next().unwrap();
    what["reason"].as_str().unwrap_or(word).to_owned()
}

#[tokio::test]
async fn a_gateway_gets_the_secrets_that_its_grant_names_and_is_told_nothing_of_others() {
    let scene = Scene::new().await;
    let backend = scene.password("backend", "one").await;
    scene.password("other", "two").await;
    scene.context().await;
    let (edge, gateway) = scene.vault.gateway("edge").await;
    let shown = scene
        .narrow(edge, &["sharedSecrets/backend", "truststores"])
        .await;
    let single = format!("sharedSecrets/{backend}");
    let mut only = vec![json!("truststores"), json!(single)];
    let mut said = shown["only"].as_array().unwrap().clone();
    only.sort_by_key(Value::to_string);
    said.sort_by_key(Value::to_string);
    assert_eq!(said, only);

    let context = "secret://payments/tlsContexts/inbound";
    let by_id = format!("secret://payments/sharedSecrets/{backend}");
    for (reference, word) in [
        (BACKEND, "current"),
        (&by_id, "current"),
        ("secret://payments/truststores/partners", "current"),
        // All of the kind, so that it may know what is not there.
        ("secret://payments/truststores/absent", "not_found"),
        (OTHER, "not_granted"),
        (ABSENT, "not_granted"),
        (context, "not_granted"),
        ("secret://payments/keystores/inbound", "not_granted"),
    ] {
        assert_eq!(
            scene.outcome(&gateway, reference).await,
            word,
            "{reference}"
        );
    }
    let refused = async |reference: &str| {
        let answer = scene
            .vault
            .resolve(&gateway, reference, None, 0)
            .await
            .unwrap();
        answer["outcome"].to_string().replace("absent", "other")
    };
    assert_eq!(refused(OTHER).await, refused(ABSENT).await);
    let log = scene.vault.audit().await;
    let put = log
        .iter()
        .find(|entry| entry.operation == "grant.put")
        .unwrap();
    assert!(
        put.object.contains(" only ") && put.object.contains(&single),
        "{}",
        put.object
    );
}

#[tokio::test]
async fn a_tls_context_brings_what_goes_into_it_but_not_by_names_of_its_own() {
    let scene = Scene::new().await;
    let (truststore, _) = scene.context().await;
    let (edge, gateway) = scene.vault.gateway("edge").await;
    scene.narrow(edge, &["tlsContexts/inbound"]).await;
    let context = "secret://payments/tlsContexts/inbound";
    assert_eq!(scene.outcome(&gateway, context).await, "current");
    let partners = "secret://payments/truststores/partners";
    assert_eq!(scene.outcome(&gateway, partners).await, "not_granted");
    // So it uses the truststore.
    let path = format!("truststores/{truststore}/users");
    let users = scene.door.own(Method::GET, &path, Value::Null).await.ok();
    assert_eq!(users["gateways"][0]["name"], "edge");
}

#[tokio::test]
async fn narrowing_cuts_an_open_watch_and_a_deleted_secret_is_withdrawn_from_its_gateway_only() {
    let scene = Scene::new().await;
    let backend = scene.password("backend", "one").await;
    scene.password("other", "two").await;
    let (edge, gateway) = scene.vault.gateway("edge").await;
    scene.vault.grant(&scene.group, edge).await;
    let known = scene.vault.resolve(&gateway, OTHER, None, 0).await.unwrap();
    let watch = scene.vault.resolve(&gateway, OTHER, Some(&known), 60);
    let (told, _) = join(watch, scene.narrow(edge, &["sharedSecrets/backend"])).await;
    assert_eq!(word(&told.unwrap()), "not_granted");

    let place = at(&backend);
    let gone = scene.door.call(Method::DELETE, &place, &[], Value::Null);
    gone.await.is(StatusCode::NO_CONTENT);
    assert_eq!(scene.outcome(&gateway, BACKEND).await, "withdrawn");
    // The name alone is no grant on what is made under it later.
    scene.password("backend", "three").await;
    assert_eq!(scene.outcome(&gateway, BACKEND).await, "not_granted");
}

#[tokio::test]
async fn files_are_given_out_within_the_grant_only() {
    let scene = Scene::new().await;
    scene.context().await;
    let (edge, gateway) = scene.vault.gateway("edge").await;
    scene.narrow(edge, &["keystores"]).await;
    let request = DownloadRequest {
        scope: None,
        reference: "secret://payments/truststores/partners".to_owned(),
        format: DownloadFormat::Pem,
        passphrase: None,
    };
    let refused = scene
        .vault
        .provider
        .download(&gateway, request, clock::now())
        .await;
    match refused {
        Err(DownloadError::Refused { reason, .. }) => assert_eq!(reason.as_str(), "not_granted"),
        Err(error) => panic!("{error}"),
        Ok(_) => panic!("it was given out"),
    }
}

#[tokio::test]
async fn a_grant_is_narrowed_to_what_is_there_and_for_gateways_only() {
    let scene = Scene::new().await;
    scene.password("backend", "one").await;
    let (edge, _) = scene.vault.gateway("edge").await;
    let (app, _) = scene
        .vault
        .app(&scene.group, "pipeline", &[Access::Read])
        .await;
    let many = vec!["keystores"; 1_001];
    for (actor, only, place) in [
        (edge, json!([]), "/only"),
        (edge, json!(many), "/only"),
        (
            edge,
            json!(["sharedSecrets/backend", "sharedSecrets/absent"]),
            "/only/1",
        ),
        (edge, json!(["everything"]), "/only/0"),
        (edge, json!(["sharedSecrets/"]), "/only/0"),
        (edge, json!(["*"]), "/only/0"),
        (app.id, json!(["keystores"]), "/only"),
    ] {
        let body = json!({ "access": ["read"], "only": only });
        let reply = scene
            .door
            .own(Method::PUT, &format!("grants/{actor}"), body)
            .await;
        let refused = reply.is(StatusCode::BAD_REQUEST).json();
        assert_eq!(refused["pointer"], place, "{refused}");
    }
    // Without limits it is all of the group again.
    scene.narrow(edge, &["keystores"]).await;
    let body = json!({ "access": ["read"] });
    let shown = scene
        .door
        .own(Method::PUT, &format!("grants/{edge}"), body)
        .await
        .ok();
    assert_eq!(shown.get("only"), None);
}

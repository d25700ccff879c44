//! `sign-s3`: a store that verifies signatures, and a client that has none.

use http::Request;
use rcgen::{ExtendedKeyUsagePurpose, SanType};
use sallyport_tests::client::Client;
use sallyport_tests::demo::{Options, Stage};
use sallyport_tests::envoy::Envoy;
use sallyport_tests::store::{AccessKey, Holder, Store, Style, used};
use sallyport_tests::wait::{PATIENCE, until};
use sallyport_tests::{Result, files};
use serde_json::{Value, json};

use super::followed_to_the_end;

/// A gateway that signs for a store, with a key that the store takes.
struct Scene {
    stage: Stage,
    store: Store,
    key: AccessKey,
    gateway: Envoy,
}

impl Scene {
    async fn open(style: Style, holder: Holder) -> Result<Self> {
        let mut stage = Stage::furnish(Options {
            recipe: Some("sign-s3"),
            ..Options::default()
        })
        .await?;
        stage.follow("Rotate").await?;
        let directory = stage.scratch().directory("store")?;
        let store = Store::start(&directory, stage.genuine(), style).await?;
        let ca = stage.pki().join("backend-ca.pem");
        let key = store.key(holder, "backend.test", &ca).await?;
        rotate(&stage, &key, &key.secret).await?;

        // Buckets may have names of their own below that of the gateway.
        let names = ["gateway.test", "*.gateway.test"].map(|name| name.try_into().unwrap());
        let listener = stage.gateway_ca().client_as("gateway", |parameters| {
            parameters.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
            parameters.subject_alt_names = names.map(SanType::DnsName).to_vec();
        })?;
        let listener = listener.write_to(&directory, "gateway")?;
        let path = |path: std::path::PathBuf| path.to_string_lossy().into_owned();
        let recipe = files::read(&recipe())?;
        let configuration = stage.fill(
            &recipe,
            &[
                ("BACKEND_PORT", store.address().port().to_string()),
                ("GATEWAY_CERTIFICATE", path(listener.chain)),
                ("GATEWAY_KEY", path(listener.key)),
            ],
        )?;
        let gateway = Envoy::start(&stage.scratch().directory("envoy")?, &configuration).await?;
        Ok(Self {
            stage,
            store,
            key,
            gateway,
        })
    }

    /// What a client without credentials comes to.
    async fn used(&self, style: Style) -> Result<Value> {
        let ca = self.stage.pki().join("gateway-ca.pem");
        used(style, "gateway.test", self.gateway.listener(), &ca).await
    }

    /// That the store answers a request like this, sooner or later.
    async fn refuses(&self, code: &str) -> Result<()> {
        let client = self.stage.client(None)?;
        until("a refusal of the store", PATIENCE, async || {
            let list = "/orders-2026?list-type=2";
            let reply = client.get(self.gateway.listener(), list).await?;
            let refused = !reply.status.is_success() && reply.body.contains(code);
            Ok(refused.then_some(()))
        })
        .await
    }
}

/// Stores that key, with that secret.
async fn rotate(stage: &Stage, key: &AccessKey, secret: &str) -> Result<()> {
    let file = stage.pki().join("session.token");
    let file = file.to_string_lossy();
    let id = ["--access-key-id", &key.id];
    let words = ["secret", "rotate", "store", "--group", "payments"];
    let mut words = [&words[..], &id, &["--secret-access-key-file", "-"]].concat();
    if let Some(token) = &key.token {
        files::write(file.as_ref().as_ref(), token)?;
        words.extend(["--session-token-file", &file]);
    }
    stage.cli.told(&words, secret).await?;
    Ok(())
}

fn everything() -> Value {
    json!({"got": [true, true, true, true, true], "listed": ["with space/and+plus"], "left": 0})
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_without_credentials_uses_a_store_that_verifies_signatures() -> Result<()> {
    let scene = Scene::open(Style::Path, Holder::User).await?;
    assert_eq!(scene.used(Style::Path).await?, everything());

    let client = scene.stage.client(None)?;
    let listener = scene.gateway.listener();
    for target in ["/orders-2026/plain?X-Amz-Signature=abc", "/orders-2026/%zz"] {
        let reply = client.get(listener, target).await?;
        assert_eq!(reply.verdict(), (400, "request_malformed"), "{target}");
    }
    let long = Request::builder().method("PUT").uri("/orders-2026/long");
    let reply = client
        .send(listener, long.body(vec![b'x'; 1_000_001])?)
        .await?;
    assert_eq!(reply.status, 413);

    // With a wrong key the store refuses: it does verify.
    rotate(&scene.stage, &scene.key, "not-the-secret").await?;
    scene.refuses("SignatureDoesNotMatch").await?;
    let log = files::read(scene.gateway.log())?;
    assert!(
        !log.contains(&scene.key.secret),
        "a secret is in Envoy's log"
    );
    followed_to_the_end(&scene.stage);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bucket_may_stand_in_the_name_of_the_host() -> Result<()> {
    let scene = Scene::open(Style::Virtual, Holder::User).await?;
    assert_eq!(scene.used(Style::Virtual).await?, everything());
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn temporary_credentials_are_used_with_their_token_and_not_without() -> Result<()> {
    let scene = Scene::open(Style::Path, Holder::Role).await?;
    let token = scene.key.token.clone().unwrap();
    assert_eq!(scene.used(Style::Path).await?, everything());

    let stolen = |token: Option<&str>| AccessKey {
        token: token.map(str::to_owned),
        ..scene.key.clone()
    };
    for (key, code) in [
        (stolen(Some("another-token")), "InvalidToken"),
        (stolen(None), "InvalidAccessKeyId"),
    ] {
        rotate(&scene.stage, &key, &key.secret).await?;
        scene.refuses(code).await?;
    }
    let log = files::read(scene.gateway.log())?;
    assert!(!log.contains(&token), "a token is in Envoy's log");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_store_refuses_bodies_that_are_not_those_that_were_signed() -> Result<()> {
    let scene = Scene::open(Style::Path, Holder::User).await?;
    let store = Client::new(
        &scene.stage.backend_ca().certificate(),
        "backend.test",
        None,
    )?;
    let hash = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824";
    for (body, mismatch) in [("hello", false), ("Hello", true)] {
        let put = Request::builder().method("PUT").uri("/orders-2026/plain");
        let put = put.header("x-amz-content-sha256", hash).body(body)?;
        let reply = store.send(scene.store.address(), put).await?;
        let said = reply.body.contains("XAmzContentSHA256Mismatch");
        assert_eq!(said, mismatch, "{body}: {}", reply.body);
    }
    Ok(())
}

fn recipe() -> std::path::PathBuf {
    sallyport_tests::program::repository().join("envoy/recipes/sign-s3/envoy.yaml")
}

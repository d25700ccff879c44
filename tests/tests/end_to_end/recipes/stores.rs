//! `sign-s3`: a store that verifies signatures, and a client that has none.

use http::Request;
use sallyport_tests::demo::{Options, Stage};
use sallyport_tests::envoy::Envoy;
use sallyport_tests::store::{Store, used};
use sallyport_tests::wait::{PATIENCE, until};
use sallyport_tests::{Result, files};
use serde_json::json;

use super::followed_to_the_end;

#[tokio::test(flavor = "multi_thread")]
async fn a_client_without_credentials_uses_a_store_that_verifies_signatures() -> Result<()> {
    let mut stage = Stage::furnish(Options {
        recipe: Some("sign-s3"),
        ..Options::default()
    })
    .await?;
    stage.follow("Rotate").await?;
    let store = Store::start(&stage.scratch().directory("store")?, stage.genuine()).await?;
    let key = store
        .user("backend.test", &stage.pki().join("backend-ca.pem"))
        .await?;
    let rotate = [
        "secret",
        "rotate",
        "store",
        "--group",
        "payments",
        "--access-key-id",
        &key.id,
        "--secret-access-key-file",
        "-",
    ];
    stage.cli.told(&rotate, &key.secret).await?;

    let port = store.address().port().to_string();
    let configuration = stage.fill(&files::read(&recipe())?, &[("BACKEND_PORT", port)])?;
    let gateway = Envoy::start(&stage.scratch().directory("envoy")?, &configuration).await?;
    let came = used(
        "gateway.test",
        gateway.listener(),
        &stage.pki().join("gateway-ca.pem"),
    )
    .await?;
    let expected = json!({"got": [true, true, true, true, true], "listed": ["with space/and+plus"], "left": 0});
    assert_eq!(came, expected);

    let client = stage.client(None)?;
    for target in ["/orders-2026/plain?X-Amz-Signature=abc", "/orders-2026/%zz"] {
        let reply = client.get(gateway.listener(), target).await?;
        assert_eq!(reply.verdict(), (400, "request_malformed"), "{target}");
    }
    let long = Request::builder().method("PUT").uri("/orders-2026/long");
    let reply = client
        .send(gateway.listener(), long.body(vec![b'x'; 1_000_001])?)
        .await?;
    assert_eq!(reply.status, 413);

    // With a wrong key the store refuses: it does verify.
    stage.cli.told(&rotate, "not-the-secret").await?;
    until("a refusal of the store", PATIENCE, async || {
        let reply = client
            .get(gateway.listener(), "/orders-2026?list-type=2")
            .await?;
        Ok((reply.status == 403 && reply.body.contains("SignatureDoesNotMatch")).then_some(()))
    })
    .await?;
    let log = files::read(gateway.log())?;
    assert!(!log.contains(&key.secret), "a secret is in Envoy's log");
    followed_to_the_end(&stage);
    Ok(())
}

fn recipe() -> std::path::PathBuf {
    sallyport_tests::program::repository().join("envoy/recipes/sign-s3/envoy.yaml")
}

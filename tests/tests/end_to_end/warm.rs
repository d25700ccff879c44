//! What a request on an open connection costs once everything is known.

use http::StatusCode;
use sallyport_tests::Result;
use sallyport_tests::demo::{Options, Stage};

#[tokio::test(flavor = "multi_thread")]
async fn requests_on_a_known_connection_verify_nothing() -> Result<()> {
    const REQUESTS: u64 = 50;
    let mut stage = Stage::open(Options::default()).await?;
    let client = stage.client(Some(&stage.clients.partner))?;
    let mut connection = client.connect(stage.gateway()?.listener()).await?;
    assert_eq!(connection.get("/first").await?.status, StatusCode::OK);

    let gateway = stage.gateway()?;
    let stat = |name: &'static str| format!("wasmcustom.sallyport.{name}");
    let verified = [stat("downstream.verified"), stat("upstream.verified")];
    let known = stat("downstream.known.connection");
    let mut before = Vec::new();
    for name in verified.iter().chain([&known]) {
        before.push(gateway.stat(name).await?);
    }
    for _ in 0..REQUESTS {
        assert_eq!(connection.get("/again").await?.status, StatusCode::OK);
    }
    for (name, before) in verified.iter().zip(&before) {
        assert_eq!(gateway.stat(name).await?, *before, "{name}");
    }
    gateway.stat_becomes(&known, before[2] + REQUESTS).await
}

//! `per-route-mtls`: APIs with clients of their own behind one listener.

use sallyport_tests::Result;

use super::{followed_to_the_end, gateway, gets};

#[tokio::test(flavor = "multi_thread")]
async fn each_api_behind_a_port_has_clients_of_its_own() -> Result<()> {
    let mut stage = gateway("per-route-mtls").await?;
    let clients = stage.clients.clone();
    let (partner, colleague) = (Some(&clients.partner), Some(&clients.colleague));
    let refused = |reason| (403, reason);
    for (client, path, verdict) in [
        (partner, "/partners/orders", (200, "")),
        (
            Some(&clients.unpinned),
            "/partners/orders",
            refused("pin_mismatch"),
        ),
        (colleague, "/partners/orders", refused("unknown_issuer")),
        (None, "/partners/orders", refused("certificate_missing")),
        (colleague, "/ledger", (200, "")),
        (partner, "/ledger", refused("unknown_issuer")),
        (None, "/ledger", refused("certificate_missing")),
        (None, "/public/prices", (200, "")),
        (partner, "/public/prices", (200, "")),
    ] {
        gets(&mut stage, client, path, verdict).await?;
    }
    followed_to_the_end(&stage);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn no_spelling_of_a_path_leads_around_the_policy_of_its_api() -> Result<()> {
    let mut stage = gateway("per-route-mtls").await?;
    for path in [
        "/public-admin",
        "/publicledger",
        "/public/../ledger",
        "/public/./../ledger",
        "//public/../ledger",
        "/public/%2e%2e/ledger",
        "/public/%2E./ledger",
        "/public/..;/../ledger",
        "/PUBLIC/prices",
    ] {
        gets(&mut stage, None, path, (403, "certificate_missing")).await?;
    }
    for path in ["/public%2f..%2fledger", "/public/..%5cledger"] {
        gets(&mut stage, None, path, (400, "")).await?;
    }
    assert!(stage.backend.requests().is_empty());
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_is_good_for_one_api_is_refused_at_another() -> Result<()> {
    let mut stage = gateway("per-route-mtls").await?;
    let client = stage.client(Some(&stage.clients.partner))?;
    let mut connection = client.connect(stage.gateway()?.listener()).await?;
    for _ in 0..3 {
        assert_eq!(
            connection.get("/partners/orders").await?.verdict(),
            (200, "")
        );
        let elsewhere = connection.get("/ledger").await?;
        assert_eq!(elsewhere.verdict(), (403, "unknown_issuer"));
        assert_eq!(connection.get("/public/prices").await?.verdict(), (200, ""));
    }
    Ok(())
}

//! `pin-upstream`, `inject-credentials`: which server gets a request, and a credential.

use sallyport_tests::Result;
use sallyport_tests::client::get;
use sallyport_tests::demo::{USERNAME, basic};
use sallyport_tests::pki::Authority;

use super::{followed_to_the_end, gateway, gets, sends_the_next_password};

#[tokio::test(flavor = "multi_thread")]
async fn only_servers_with_a_pinned_key_get_requests() -> Result<()> {
    let mut stage = gateway("pin-upstream").await?;
    gets(&mut stage, None, "/", (200, "")).await?;
    gets(&mut stage, None, "/impostor", (502, "pin_mismatch")).await?;
    stage.impostor.reached().await?;
    assert_eq!(stage.impostor.received_bytes(), 0);

    let listener = stage.gateway()?.listener();
    let mut connection = stage.client(None)?.connect(listener).await?;
    stage.follow("Announce the next key").await?;
    connection.ends_with("/impostor", (200, "")).await?;
    connection.ends_with("/", (200, "")).await?;
    stage.follow("Drop the old key").await?;
    connection.ends_with("/", (502, "pin_mismatch")).await?;
    connection.ends_with("/impostor", (200, "")).await?;
    followed_to_the_end(&stage);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_envoy_does_not_trust_gets_no_connection() -> Result<()> {
    let mut stage = gateway("pin-upstream").await?;
    let stranger = Authority::root("Rogue CA")?.server("backend.test")?;
    stage.backend.present(&stranger)?;
    gets(&mut stage, None, "/", (503, "")).await?;
    assert_eq!(stage.backend.received_bytes(), 0);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_pinned_server_gets_the_credential_and_no_other_does() -> Result<()> {
    let mut stage = gateway("inject-credentials").await?;
    gets(&mut stage, None, "/impostor", (502, "pin_mismatch")).await?;
    assert_eq!(stage.impostor.received_bytes(), 0);

    let listener = stage.gateway()?.listener();
    let mut connection = stage.client(None)?.connect(listener).await?;
    let mut request = get("/")?;
    for name in ["authorization", "x-api-key"] {
        let forged = "forged".parse().map_err(http::Error::from)?;
        request.headers_mut().insert(name, forged);
    }
    assert_eq!(connection.send(request).await?.verdict(), (200, ""));
    let seen = stage.backend.last_request().unwrap();
    for (name, value) in [
        ("authorization", basic(USERNAME, stage.password())),
        ("x-api-key", format!("key {}", stage.password())),
    ] {
        let sent: Vec<_> = seen.headers.get_all(name).iter().collect();
        assert_eq!(sent, [value.as_str()], "{name}");
    }

    stage.follow("Rotate").await?;
    sends_the_next_password(&stage, &mut connection).await?;
    followed_to_the_end(&stage);
    Ok(())
}
